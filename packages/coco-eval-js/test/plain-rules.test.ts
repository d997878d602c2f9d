import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset } from '../src/coco/types.ts';
import { plainCurves } from './plain-rules.ts';
import { oddParameters, synthetic } from './synthetic.ts';

function box(x: number): number[] {
  return [x, 0, 10, 10];
}

describe('the rules, written down plainly', () => {
  it('give the same curves to the last bit, whatever the parameters', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { dataset, results } = synthetic(seed, 'bbox', 6);
      const evaluation = evaluate(dataset, results, { ...oddParameters(seed), iouType: 'bbox' });
      const { precision, recall, scores } = evaluation.curves;
      const plain = plainCurves(dataset, results, evaluation.params);
      expect([...precision], `precision, seed ${seed}`).toEqual(plain.precision);
      expect([...recall], `recall, seed ${seed}`).toEqual(plain.recall);
      expect([...scores], `scores, seed ${seed}`).toEqual(plain.scores);
    }
  });

  it('of equal overlaps the later ground truth is taken, which leaves the earlier one to others', () => {
    const dataset = {
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'a' }],
      annotations: [0, 4].map((x, i) => ({ id: i + 1, image_id: 1, category_id: 1, bbox: box(x), area: 100, iscrowd: 0 })),
    };
    // The first lies in the middle between both; the second reaches only the earlier one.
    const results = [2, -2].map((x, i) => ({ image_id: 1, category_id: 1, bbox: box(x), score: 0.9 - i / 10 }));
    const evaluation = evaluate(dataset, results, { iouType: 'bbox', iouThrs: [0.5] });
    expect([...evaluation.curves.recall]).toEqual(plainCurves(dataset, results, evaluation.params).recall);
    expect(evaluation.curves.recall[2]).toBe(1);
  });

  it.each([1, -1])('objects that lie upon each other, tighter or looser from one to the next (%i)', (direction) => {
    const nested = (n: number): Dataset => ({
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'a' }],
      // Some are equal.
      annotations: Array.from({ length: n }, (_, i) => {
        const looser = Math.floor((direction === 1 ? i : n - i) / 3);
        return { id: i + 1, image_id: 1, category_id: 1, bbox: [0, 0, 100, 100 + (150 * looser) / n], area: 1e4, iscrowd: 0 };
      }),
    });
    const results = Array.from({ length: 20 }, (_, i) => ({ image_id: 1, category_id: 1, bbox: [0, 0, 100, 100 + i], score: 1 - i / 40 }));
    const evaluation = evaluate(nested(100), results, { iouType: 'bbox' });
    const plain = plainCurves(nested(100), results, evaluation.params);
    expect([...evaluation.curves.precision]).toEqual(plain.precision);
    expect([...evaluation.curves.recall]).toEqual(plain.recall);
    // Work that grows with the square of their number would outlast the time of a test.
    expect(evaluate(nested(20_000), results, { iouType: 'bbox' }).metrics['AR@100']).toBeGreaterThan(0);
  });
});
