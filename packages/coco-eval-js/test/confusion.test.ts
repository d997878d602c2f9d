import { expect, it } from 'vitest';
import type { Dataset, Result } from '../src/coco/types.ts';
import { confusionMatrix, normalizeConfusion } from '../src/confusion/confusion-matrix.ts';
import { crossClassImages } from '../src/cross-class/images.ts';
import type { CrossClassOptions } from '../src/cross-class/images.ts';

const dataset: Dataset = {
  images: [{ id: 1 }, { id: 2 }],
  categories: [{ id: 3 }, { id: 5 }],
  annotations: [
    { id: 1, image_id: 1, category_id: 5, bbox: [0, 0, 10, 10] },
    { id: 2, image_id: 1, category_id: 3, bbox: [0, 0, 10, 10] },
    { id: 3, image_id: 1, category_id: 3, bbox: [50, 50, 10, 10] },
    { id: 4, image_id: 2, category_id: 3, bbox: [0, 0, 90, 90], iscrowd: 1 },
  ],
};
const box = (image: number, category: number, bbox: number[], score: number): Result => ({
  image_id: image,
  category_id: category,
  bbox,
  score,
});
const results: Result[] = [
  box(1, 5, [0, 0, 10, 9], 0.5), // equal IoU with annotations 2 (class 3) and 1 (class 5): the later class wins
  box(1, 3, [0, 0, 10, 9], 0.5), // same score, lower class: goes first
  box(1, 3, [50, 50, 10, 4], 0.9), // IoU 0.4: nothing
  box(2, 5, [0, 0, 10, 10], 0.2), // crowd regions do not count
  box(2, 8, [0, 0, 10, 10], 0.2), // a class that was not asked for
];
const matrix = (options: CrossClassOptions = {}, iouThr?: number): number[] => [
  ...confusionMatrix(
    crossClassImages(dataset, results, { order: 'category', catIds: [3, 5], ...options }),
    [3, 5],
    iouThr === undefined ? {} : { iouThr },
  ).counts,
];

it('follows the rule: one greedy matching for all classes, ties to the later class, crowd regions left out', () => {
  expect(matrix()).toEqual([0, 1, 1, 1, 0, 0, 1, 1, 0]);
});

it('takes a threshold, a limit per image and a least score', () => {
  expect(matrix({}, 0.3)).toEqual([1, 1, 0, 1, 0, 0, 0, 1, 0]);
  expect(matrix({ maxDets: 1 })).toEqual([0, 0, 2, 0, 0, 1, 1, 1, 0]);
  expect(matrix({ minScore: 0.5 })).toEqual([0, 1, 1, 1, 0, 0, 1, 0, 0]);
  expect(() => matrix({}, 2)).toThrow('from 0 to 1 but received 2');
});

it('every ground truth stands in its row once, every detection in its column once', () => {
  const counts = matrix();
  const rows = [0, 3].map((at) => counts[at]! + counts[at + 1]! + counts[at + 2]!);
  const columns = [0, 1].map((at) => counts[at]! + counts[at + 3]! + counts[at + 6]!);
  expect(rows).toEqual([2, 1]);
  expect(columns).toEqual([2, 2]);
});

it('normalizes rows and keeps empty ones', () => {
  expect([...normalizeConfusion({ categoryIds: [1], counts: Float64Array.of(3, 1, 0, 0) })]).toEqual([0.75, 0.25, 0, 0]);
});

it('refuses categories that are not listed', () => {
  expect(() => confusionMatrix(crossClassImages(dataset, results), [3])).toThrow('found category 5');
});
