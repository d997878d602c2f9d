import { expect, it } from 'vitest';
import type { Dataset, Result } from '../src/coco/types.ts';
import { crossClassImages } from '../src/cross-class/images.ts';
import { tide } from '../src/tide/tide.ts';
import type { TideResult } from '../src/tide/tide.ts';
import { hasData, readJson, whyNot } from './shared.ts';

interface Golden {
  AP50: number;
  main_dAP: Record<string, number>;
  special_dAP: Record<string, number>;
  counts: Record<string, number>;
  gt: string;
  dt: string;
}

function expectEqual(found: TideResult, golden: Omit<Golden, 'gt' | 'dt'>): void {
  // tidecv counts in percent.
  expect(found.ap).toBeCloseTo(golden.AP50 / 100, 12);
  for (const [type, gain] of Object.entries(golden.main_dAP)) expect(found.main[type as 'Cls']).toBeCloseTo(gain / 100, 12);
  for (const [type, gain] of Object.entries(golden.special_dAP)) expect(found.special[type as 'FalsePos']).toBeCloseTo(gain / 100, 12);
  expect(found.counts).toEqual(golden.counts);
}

it.skipIf(!hasData).each(['bbox', 'mask'])(`equals tidecv on real annotations: %s${whyNot}`, (mode) => {
  const golden = (readJson('golden/expected_tide.json') as Record<string, Golden>)[mode]!;
  const images = crossClassImages(readJson(golden.gt) as Dataset, readJson(golden.dt) as Result[], {
    iouType: mode === 'mask' ? 'segm' : 'bbox',
  });
  expectEqual(tide(images), golden);
});

const boxes: [image: number, category: number, bbox: number[], crowd?: number][] = [
  [1, 1, [0, 0, 40, 40]],
  [1, 2, [50, 0, 40, 40]],
  [1, 1, [0, 60, 30, 30]],
  [1, 3, [60, 60, 30, 30]],
  [1, 1, [40, 40, 20, 60], 1],
  [2, 2, [10, 10, 50, 50]],
  [2, 3, [70, 70, 20, 20]],
  [3, 1, [5, 5, 10, 10]],
];
const found: [image: number, category: number, bbox: number[], score: number][] = [
  [1, 1, [0, 0, 38, 40], 0.9],
  [1, 1, [2, 2, 38, 38], 0.9],
  [1, 3, [50, 0, 40, 38], 0.8],
  [1, 1, [0, 70, 30, 30], 0.7],
  [1, 2, [0, 62, 30, 30], 0.75],
  [1, 1, [42, 45, 15, 40], 0.6],
  [1, 2, [2, 0, 90, 20], 0.5],
  [1, 3, [62, 62, 28, 28], 0.5],
  [2, 2, [10, 10, 45, 50], 0.5],
  [2, 2, [15, 15, 80, 80], 0.95],
  [2, 1, [80, 0, 15, 15], 0.5],
  [2, 3, [60, 60, 30, 30], 0.9],
  [4, 1, [1, 1, 10, 10], 0.85],
  [2, 9, [1, 80, 10, 10], 0.4],
  [3, 2, [9, 5, 10, 10], 0.6],
];
const dataset: Dataset = {
  images: [1, 2, 3, 4].map((id) => ({ id })),
  categories: [1, 2, 3].map((id) => ({ id })),
  annotations: boxes.map(([image, category, bbox, crowd], index) => ({
    id: index + 1,
    image_id: image,
    category_id: category,
    bbox,
    iscrowd: crowd ?? 0,
  })),
};
const results: Result[] = found.map(([image, category, bbox, score]) => ({ image_id: image, category_id: category, bbox, score }));

it('equals tidecv on a scene with every kind of error, a crowd region, ties and an unknown class', () => {
  // tidecv 49a5d2a, pycocotools 2.0.11, numpy 1.26.4.
  expectEqual(tide(crossClassImages(dataset, results)), {
    AP50: 19.232673267326735,
    main_dAP: { Cls: 6.633663366336613, Loc: 14.141914191419165, Both: 0, Dupe: 1.3613861386138417, Bkg: 4.485698569856975, Miss: 0 },
    special_dAP: { FalsePos: 22.599009900990094, FalseNeg: 6.600660066006579 },
    counts: { Cls: 2, Loc: 3, Both: 1, Dupe: 1, Bkg: 4, Miss: 1 },
  });
});

it('has no numbers where nothing was annotated and nothing found', () => {
  const empty = tide(crossClassImages({ images: [{ id: 1 }], categories: [], annotations: [] }, []));
  expect(empty.ap).toBeNull();
  expect(empty.main).toEqual({ Cls: null, Loc: null, Both: null, Dupe: null, Bkg: null, Miss: null });
  expect(() => tide([], { background: 0.6 })).toThrow('background 0.6 and positive 0.5');
});

const run = (change: Partial<Result>) => () => tide(crossClassImages(dataset, [...results, { ...results[0]!, ...change }]));

it('names the faulty entry', () => {
  expect(run({ score: NaN })).toThrow('results[15]');
  expect(run({ bbox: [0, 0, Infinity, 1] })).toThrow('results[15]');
  expect(run({ bbox: [] })).toThrow('results[15]');
  expect(run({ image_id: 77 })).toThrow('results[15] has image_id 77');
});
