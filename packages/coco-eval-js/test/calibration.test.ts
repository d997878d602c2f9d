import { describe, expect, it } from 'vitest';
import { calibration } from '../src/calibration/calibration.ts';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset, Result } from '../src/coco/types.ts';
import { labelErrors } from '../src/label-errors/label-errors.ts';
import { hasData, readJson, whyNot } from './shared.ts';
import { synthetic } from './synthetic.ts';

const box = [10, 10, 40, 40];
const gt: Dataset = {
  images: [{ id: 1 }, { id: 2 }],
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: box, area: 1600, iscrowd: 0 },
    { id: 2, image_id: 2, category_id: 1, bbox: box, area: 1600, iscrowd: 0 },
    { id: 3, image_id: 2, category_id: 2, bbox: [100, 100, 50, 50], area: 2500, iscrowd: 1 },
  ],
};
const at = (image: number, category: number, bbox: number[], score: number): Result => ({
  image_id: image,
  category_id: category,
  bbox,
  score,
});

describe('calibration', () => {
  it('compares mean scores with shares of right detections', () => {
    // Bin 0.9 to 1: one right, one wrong; bin 0.2 to 0.3: one wrong; what lies on the crowd region does not count.
    const results = [at(1, 1, box, 0.95), at(1, 1, [70, 70, 5, 5], 1), at(2, 2, [0, 0, 5, 5], 0.25), at(2, 2, [110, 110, 20, 20], 0.5)];
    const found = calibration(evaluate(gt, results, { iouType: 'bbox' }));
    expect(found.detections).toBe(3);
    expect(found.bins[9]).toEqual({ low: 0.9, high: 1, count: 2, confidence: 0.975, accuracy: 0.5 });
    expect(found.bins[2]).toMatchObject({ count: 1, confidence: 0.25, accuracy: 0 });
    expect(found.bins[5]).toMatchObject({ count: 0, confidence: null, accuracy: null });
    expect(found.ece).toBeCloseTo((2 * 0.475 + 0.25) / 3, 12);
    expect(found.mce).toBeCloseTo(0.475, 12);
    expect(found.perCategory).toEqual([
      { id: 1, name: 'cat', detections: 2, ece: expect.closeTo(0.475, 12) as number },
      { id: 2, name: 'dog', detections: 1, ece: 0.25 },
    ]);
  });

  it('has no number without detections, and refuses what was not evaluated', () => {
    const nothing = evaluate(gt, [], { iouType: 'bbox', iouThrs: [0.5, 0.7] });
    expect(calibration(nothing)).toMatchObject({ ece: null, mce: null, detections: 0 });
    expect(() => calibration(nothing, { iouThr: 0.6 })).toThrow('Expected a threshold of the evaluation (0.5, 0.7) but received 0.6');
    expect(() => calibration(nothing, { bins: 0 })).toThrow('from 1 to 1000 bins');
    expect(calibration(evaluate(gt, [at(1, 1, box, 7), at(1, 1, box, -7)], { iouType: 'bbox' })).bins.map(({ count }) => count)).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
  });

  it.skipIf(!hasData)(`equals hotcoco, as the candidates of label errors do${whyNot}`, () => {
    const dataset = readJson('coco-mini/annotations/instances_val2017.json') as Dataset;
    const evaluation = evaluate(dataset, readJson('golden/mini_val_dets_bbox.json') as Result[], { iouType: 'bbox' });
    // hotcoco 1.3.0: calibration(), image_diagnostics(0.5, 0.5)["label_errors"]
    const found = calibration(evaluation);
    expect([found.ece, found.mce, found.detections]).toEqual([expect.closeTo(0.16244250594766055, 12), expect.closeTo(0.4375, 12), 1261]);
    const errors = labelErrors(evaluation);
    expect([errors.length, errors.filter(({ kind }) => kind === 'wrong-label').length]).toEqual([110, 36]);
    expect(errors[0]).toMatchObject({
      imageId: 275791,
      result: 196,
      score: 0.99,
      categoryId: 51,
      annotation: { id: 1378045, categoryId: 9 },
    });
    expect(errors[0]!.annotation!.iou).toBeCloseTo(0.8904039450862815, 12);
  });
});

describe('label errors', () => {
  it('are confident detections on an object of another class that nothing found, or where nothing is', () => {
    const results = [
      at(1, 2, [11, 10, 40, 40], 0.9), // on the cat that nothing else found
      at(1, 2, [80, 80, 9, 9], 0.7), // on nothing
      at(1, 2, [30, 10, 40, 40], 0.8), // near the cat, but not on it
      at(2, 1, box, 0.6), // right
      at(2, 2, box, 0.95), // on the cat that was found
      at(2, 2, [110, 110, 20, 20], 0.9), // on the crowd region
      at(1, 2, [80, 80, 9, 9], 0.4), // not confident
    ];
    const found = labelErrors(evaluate(gt, results, { iouType: 'bbox' }));
    expect(found.map(({ kind, imageId, result, annotation }) => [kind, imageId, result, annotation?.id])).toEqual([
      ['wrong-label', 1, 0, 1],
      ['missing-annotation', 1, 1, undefined],
    ]);
    expect(labelErrors(evaluate(gt, results, { iouType: 'bbox' }), { minScore: 0.8 })).toHaveLength(1);
    expect(() => labelErrors(evaluate(gt, results, { iouType: 'bbox', iouThrs: [0.7] }))).toThrow('threshold of the evaluation');
  });

  it('work for masks without boxes, and not for keypoints', () => {
    const { dataset, results } = synthetic(3, 'segm', 30);
    const masks = results.map(({ bbox, ...rest }): Result => {
      const [x, y, w, h] = bbox as [number, number, number, number];
      return { ...rest, segmentation: [[x, y, x + w, y, x + w, y + h, x, y + h]] };
    });
    const found = labelErrors(evaluate(dataset, masks, { iouType: 'segm' }), { minScore: 0 });
    expect(found.length).toBeGreaterThan(0);
    for (const { bbox } of found) expect(bbox.every(Number.isFinite)).toBe(true);
    const people = synthetic(3, 'keypoints');
    expect(() => labelErrors(evaluate(people.dataset, people.results, { iouType: 'keypoints' }))).toThrow('received keypoints');
  });
});
