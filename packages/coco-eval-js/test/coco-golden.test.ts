import { describe, expect, it } from 'vitest';
import { COCO } from '../src/coco/coco.ts';
import { COCOeval } from '../src/coco/coco-eval.ts';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset, IouType, Result } from '../src/coco/types.ts';
import { hasData, readDoubles, readJson, whyNot } from './shared.ts';

interface Case {
  gt: string;
  dt: string;
  stats: number[];
  summary: string;
  maxDets: number[];
  perCategoryAP: Record<string, [number, number] | null>;
  arrays?: Record<'precision' | 'recall' | 'scores', [file: string, shape: number[]]>;
}

function iouTypeOf(name: string): IouType {
  return name.includes('segm') ? 'segm' : name.includes('keypoints') ? 'keypoints' : 'bbox';
}

// Values of pycocotools 2.0.11.
describe.skipIf(!hasData)(`golden cases of pycocotools${whyNot}`, () => {
  const cases = hasData ? (readJson('golden/expected_coco.json') as Record<string, Case>) : {};
  const files = Object.entries(cases).filter(([name]) => name !== 'ov_coco_style');

  it.each(files)('%s', (name, expected) => {
    const groundTruth = readJson(expected.gt) as Dataset;
    const results = readJson(expected.dt) as Result[];
    const useCats = !name.includes('useCats0');
    const evaluation = evaluate(groundTruth, results, { iouType: iouTypeOf(name), maxDets: expected.maxDets, useCats });
    expect(evaluation.summary.text).toBe(expected.summary);
    expected.stats.forEach((value, i) => expect(Math.abs(evaluation.stats[i]! - value)).toBeLessThanOrEqual(1e-12));
    for (const key of ['precision', 'recall', 'scores'] as const) {
      if (expected.arrays === undefined) continue;
      // Compared as bytes: every bit counts.
      const wanted = readDoubles(`golden/${expected.arrays[key][0]}`);
      expect(Buffer.from(evaluation.curves[key].buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
    }
    for (const row of evaluation.perCategory()) {
      const wanted = expected.perCategoryAP[String(row.id)];
      if (wanted === undefined || wanted === null || !expected.maxDets.includes(100)) continue;
      expect(row.AP).toBeCloseTo(wanted[0], 12);
      expect(row.AP50).toBeCloseTo(wanted[1], 12);
    }
  });

  it('gives the same through the classes with pycocotools names, and changes no input', () => {
    const expected = cases['mini_val_segm']!;
    const dataset = readJson(expected.gt) as Dataset;
    const results = readJson(expected.dt) as Result[];
    const before = JSON.stringify([dataset, results]);
    const cocoGt = new COCO(dataset);
    const cocoEval = new COCOeval(cocoGt, cocoGt.loadRes(results), 'segm');
    cocoEval.evaluate();
    cocoEval.accumulate();
    expect(cocoEval.summarize()).toBe(expected.summary);
    expect(cocoEval.eval?.counts).toEqual([10, 101, 80, 4, 3]);
    expect(JSON.stringify([dataset, results])).toBe(before);
  });
});

interface EdgeCase {
  name: string;
  images: Dataset['images'];
  annotations: Dataset['annotations'];
  categories: Dataset['categories'];
  dets: Result[];
  iouType: IouType;
  params: { maxDets?: number[]; catIds?: number[]; useCats?: number };
  stats?: number[];
  evalImgs?: Record<string, unknown>[];
  error?: string;
}

describe.skipIf(!hasData)(`edge cases of pycocotools${whyNot}`, () => {
  const cases = hasData ? (readJson('golden/edge_cases.json') as EdgeCase[]) : [];
  const run = (c: EdgeCase, mode: 'reference' | 'fixed' = 'reference'): ReturnType<typeof evaluate> => {
    const { useCats, ...params } = c.params;
    const dataset = { images: c.images, annotations: c.annotations, categories: c.categories };
    return evaluate(dataset, c.dets, { iouType: c.iouType, mode, ...params, useCats: useCats !== 0 });
  };

  it.each(cases.filter((c) => c.error === undefined).map((c) => [c.name, c] as const))('%s', (_, c) => {
    const evaluation = run(c);
    c.stats!.forEach((value, i) => expect(Math.abs(evaluation.stats[i]! - value)).toBeLessThanOrEqual(1e-12));
    const { params } = evaluation;
    const categories = params.useCats ? params.catIds.length : 1;
    const matcher = evaluation.matcher();
    const found: object[] = [];
    for (let k = 0; k < categories; k++) {
      for (let a = 0; a < params.areaRng.length; a++) {
        for (let image = 0; image < params.imgIds.length; image++) {
          const matches = matcher.get(image, k, a);
          if (matches !== null) found.push(matches);
        }
      }
    }
    expect(found.length).toBe(c.evalImgs!.filter((e) => e !== null).length);
    c.evalImgs!.filter((e) => e !== null).forEach((wanted, i) => expect(found[i]).toMatchObject(wanted));
  });

  it('where the reference fails: one clear error, or the documented value', () => {
    const byName = new Map(cases.map((c) => [c.name, c]));
    const failing = cases.filter((c) => c.error !== undefined).map((c) => c.name);
    expect(failing.toSorted()).toEqual(['empty_dets', 'gt_missing_iscrowd', 'maxdets_short', 'unknown_image_det']);
    expect(() => run(byName.get('unknown_image_det')!)).toThrow(/results\[\d+\] has image_id 9/);
    const noCrowd = run(byName.get('gt_missing_iscrowd')!);
    expect(noCrowd.warnings.map((w) => w.code)).toContain('missing-iscrowd');
    expect(noCrowd.metrics['AP50']).toBeCloseTo(1, 12);
    const empty = run(byName.get('empty_dets')!);
    expect(empty.stats.filter((v) => v !== -1).every((v) => v === 0)).toBe(true);
    expect(empty.warnings.map((w) => w.code)).toContain('empty-results');
    expect(run(byName.get('maxdets_short')!).summary.lines[0]).toMatchObject({ name: 'AP', maxDets: 100 });
  });

  it('mode "fixed" lets annotation id 0 match, honors "ignore" and sums up at the largest limit', () => {
    const byName = new Map(cases.map((c) => [c.name, c]));
    expect(run(byName.get('ann_id_zero')!, 'fixed').metrics['AP']).toBeCloseTo(1, 12);
    expect(run(byName.get('gt_ignore_field')!, 'fixed').curves.recall[2]).toBe(1);
    expect(run(byName.get('gt_ignore_field')!, 'fixed').perCategory()[0]!.groundTruths).toBe(1);
    expect(run(byName.get('maxdets_no_100')!).stats[0]).toBe(-1);
    expect(run(byName.get('maxdets_no_100')!, 'fixed').stats[0]).toBeGreaterThan(0);
  });
});
