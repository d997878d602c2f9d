import { describe, expect, it } from 'vitest';
import { COCO } from '../src/coco/coco.ts';
import { COCOeval } from '../src/coco/coco-eval.ts';
import { evaluate, type EvaluateOptions } from '../src/coco/evaluate.ts';
import { formatFixed } from '../src/coco/format.ts';
import { pairwiseMean } from '../src/coco/pairwise-mean.ts';
import { DEFAULT_IOU_THRS, DEFAULT_REC_THRS } from '../src/coco/params.ts';
import { sortByScore } from '../src/coco/sort.ts';
import type { Annotation, Dataset, IouType, Result } from '../src/coco/types.ts';
import { CocoEvalError } from '../src/errors.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

describe('details that decide the last bit', () => {
  it('thresholds are those of numpy.linspace', () => {
    expect(DEFAULT_IOU_THRS[8]).toBe(0.8999999999999999);
    expect(DEFAULT_REC_THRS.filter((v, i) => v !== i / 100).length).toBe(10);
  });

  it('prints like Python: exact ties to the even digit', () => {
    // f'{x:.3f}' of CPython 3.11.
    const cases: [number, string][] = [
      [0.0625, '0.062'],
      [0.1875, '0.188'],
      [0.3125, '0.312'],
      [-1, '-1.000'],
      [0.5, '0.500'],
      [0.0005, '0.001'],
      [1, '1.000'],
    ];
    for (const [value, text] of cases) expect(formatFixed(value, 3)).toBe(text);
    expect(formatFixed(0.625, 2)).toBe('0.62');
    expect(formatFixed(0.375, 2)).toBe('0.38');
  });

  it('sums pairwise as numpy does', () => {
    // numpy.mean(numpy.arange(n) * 0.1), numpy 1.24.2; the plain sum differs in the last bits.
    const values = Float64Array.from({ length: 1000 }, (_, i) => i * 0.1);
    expect(pairwiseMean(values)).toBe(49.95);
  });

  it('sorts by score like a stable sort', () => {
    const r = random(3);
    const special = [0, -0, -1, 1, 1e-310, -1e-310, 5e-324, 1e300, -1e300, 0.5];
    const scores = Float64Array.from({ length: 5000 }, () =>
      r() < 0.1 ? special[Math.floor(r() * 10)]! : Math.round(r() * 300) / 300 - 0.1,
    );
    const rows = Int32Array.from(scores, (_, i) => i);
    expect([...sortByScore(rows, scores)]).toEqual([...rows].toSorted((a, b) => scores[b]! - scores[a]!));
  });
});

function square(x: number, side: number): number[] {
  return [x, x, side, side];
}

describe('size classes', () => {
  // pycocotools 2.0.11: an object exactly on a border is in both classes, found or not.
  it('have both their ends', () => {
    const dataset: Dataset = {
      images: [{ id: 1, width: 500, height: 500 }],
      categories: [{ id: 1 }],
      annotations: [square(0, 32), square(100, 96)].map((bbox, i) => ({
        id: i + 1,
        image_id: 1,
        category_id: 1,
        bbox,
        area: bbox[2]! * bbox[3]!,
        iscrowd: 0,
      })),
    };
    const results = [square(250, 32), square(0, 32), square(100, 96), square(300, 96)].map((bbox, i) => ({
      image_id: 1,
      category_id: 1,
      bbox,
      score: 0.9 - i / 10,
    }));
    const { stats } = evaluate(dataset, results, { iouType: 'bbox' });
    const expected = [
      0.6666666666666666, 0.6666666666666669, 0.6666666666666669, 0.5, 0.6666666666666666, 0.9999999999999998, 0, 1, 1, 1, 1, 1,
    ];
    stats.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
  });
});

function at(x: number, score: number): Result {
  return { image_id: 1, category_id: 1, bbox: [x, 0, 10, 10], score };
}

describe('slices and other views', () => {
  it.each(['bbox', 'keypoints'] as IouType[])('%s: a slice equals an evaluation of its images', (iouType) => {
    const { dataset, results } = synthetic(41, iouType);
    const evaluation = evaluate(dataset, results, { iouType });
    const slices = evaluation.sliceBy('light');
    expect([...slices.keys()]).toEqual(['day', 'night']);
    for (const [light, slice] of slices) {
      const imgIds = dataset.images.filter((image) => image['light'] === light).map((image) => image.id);
      const alone = evaluate(dataset, results, { iouType, imgIds });
      expect(slice.images).toBe(imgIds.length);
      expect(slice.curves).toEqual(alone.curves);
      expect(slice.curves.scores).toEqual(alone.curves.scores);
      expect(slice.summary).toEqual(alone.summary);
    }
  });

  it('other detection limits and recall points need no new matching', () => {
    const { dataset, results } = synthetic(42, 'bbox');
    const evaluation = evaluate(dataset, results, { iouType: 'bbox' });
    const again = evaluation.accumulate({ maxDets: [1, 2], recThrs: [0, 0.5, 1] });
    const direct = evaluate(dataset, results, { iouType: 'bbox', maxDets: [1, 2], recThrs: [0, 0.5, 1] });
    expect(again.curves).toEqual(direct.curves);
    expect(again.curves.scores).toEqual(direct.curves.scores);
    expect(() => evaluation.accumulate({ maxDets: [101] })).toThrow(/at most 100/);
  });

  it('per-category rows count from raw matches', () => {
    const dataset: Dataset = {
      images: [{ id: 1 }],
      categories: [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
      annotations: [0, 100].map((x, i) => ({ id: i + 1, image_id: 1, category_id: 1, bbox: [x, 0, 10, 10], area: 100, iscrowd: 0 })),
    };
    const [a, b] = evaluate(dataset, [at(0, 0.9), at(50, 0.8), at(100, 0.7), at(200, 0.1)], { iouType: 'bbox' }).perCategory();
    expect(a).toMatchObject({ name: 'a', groundTruths: 2, detections: 4 });
    expect(a!.best).toEqual({ score: 0.7, precision: 2 / 3, recall: 1, f1: 0.8, truePositives: 2, falsePositives: 1, falseNegatives: 0 });
    expect(b).toMatchObject({ name: 'b', groundTruths: 0, AP: null, AR: null, best: null });
  });

  it('serializes the same twice, and progress and abort work', () => {
    const { dataset, results } = synthetic(43, 'bbox');
    const total = dataset.annotations.length + results.length;
    const seen: number[] = [];
    const run = (): string => JSON.stringify(evaluate(dataset, results, { iouType: 'bbox', onProgress: ({ done }) => seen.push(done) }));
    expect(run()).toBe(run());
    const once = seen.slice(0, seen.length / 2);
    expect(once).toEqual(once.toSorted((a, b) => a - b));
    expect([once[0], once.at(-1)]).toEqual([0, total]);
    expect(seen).toEqual([...once, ...once]);
    expect(() => evaluate(dataset, results, { signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }) as CocoEvalError,
    );
  });

  it('the class answers queries as pycocotools does', () => {
    const { dataset, results } = synthetic(44, 'bbox');
    const coco = new COCO(dataset);
    expect(coco.getAnnIds({ imgIds: 13, iscrowd: false })).toEqual(
      dataset.annotations.filter((a) => a.image_id === 13 && !a.iscrowd).map((a) => a.id),
    );
    expect(coco.getCatIds({ catNms: ['c5', 'c2'] })).toEqual([2, 5]);
    expect(
      coco
        .getImgIds({ catIds: [1, 2] })
        .every((id) => [1, 2].every((c) => dataset.annotations.some((a) => a.image_id === id && a.category_id === c))),
    ).toBe(true);
    expect(coco.loadRes(results).loadAnns(1)[0]).toMatchObject({ ...results[0], id: 1, iscrowd: 0 });
    expect(() => coco.loadImgs(0)).toThrow(/image/);
    expect(() => new COCOeval(coco, coco, 'bbox')).toThrow(/loadRes/);
    expect(() => new COCOeval(coco, coco.loadRes(results), 'bbox').accumulate()).toThrow(/evaluate\(\)/);
    expect(coco.annToMask({ ...dataset.annotations[0]! }).length).toBe(200 * 150);
  });
});

describe('input that is broken', () => {
  const annotation: Annotation = {
    id: 1,
    image_id: 1,
    category_id: 1,
    bbox: [0, 0, 9, 9],
    area: 81,
    iscrowd: 0,
    segmentation: [[0, 0, 9, 0, 9, 9]],
  };
  const result: Result = { image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], score: 0.5 };
  const dataset = (second: object): Dataset => ({
    images: [{ id: 1, width: 20, height: 20 }],
    categories: [{ id: 1 }],
    annotations: [annotation, { ...annotation, id: 2, ...second }],
  });

  it.each([
    [{ bbox: [0, NaN, 1, 1] }, 'bbox', /annotations\[1\] but received NaN/],
    [{ bbox: [0, 1, Infinity, 1] }, 'bbox', /annotations\[1\] but received Infinity/],
    [{ bbox: [0, 1, 1] }, 'bbox', /4 numbers for "bbox" in annotations\[1\]/],
    [{ bbox: undefined }, 'bbox', /annotations\[1\]/],
    [{ image_id: '1' }, 'bbox', /"image_id" in annotations\[1\] but received "1"/],
    [{ id: null }, 'bbox', /"id" in annotations\[1\] but received null/],
    [{ area: 'big' }, 'bbox', /"area" in annotations\[1\]/],
    [{ segmentation: [[0, 0, NaN, 1, 1, 1]] }, 'segm', /annotations\[1\] but received NaN/],
    [{ segmentation: [[0, 0, 1e12, 1, 1, 1]] }, 'segm', /within.*annotations\[1\]/],
    [{ segmentation: undefined }, 'segm', /polygons or .* annotations\[1\]/],
    [{ segmentation: { size: [20, 20], counts: [500] } }, 'segm', /annotations\[1\]/],
    [{ segmentation: { size: [20, 1e9], counts: 'n0' } }, 'segm', /annotations\[1\]/],
    [{ segmentation: { size: [65536, 65536], counts: 'n0' } }, 'segm', /annotations\[1\]/],
    [{ keypoints: [1, 2] }, 'keypoints', /51 numbers for "keypoints" .* in annotations\[0\] but received nothing/],
  ] as [object, IouType, RegExp][])('annotation %j: one error with its place', (fields, iouType, message) => {
    const run = (): unknown => evaluate(dataset(fields), [result], { iouType });
    expect(run).toThrow(CocoEvalError);
    expect(run).toThrow(message);
  });

  it.each([
    [{ score: NaN }, /"score" in results\[1\] but received NaN/],
    [{ score: '0.5' }, /"score" in results\[1\]/],
    [{ score: undefined }, /"score" in results\[1\] but received nothing/],
    [{ bbox: [0, 0, -Infinity, 1] }, /results\[1\] but received -Infinity/],
    [{ image_id: 7 }, /results\[1\] has image_id 7/],
    [{ category_id: {} }, /"category_id" in results\[1\] but received an object/],
    [{ bbox: undefined, keypoints: [] }, /as in results\[0\]/],
  ] as [object, RegExp][])('result %j: one error with its place', (fields, message) => {
    expect(() => evaluate(dataset({}), [result, { ...result, ...fields }], { iouType: 'bbox' })).toThrow(message);
  });

  it('loadRes names the entry too', () => {
    const coco = new COCO(dataset({}));
    for (const bad of [null, 3, { image_id: 5 }, { image_id: 1, bbox: 'x' }]) {
      expect(() => coco.loadRes([result, bad as unknown as Result])).toThrow(/results\[1\]/);
    }
    expect(() => coco.loadRes([null as unknown as Result])).toThrow(/results\[0\]/);
    expect(coco.loadRes([]).getAnnIds()).toEqual([]);
    const points = [5, 6, 0, 1, 9, 2, 3, 3, 1];
    expect(coco.loadRes([{ image_id: 1, category_id: 1, score: 1, keypoints: points }]).loadAnns(1)[0]).toMatchObject({
      bbox: [1, 3, 4, 6],
      area: 24,
    });
  });

  it('counts what the reference tolerates', () => {
    const found = (second: object, results: object[] = [result], options: EvaluateOptions = {}): string[] =>
      evaluate(dataset(second), results as Result[], { iouType: 'bbox', ...options }).warnings.map((w) => w.code);
    expect(found({})).toEqual([]);
    expect(found({ id: 1 })).toEqual(['duplicate-annotation-id']);
    expect(found({ image_id: 8 })).toEqual(['unknown-image']);
    expect(found({ bbox: [0, 0, -5, 5] })).toEqual(['negative-box']);
    expect(found({ area: undefined, iscrowd: undefined })).toEqual(['missing-area', 'missing-iscrowd']);
    expect(found({ ignore: 1 })).toEqual(['ignore-field']);
    expect(found({}, [{ ...result, category_id: 9 }])).toEqual(['unknown-category']);
    expect(found({}, [])).toEqual(['empty-results']);
    const short = { image_id: 1, category_id: 1, score: 1, segmentation: { size: [20, 20], counts: '5' } };
    expect(found({}, [short], { iouType: 'segm' })).toEqual(['short-rle-results']);
    const other = { ...short, segmentation: { size: [20, 10], counts: [0, 200] } };
    expect(found({}, [other], { iouType: 'segm' })).toEqual(['mask-size-mismatch']);
  });

  it('files of another kind and parameters without sense', () => {
    for (const bad of [null, [], 'x', { images: [] }, { images: [1], annotations: [], categories: [] }]) {
      expect(() => evaluate(bad as unknown as Dataset, [])).toThrow(CocoEvalError);
    }
    expect(() => evaluate(dataset({}), {} as unknown as Result[])).toThrow(/a list of results/);
    const bad: EvaluateOptions[] = [
      { iouType: 'boxes' as IouType },
      { iouThrs: [] },
      { iouThrs: [NaN] },
      { maxDets: [-1] },
      { maxDets: [] },
      { areaRng: [] },
      { areaRng: [[0]] as unknown as [number, number][] },
      { mode: 'loose' as 'fixed' },
      { imgIds: [true] as unknown as number[] },
    ];
    for (const options of bad)
      expect(() => evaluate(dataset({}), [], options)).toThrow(expect.objectContaining({ code: 'USAGE' }) as CocoEvalError);
  });
});
