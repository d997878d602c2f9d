import { expect, it } from 'vitest';
import { decodeBoxes, RPN_DEVIATIONS } from '../../src/boxes/delta-coder.ts';
import { allAnchors, anchorTargetFeeds, anchorTargets } from '../../src/train/anchor-targets.ts';
import { assignBoxes, IGNORED, NEGATIVE } from '../../src/train/assign.ts';
import { maskTarget } from '../../src/train/mask-targets.ts';
import { randomStream } from '@vitamin-vlm/training';
import { regionTargetFeeds, regionTargets } from '../../src/train/region-targets.ts';
import { sampleBoxes, takeAtRandom, takeEvenly } from '../../src/train/sample.ts';
import { trainingRules } from '../../src/train/settings.ts';
import { pyramidLevels } from '../../src/train/training-graphs.ts';

const canvas = { width: 96, height: 64 };
const levels = pyramidLevels(canvas);
const anchors = allAnchors(levels);
const truth = new Float32Array([10, 12, 44, 40, 50, 5, 90, 60]);
const shape = { pictures: 2, canvas, regions: 40, maskRegions: 8 };

it('assigns by overlap; a true box without a good anchor takes its best ones', () => {
  const boxes = new Float32Array([0, 0, 10, 10, 0, 0, 10, 6, 0, 0, 10, 4, 40, 40, 50, 50]);
  const rules = { positive: 0.95, negative: 0.5 };
  expect([...assignBoxes(boxes, new Float32Array([0, 0, 10, 9]), rules).places]).toEqual([IGNORED, IGNORED, NEGATIVE, NEGATIVE]);
  const { places, overlaps } = assignBoxes(boxes, new Float32Array([0, 0, 10, 9]), { ...rules, lowQuality: 0.5 });
  expect([...places]).toEqual([0, IGNORED, NEGATIVE, NEGATIVE]);
  expect(overlaps[0]).toBeCloseTo(0.9, 6);
  expect([...assignBoxes(boxes, new Float32Array(), { ...rules, lowQuality: 0.5 }).places]).toEqual([-1, -1, -1, -1]);
});

it('of two true boxes with the same best anchor the later one has it', () => {
  const twice = new Float32Array([0, 0, 10, 8, 0, 0, 8, 10]);
  expect([...assignBoxes(new Float32Array([0, 0, 10, 10]), twice, { positive: 0.9, negative: 0.3, lowQuality: 0.3 }).places]).toEqual([1]);
});

it('samples positives up to their share, and fills up with negatives', () => {
  const places = Int32Array.from({ length: 100 }, (_, i) => (i < 20 ? i % 3 : i < 30 ? IGNORED : NEGATIVE));
  const { positives, negatives } = sampleBoxes(places, { count: 20, positiveShare: 0.25 }, takeEvenly);
  expect([...positives]).toEqual([0, 4, 8, 12, 16]);
  expect(negatives).toHaveLength(15);
  const few = sampleBoxes(places, { count: 64, positiveShare: 0.5 }, takeAtRandom(randomStream(1, 1)));
  expect([few.positives.length, few.negatives.length]).toEqual([20, 44]);
  expect([...few.negatives]).toEqual([...new Set(few.negatives)].toSorted((a, b) => a - b));
  expect(few.negatives.every((place) => places[place] === NEGATIVE)).toBe(true);
});

it('chance favors nobody, and is the same for the same step', () => {
  const counts = new Float64Array(10);
  for (let step = 0; step < 4000; step++) {
    for (const place of takeAtRandom(randomStream(7, step))(Int32Array.from(counts.keys()), 3)) counts[place]! += 1;
  }
  for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(150); // five deviations
  const draw = (): number[] => [...takeAtRandom(randomStream(7, 5))(Int32Array.from(counts.keys()), 3)];
  expect(draw()).toEqual(draw());
});

it('anchors: feeds in the layout of the maps lead back to the true boxes', () => {
  const targets = [truth, new Float32Array()].map((boxes) => anchorTargets(anchors, boxes, trainingRules['ov-coco'].anchors, takeEvenly));
  const feeds = anchorTargetFeeds(levels, targets);
  const total = targets.reduce((sum, { sample }) => sum + Math.max(sample.positives.length, 1) + sample.negatives.length, 0);
  let [counted, positives, first] = [0, 0, 0];
  for (const [l, { height, width }] of levels.entries()) {
    const cells = height * width;
    const [objects, weights, moves] = ['objects', 'counted', 'moves'].map((name) => feeds[`${name}${l}`]!.data);
    counted += weights!.filter((weight) => weight > 0).length;
    for (let n = 0; n < 2; n++) {
      for (let a = 0; a < 3; a++) {
        for (let cell = 0; cell < cells; cell++) {
          const plane = n * 3 + a;
          if (objects![plane * cells + cell] !== 1) continue;
          positives++;
          expect(n).toBe(0);
          const place = first + cell * 3 + a;
          const deltas = Float32Array.from([0, 1, 2, 3], (k) => moves![(4 * plane + k) * cells + cell]!);
          const box = decodeBoxes(anchors.slice(4 * place, 4 * place + 4), deltas, RPN_DEVIATIONS);
          const own = targets[0]!.places[place]!;
          for (let k = 0; k < 4; k++) expect(box[k]).toBeCloseTo(truth[4 * own + k]!, 3);
        }
      }
    }
    first += cells * 3;
  }
  expect(positives).toBe(targets[0]!.sample.positives.length);
  expect(counted).toBe(total - 1); // the picture without true boxes counts one positive that is not there
});

it('regions: true boxes stand for themselves; a short batch is filled up without a part in the losses', () => {
  const proposals = new Float32Array([11, 13, 44, 40, 0, 0, 20, 20, 60, 50, 70, 60]);
  const one = regionTargets(proposals, { boxes: truth, classes: Int32Array.of(4, 2) }, trainingRules['ov-coco'].regions, takeEvenly);
  expect([...one.sample.positives]).toEqual([0, 1, 2]);
  expect([...one.classes]).toEqual([4, 2, 4]);
  expect([...one.deltas.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  const none = regionTargets(
    proposals,
    { boxes: new Float32Array(), classes: new Int32Array() },
    trainingRules['ov-coco'].regions,
    takeEvenly,
  );
  const feeds = regionTargetFeeds([one, none], 9, shape);
  const classes = [...(feeds['classes']!.data as BigInt64Array)].map(Number);
  expect(classes.slice(0, 8)).toEqual([4, 2, 4, 9, 9, 9, 9, 9]);
  expect(classes.slice(8)).toEqual(Array(32).fill(-1));
  expect([...(feeds['regionMoved']!.data as Float32Array)].filter((weight) => weight > 0)).toHaveLength(3);
  expect(feeds['share']!.data[0]).toBeCloseTo(1 / 8, 6);
  expect([...(feeds['regionsPictures']!.data as BigInt64Array)].slice(0, 16).map(Number)).toEqual([
    0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1,
  ]);
  expect(() => regionTargetFeeds([one, none], 9, { ...shape, regions: 7 })).toThrow('Expected 1 to 7 regions');
});

it('a mask target is the mask inside its region, half a cell decides', () => {
  const data = Uint8Array.from({ length: 56 * 56 }, (_, i) => Number(i % 56 < 28));
  const target = maskTarget({ width: 56, height: 56, data }, [14, 0, 42, 28]);
  expect(target.reduce((sum, value) => sum + value, 0)).toBe(28 * 14);
  expect([target[13], target[14]]).toEqual([1, 0]);
});
