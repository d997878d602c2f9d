import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { EvalParamsInput } from '../src/coco/params.ts';
import { plainCurves } from './plain-rules.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

function list(n: number, value: () => number): number[] {
  return Array.from({ length: n }, value);
}

function box(x: number): number[] {
  return [x, 0, 10, 10];
}

/** Parameters nobody would choose: what they share with the usual ones is only the rules. */
function oddParameters(seed: number): EvalParamsInput {
  const r = random(seed);
  const iouThrs = list(1 + Math.floor(r() * 40), () => Math.round(r() * 24) / 24);
  const recThrs = list(1 + Math.floor(r() * 12), () => Math.round(r() * 22 - 1) / 20);
  const maxDets = list(1 + Math.floor(r() * 4), () => Math.floor(r() * 6));
  const areaRng = list(1 + Math.floor(r() * 4), () => r() * 2000).map((low): [number, number] => [low, low + r() * 3000]);
  const given: EvalParamsInput = { iouThrs, recThrs, maxDets, areaRng, useCats: r() < 0.7 };
  // Some stay as they are by default.
  return Object.fromEntries(Object.entries(given).filter(() => r() < 0.6));
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
});
