import { expect, it } from 'vitest';
import { choose, propose, type RpnOutput } from '../src/index.ts';
import { random } from './support/random.ts';

const settings = { perLevel: 2000, threshold: 0.7, max: 1000, clip: { width: 64, height: 48 } };

/** A level whose anchors all say the same and do not move. */
function level(stride: number, height: number, width: number, logit: number): RpnOutput {
  return {
    stride,
    height,
    width,
    logits: new Float32Array(3 * height * width).fill(logit),
    deltas: new Float32Array(12 * height * width),
  };
}

it('proposes the best anchors of every level, clipped to the picture', () => {
  const fine = level(4, 12, 16, -2);
  fine.logits[1 * 12 * 16 + (5 * 16 + 7)] = 3; // the square anchor of cell x = 7, y = 5
  const { boxes, scores } = propose([fine, level(8, 6, 8, -1)], { ...settings, max: 2 });
  expect([...boxes.subarray(0, 4)]).toEqual([28 - 16, 20 - 16, 28 + 16, 20 + 16]);
  expect(Array.from(scores, (score) => score.toFixed(4))).toEqual(['0.9526', '0.2689']);
  expect(boxes[4]).toBe(0); // the first anchor of the coarser level, which starts left of the picture
});

it('takes the first of equal scores, and only so many of a level', () => {
  const one = propose([level(4, 12, 16, 0)], { ...settings, perLevel: 1 });
  expect(Array.from(one.boxes, (side) => side.toFixed(2))).toEqual(['0.00', '0.00', '22.63', '11.31']);
});

it('drops boxes that clipping left without width or height', () => {
  const below = level(4, 12, 16, 0); // its last rows of anchors lie below a picture of 8 rows
  const { boxes } = propose([below], { ...settings, threshold: 1, clip: { width: 64, height: 8 } });
  expect(boxes.length / 4).toBeLessThan(3 * 12 * 16);
  for (let i = 0; i < boxes.length; i += 4) expect(boxes[i + 3]! - boxes[i + 1]!).toBeGreaterThan(0);
});

it('proposes nothing where nothing has an area', () => {
  const flat = level(4, 1, 1, 0);
  flat.deltas.fill(-1000, 0, 4); // far to the left
  expect(propose([flat], { ...settings, clip: { width: 0, height: 0 } }).scores).toEqual(new Float32Array(0));
});

it('chooses pairs of regions and classes, never the columns behind the classes, and never NaN', () => {
  const boxes = new Float32Array([0, 0, 10, 10, 0, 0, 10, 9, 30, 30, 40, 40]);
  const scores = new Float32Array([0.5, 0.4, 0.9, 0.6, 0.1, 0.9, Number.NaN, Number.NaN, Number.NaN]);
  const all = choose(boxes, scores, 3, 2, { score: 0.01, nms: 0.5, max: 100 });
  expect([[...all.rois], [...all.classes]]).toEqual([
    [1, 0],
    [0, 1],
  ]);
  const agnostic = choose(boxes, scores, 3, 2, { score: 0.01, nms: 0.5, max: 100, classAgnostic: true });
  expect([...agnostic.rois]).toEqual([1]);
  const limits = choose(boxes, scores, 3, 2, { score: new Float32Array([0.7, 0.1]), nms: 0.95, max: 100 });
  expect([[...limits.rois], [...limits.classes]]).toEqual([[0], [1]]);
});

it('stops at the limit with the same result as without one, at the size of LVIS', () => {
  const next = random(5);
  const boxes = new Float32Array(4 * 200);
  for (let i = 0; i < 200; i++) boxes.set([next() * 50, next() * 50, 50 + next() * 50, 50 + next() * 50], 4 * i);
  const scores = Float32Array.from({ length: 200 * 1204 }, () => next() ** 8);
  const options = { score: 0.0001, nms: 0.5, max: 300 };
  const whole = choose(boxes, scores, 1204, 1203, { ...options, max: Infinity });
  const first = choose(boxes, scores, 1204, 1203, options);
  expect([...first.rois]).toEqual([...whole.rois.subarray(0, 300)]);
  expect([...first.classes]).toEqual([...whole.classes.subarray(0, 300)]);
});

it('chooses the same with boxes moved in float32 where a few classes move them', () => {
  const next = random(6);
  const boxes = new Float32Array(4 * 100);
  for (let i = 0; i < 100; i++) boxes.set([next() * 50, next() * 50, 50 + next() * 50, 50 + next() * 50], 4 * i);
  const scores = Float32Array.from({ length: 100 * 5 }, () => next());
  const options = { score: 0.1, nms: 0.5, max: 50 };
  expect(choose(boxes, scores, 5, 4, { ...options, shifted: true })).toEqual(choose(boxes, scores, 5, 4, options));
});
