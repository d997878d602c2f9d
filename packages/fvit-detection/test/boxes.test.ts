import { describe, expect, it } from 'vitest';
import {
  BOX_DEVIATIONS,
  decodeBoxes,
  descendingOrder,
  encodeBoxes,
  iouMatrix,
  levelAnchors,
  nms,
  roiLevels,
  RPN_DEVIATIONS,
  shiftedNms,
} from '../src/index.ts';
import { random, randomBoxes } from './support/random.ts';

const rounded = (values: Float32Array, digits = 4): number[] => Array.from(values, (value) => Number(value.toFixed(digits)));
const boxes = (...rows: number[][]): Float32Array => Float32Array.from(rows.flat());

it('orders numbers as a stable sort does, with signs, zeros, infinities and ties', () => {
  const next = random(1);
  for (const count of [0, 1, 2, 100, 5000]) {
    const scores = Float32Array.from({ length: count }, () => Math.round((next() - 0.5) * 200) / 10 ** Math.floor(next() * 4));
    scores.set([-0, 0, Infinity, -Infinity, 1e-45, -1e-45].slice(0, count));
    const expected = [...scores.keys()].toSorted((a, b) => (scores[b] === scores[a] ? a - b : scores[b]! > scores[a]! ? 1 : -1));
    expect([...descendingOrder(scores)]).toEqual(expected);
  }
});

describe('anchors', () => {
  it('are 200,508 over the five levels of an 896 canvas', () => {
    const counts = [4, 8, 16, 32, 64].map((stride) => levelAnchors({ stride, height: 896 / stride, width: 896 / stride }).length / 4);
    expect(counts.reduce((a, b) => a + b)).toBe(200_508);
  });

  it('lie around the corners of cells, rows first, wide ones first', () => {
    const anchors = levelAnchors({ stride: 4, height: 2, width: 3 });
    expect(rounded(anchors.subarray(0, 4))).toEqual([-22.6274, -11.3137, 22.6274, 11.3137]);
    const square = 3 * (1 * 3 + 2) + 1; // of cell x = 2, y = 1
    expect([...anchors.subarray(4 * square, 4 * square + 4)]).toEqual([8 - 16, 4 - 16, 8 + 16, 4 + 16]);
  });
});

describe('delta coder', () => {
  // The reference's values: F-ViT's configurations run through mmdetection 2.25.3.
  it('decodes and clips', () => {
    const decoded = decodeBoxes(boxes([100, 100, 200, 180]), boxes([0.5, -1, 1, -0.5]), BOX_DEVIATIONS, { width: 896, height: 672 });
    expect(rounded(decoded)).toEqual([93.9299, 95.8065, 216.0701, 168.1935]);
    const anchor = boxes([-22.627417, -11.313708, 22.627417, 11.313708]);
    const clipped = decodeBoxes(anchor, boxes([0.3, 0.2, 6, 0.1]), RPN_DEVIATIONS, { width: 896, height: 672 });
    expect(rounded(clipped)).toEqual([0, 0, 896, 17.0291]);
  });

  it('encodes what it decodes', () => {
    const references = randomBoxes(random(2), 100, 500).filter((_, i) => Math.floor(i / 4) % 17 !== 0);
    const next = random(3);
    const deltas = references.map(() => 2 * next() - 1);
    const back = encodeBoxes(references, decodeBoxes(references, deltas, BOX_DEVIATIONS), BOX_DEVIATIONS);
    const worst = back.reduce((most, value, i) => Math.max(most, Math.abs(value - deltas[i]!)), 0);
    expect(worst).toBeLessThan(1e-3);
  });
});

it('reads boxes from the level of their size', () => {
  const rois = boxes(
    [0, 0, 30, 30],
    [0, 0, 111.9, 112],
    [0, 0, 112, 112],
    [0, 0, 224, 224],
    [0, 0, 300, 170],
    [0, 0, 448, 448],
    [5, 5, 5, 5],
  );
  expect([...roiLevels(rois, 4)]).toEqual([0, 0, 1, 2, 2, 3, 0]);
});

describe('non-maximum suppression', () => {
  it('keeps what overlaps exactly as much as allowed, twins without an area, and the first of equal scores', () => {
    const set = boxes([0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 5.001], [50, 50, 50, 50], [50, 50, 50, 50], [0, 0, 10, 10]);
    expect([...nms(set, new Float32Array([0.9, 0.8, 0.8, 0.6, 0.6, 0.9]), { threshold: 0.5 })]).toEqual([0, 1, 3, 4]);
  });

  it('by groups and with a limit gives what suppressing each group alone, merging and cutting gives', () => {
    const next = random(4);
    for (const [count, groupCount] of [
      [40, 3],
      [400, 7],
      [2000, 50],
    ] as const) {
      const set = randomBoxes(next, count, 100);
      const scores = Float32Array.from({ length: count }, () => Math.round(next() * 50) / 50);
      const groups = Uint32Array.from({ length: count }, () => Math.floor(next() * groupCount));
      const overlaps = iouMatrix(set, set);
      const plain = [...Array(groupCount).keys()]
        .flatMap((group) =>
          plainNms(
            overlaps,
            scores,
            [...groups.keys()].filter((i) => groups[i] === group),
            0.4,
          ),
        )
        .toSorted((a, b) => scores[b]! - scores[a]! || a - b);
      expect([...nms(set, scores, { threshold: 0.4, groups })]).toEqual(plain);
      expect([...nms(set, scores, { threshold: 0.4, groups, max: 25 })]).toEqual(plain.slice(0, 25));
      expect([...shiftedNms(set, scores, { threshold: 0.4, groups, max: 25 })]).toEqual(plain.slice(0, 25));
    }
  });

  it('in float32 with moved boxes loses digits with the number of groups, as the original does', () => {
    const set = boxes([0.03, 0, 1000.03, 10], [0.03, 0, 500.04, 10]);
    const scores = new Float32Array([0.9, 0.8]);
    const options = { threshold: 0.5000001, groups: new Uint32Array([1202, 1202]) };
    expect([...nms(set, scores, options)]).toEqual([0]); // IoU 0.50001
    expect([...shiftedNms(set, scores, options)]).toEqual([0, 1]); // coordinates are multiples of 1/8 out there: IoU 0.5
  });
});

/** The definition, with the boxes of one group. `overlaps`: of all boxes with all. */
function plainNms(overlaps: Float32Array, scores: Float32Array, members: number[], threshold: number): number[] {
  const kept: number[] = [];
  for (const i of members.toSorted((a, b) => scores[b]! - scores[a]! || a - b)) {
    if (kept.every((k) => !(overlaps[k * scores.length + i]! > threshold))) kept.push(i);
  }
  return kept;
}
