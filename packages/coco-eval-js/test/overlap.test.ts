import { expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset } from '../src/coco/types.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';

const SIDE = 200;
const square = (side: number): ReturnType<typeof toRleObject> =>
  toRleObject(polygonsToRle([[0, 0, side, 0, side, side, 0, side]], SIDE, SIDE));
const images = [1, 2].map((id) => ({ id, width: SIDE, height: SIDE }));
const categories = [{ id: 1, name: 'a' }];

it('a mask in an image without ground truth counts by its own area', () => {
  const dataset: Dataset = {
    images,
    categories,
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 50, 50], segmentation: square(50), area: 2500, iscrowd: 0 }],
  };
  const found = (side: number): Readonly<Record<string, number>> => {
    const results = [
      { image_id: 1, category_id: 1, segmentation: square(50), score: 0.5 },
      { image_id: 2, category_id: 1, segmentation: square(side), score: 0.9 },
    ];
    return evaluate(dataset, results, { iouType: 'segm' }).metrics;
  };
  // Of small, medium and large only that range has the wrong one above the right one.
  expect([20, 60, 150].map((side) => found(side)['APm'])).toEqual([1, 0.5, 1].map((value) => expect.closeTo(value, 12) as number));
  expect(found(20)['AP']).toBeCloseTo(0.5, 12);
});

it('more overlaps in one image than memory has room for are refused before any is computed', () => {
  const many = 8200; // squared: more than 2^26
  const boxes = Array.from({ length: many }, (_, i) => [i % 90, Math.floor(i / 90), 5, 5]);
  const annotations = boxes.map((bbox, i) => ({ id: i + 1, image_id: 1, category_id: 1, bbox, area: 25, iscrowd: 0 }));
  const results = boxes.map((bbox) => ({ image_id: 1, category_id: 1, bbox, score: 0.5 }));
  const options = { iouType: 'bbox', maxDets: [1, 10, many] } as const;
  expect(() => evaluate({ images, categories, annotations }, results, options)).toThrow(
    'at most 67108864 overlaps in one image and category but 67240000',
  );
});
