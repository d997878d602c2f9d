import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset, IouType, Result } from '../src/coco/types.ts';
import { confusionMatrix } from '../src/confusion/confusion-matrix.ts';
import { CocoEvalError } from '../src/errors.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { mutate } from './mutate.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

describe('hostile input', () => {
  it.each(['bbox', 'segm', 'keypoints', 'lvis'] as const)('%s: a changed value anywhere gives numbers or one clear error', (kind) => {
    const iouType: IouType = kind === 'lvis' ? 'segm' : kind;
    const r = random(kind.length);
    const base = JSON.stringify(synthetic(51, iouType, 4));
    const outcomes = { numbers: 0, errors: 0 };
    for (let i = 0; i < 700; i++) {
      const input = JSON.parse(base) as { dataset: Dataset; results: Result[] };
      for (let n = 0; n <= 2 * r(); n++) mutate(input, r);
      const before = JSON.stringify(input);
      try {
        const mode = r() < 0.5 ? 'fixed' : 'reference';
        const run = kind === 'lvis' ? evaluateLvis : evaluate;
        const evaluation = run(input.dataset, input.results, { iouType, mode, recThrs: [0, 0.5, 1], useCats: r() < 0.8 });
        for (const value of evaluation.stats) expect(value === -1 || (value >= 0 && value <= 1 + 1e-12)).toBe(true);
        evaluation.perCategory();
        outcomes.numbers++;
      } catch (error) {
        if (!(error instanceof CocoEvalError)) throw new Error(`input ${i}: ${String(error)}`, { cause: error });
        expect(error.message).toMatch(/^Expected/);
        expect(error.message.length).toBeLessThan(300);
        outcomes.errors++;
      }
      expect(JSON.stringify(input)).toBe(before);
    }
    expect(Math.min(outcomes.numbers, outcomes.errors)).toBeGreaterThan(50);
  });
});

describe('bounds', () => {
  const categories = Array.from({ length: 23_000 }, (_, i) => ({ id: i + 1 }));
  const dataset: Dataset = { images: [{ id: 1 }], annotations: [], categories };

  it('refuses curves of more than 2^28 points before they are made', () => {
    expect(() => evaluate(dataset, [], { iouType: 'bbox' })).toThrow(
      /^Expected at most 268435456 curve points but 10 x 101 x 23000 x 4 x 3/,
    );
    expect(evaluate(dataset, [], { iouType: 'bbox', useCats: false }).stats[0]).toBe(-1);
    expect(evaluate(dataset, [], { iouType: 'bbox', recThrs: [0, 1] }).params.catIds).toHaveLength(23_000);
  });

  it('refuses a confusion matrix of more than 8191 classes', () => {
    expect(() =>
      confusionMatrix(
        [],
        categories.map(({ id }) => id),
      ),
    ).toThrow(/at most 8191 classes/);
  });

  it('takes lists for lists only', () => {
    for (const name of ['imgIds', 'catIds', 'iouThrs', 'recThrs', 'maxDets', 'areaRng']) {
      for (const value of [5, 'x', null, {}]) {
        expect(() => evaluate(dataset, [], { iouType: 'bbox', [name]: value })).toThrow(new RegExp(`Expected a list of .* for ${name}`));
      }
    }
    for (const areaRng of [[5], [null], ['ab'], [[1]], [[1, 2, 3]], [[NaN, 1]], [[1, undefined]]]) {
      expect(() => evaluate(dataset, [], { iouType: 'bbox', areaRng: areaRng as never })).toThrow(/areaRng\[0\] to be \[low, high\]/);
    }
  });
});
