import { describe, expect, it } from 'vitest';
import { DetectionBuilder } from '../src/coco/detection-builder.ts';
import type { Detections } from '../src/coco/columns.ts';
import { evaluate, prepareEvaluation } from '../src/coco/evaluate.ts';
import { finishDetections } from '../src/coco/load-detections.ts';
import type { Dataset, Result } from '../src/coco/types.ts';
import { crossClassImages } from '../src/cross-class/images.ts';
import { ResultsReader } from '../src/json/results-reader.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';
import { matchShard, reduceShards } from '../src/shards/shard.ts';
import { tide } from '../src/tide/tide.ts';

// Found by comparing with the reference programs on data that nobody writes by hand.

const square = toRleObject(polygonsToRle([[0, 0, 10, 0, 10, 10, 0, 10]], 20, 20));
const dataset: Dataset = {
  images: [
    { id: 1, width: 20, height: 20 },
    { id: 2, width: 20, height: 20 },
  ],
  categories: [{ id: 1, name: 'a', frequency: 'f' }],
  annotations: [1, 2].map((image_id) => ({
    id: image_id,
    image_id,
    category_id: 1,
    bbox: [0, 0, 10, 10],
    segmentation: square,
    area: 100,
    iscrowd: 0,
  })),
};

function streamed(text: string): Detections {
  const prepared = prepareEvaluation(dataset, { iouType: 'bbox' });
  const builder = new DetectionBuilder(prepared);
  const reader = new ResultsReader(builder);
  reader.write(new TextEncoder().encode(text));
  reader.end();
  return finishDetections(builder, prepared);
}

describe('rare input', () => {
  it('annotations of two images with one id: shards give the numbers of one run', () => {
    const shared = { ...dataset, annotations: dataset.annotations.map((annotation) => ({ ...annotation, id: 7 })) };
    const results = [{ image_id: 2, category_id: 1, bbox: [0, 0, 10, 10], score: 0.9 }];
    const whole = evaluate(shared, results, { iouType: 'bbox' });
    // The annotation of image 2 stands in for the other one too: one of two is found.
    expect(whole.metrics['AR@100']).toBe(0.5);
    const shards = [0, 1].map((index) => matchShard(shared, results, { iouType: 'bbox', index, count: 2 }));
    expect(reduceShards(shards, shared).summary.text).toBe(whole.summary.text);
  });

  it('an id shared with an annotation of an unknown category, without categories: LVIS asks for known ones only', () => {
    const [first, second] = dataset.annotations;
    const shared = {
      ...dataset,
      annotations: [
        { ...first!, id: 7, category_id: 99 },
        { ...second!, id: 7 },
      ],
    };
    const results = [{ image_id: 2, category_id: 1, bbox: [0, 0, 10, 10], score: 0.9 }];
    expect(evaluateLvis(shared, results, { iouType: 'bbox', useCats: false }).metrics['AR@300']).toBe(1);
    expect(evaluate(shared, results, { iouType: 'bbox', useCats: false }).metrics['AR@100']).toBe(0.5);
  });

  it('LVIS: a result whose area is 0 is not there', () => {
    const results: Result[] = [
      { image_id: 1, category_id: 1, bbox: [0, 0, 0, 0], segmentation: square, score: 0.9 },
      { image_id: 2, category_id: 1, bbox: [0, 0, 10, 10], segmentation: square, score: 0.8 },
    ];
    const evaluation = evaluateLvis(dataset, results, { iouType: 'segm' });
    expect(evaluation.metrics['AR@300']).toBe(0.5);
    // It is listed with its overlap, and unmatched.
    expect(evaluation.imageMatches(1, 1)).toMatchObject({ ious: [[1]], dtMatches: Array.from({ length: 10 }, () => [0]) });
    expect(evaluateLvis(dataset, results.slice(0, 1), { iouType: 'segm' }).metrics['AP']).toBe(0);
  });

  it('box results with keypoints that are no list: nobody looks at them', () => {
    const results = [{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], score: 1, keypoints: null }] as unknown as Result[];
    expect(evaluate(dataset, results, { iouType: 'bbox' }).metrics['AR@100']).toBe(0.5);
    expect(streamed(JSON.stringify(results)).count).toBe(1);
  });

  it('a mask without size beside a box: nobody looks at it', () => {
    const results = [{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], score: 1, segmentation: { counts: 'x' } }] as unknown as Result[];
    expect(evaluate(dataset, results, { iouType: 'bbox' }).metrics['AR@100']).toBe(0.5);
    expect(streamed(JSON.stringify(results)).segmentation).toBeUndefined();
  });

  it('a number whose digits do not fit a double', () => {
    expect([...streamed('[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.9007199254740993}]').score]).toEqual([
      0.9007199254740993,
    ]);
  });

  it('TIDE: an image listed twice is one image', () => {
    const results = [{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], score: 1 }];
    const twice = { ...dataset, images: [...dataset.images, dataset.images[0]!] };
    expect(tide(crossClassImages(twice, results))).toEqual(tide(crossClassImages(dataset, results)));
  });

  it('faults that no comparison meets are told all the same', () => {
    const first = dataset.annotations[0]!;
    const codes = (annotation: object): string[] =>
      evaluate({ ...dataset, annotations: [{ ...first, ...annotation }] }, [], { iouType: 'segm' }).warnings.map(({ code }) => code);
    expect(() => codes({ segmentation: { size: [20, 20], counts: '~' } })).toThrow(/annotations\[0\]/);
    expect(codes({ segmentation: { size: [20, 20], counts: [5] } })).toContain('short-rle-annotations');
    expect(codes({ segmentation: [[1, 2, 3, 4]] })).toContain('short-polygon');
    expect(codes({ area: -5 })).toContain('negative-area');
    expect(codes({ category_id: 77 })).toContain('unknown-annotation-category');
    const short = [{ image_id: 1, category_id: 1, score: 1, segmentation: { size: [20, 20], counts: [5] } }];
    expect(evaluate(dataset, short, { iouType: 'bbox' }).warnings.map(({ code }) => code)).toContain('short-rle-results');
    expect(() => evaluate(dataset, [{ image_id: 1, caption: 'a' } as unknown as Result], { iouType: 'bbox' })).toThrow(
      /Captions|a caption/,
    );
  });
});
