import { describe, expect, it } from 'vitest';
import type { Dataset, Result } from '../src/coco/types.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { hasData, readJson, whyNot } from './shared.ts';

interface Expected {
  results: Record<string, number>;
  print: string;
  perCategoryAP: Record<string, number | null>;
}

// Values of lvis-api 7d7f07d.
describe.skipIf(!hasData)(`golden cases of lvis-api${whyNot}`, () => {
  const cases = hasData ? (readJson('golden/expected_lvis.json') as Record<string, Expected>) : {};

  it.each(Object.entries(cases))('%s', (name, { results, print, perCategoryAP }) => {
    const iouType = name.includes('segm') ? 'segm' : 'bbox';
    const dataset = readJson('lvis-sample/lvis_val_100.json') as Dataset;
    const evaluation = evaluateLvis(dataset, readJson(`golden/lvis100_dets_${iouType}.json.gz`) as Result[], { iouType });
    expect(evaluation.summary.text).toBe(print);
    const numbers = Object.entries(evaluation.metrics);
    expect(numbers.length).toBe(13);
    for (const [key, value] of numbers) expect(Math.abs(value - results[key]!)).toBeLessThanOrEqual(1e-9);
    for (const row of evaluation.perCategory()) {
      const wanted = perCategoryAP[String(row.id)] ?? null;
      expect(row.AP === null).toBe(wanted === null);
      if (row.AP !== null && wanted !== null) expect(row.AP).toBeCloseTo(wanted, 9);
    }
  });
});

// The federated rules on an image where each detection stands for one rule.
describe('federated rules', () => {
  const box = [0, 0, 10, 10];
  const far = [50, 50, 10, 10];
  const dataset: Dataset = {
    images: [{ id: 1, width: 100, height: 100, neg_category_ids: [2], not_exhaustive_category_ids: [3] }],
    categories: [1, 2, 3, 4].map((id) => ({ id, name: `c${id}`, frequency: 'f' })),
    annotations: [1, 3, 4].map((id) => ({ id, image_id: 1, category_id: id, bbox: box, area: id === 4 ? 0 : 100 })),
  };
  const falsePositives = (category: number): number => {
    const results = [{ image_id: 1, category_id: category, bbox: far, score: 0.9 }];
    const { table } = evaluateLvis(dataset, results, { iouType: 'bbox' });
    return [...table.ignored].filter((flags, i) => i % table.areas === 0 && flags === 0).length;
  };

  it('counts a false detection of a category that is there or verified absent, forgives one of a partly annotated category', () => {
    expect([1, 2, 3].map(falsePositives)).toEqual([1, 1, 0]);
  });

  it('drops detections of categories nobody looked for, and ground truths without area', () => {
    expect(falsePositives(4)).toBe(0);
    const { summary } = evaluateLvis(dataset, [{ image_id: 1, category_id: 1, bbox: box, score: 0.9 }], { iouType: 'bbox' });
    expect(summary.lines.map((line) => line.name)).toContain('AR@300');
    expect(evaluateLvis(dataset, [], { iouType: 'bbox' }).perCategory()[3]!.AP).toBe(null);
  });

  it('keeps the best detections of an image over all categories', () => {
    const results = [0.1, 0.9, 0.5].map((score, i) => ({ image_id: 1, category_id: i + 1, bbox: box, score }));
    const { table } = evaluateLvis(dataset, results, { iouType: 'bbox', maxDets: 2 });
    expect(table.dtScore.toSorted()).toEqual(Float64Array.of(0.5, 0.9));
    expect(evaluateLvis(dataset, results, { iouType: 'bbox', maxDets: -1 }).table.dtScore.length).toBe(3);
  });
});
