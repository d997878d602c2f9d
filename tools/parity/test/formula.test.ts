import { expect, it } from 'vitest';
import { fnv1a, formulaInput, formulaTensor, formulaValues } from '../src/formula.ts';

/** Values agree to the digits they are written with. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits = 6): void {
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits));
}

it('gives the check values of the generator', () => {
  expect(fnv1a('input')).toBe(4191711099);
  expectClose(formulaValues('input', [5], 1).data, [-0.45369538, -0.06576601, 0.06328818, -0.00275487, -0.32184239]);
  expectClose(
    formulaTensor('visual.trunk.patch_embed.backbone.stem.conv1.weight', [16, 3, 3, 3]).data,
    [0.15464802, 0.31761435, -0.06708095],
  );
});

it('gives the input picture of the nano model', () => {
  const { data } = formulaInput(64, 64);
  let sum = 0;
  let absolute = 0;
  for (const value of data) {
    sum += value;
    absolute += Math.abs(value);
  }
  expectClose(
    [sum / data.length, absolute / data.length, data[0]!, data[1]!, data[6144]!, data.at(-1)!],
    [0.008692, 1.009728, -1.814782, -0.263064, -0.86027, -0.40139],
    5,
  );
});

it('chooses the rule by the name', () => {
  for (const [name, shape, center, half] of [
    ['text.token_embedding.weight', [50, 40], 0, 0.1],
    ['visual.trunk.pos_embed', [1, 196, 10], 0, 0.1],
    ['text.text_projection', [48, 40], 0, Math.sqrt(12 / 48) / 2],
    ['text.transformer.resblocks.0.attn.in_proj_weight', [60, 30], 0, Math.sqrt(12 / 30) / 2],
    ['text.transformer.resblocks.0.attn.in_proj_bias', [2000], 0, 0.05],
    ['text.ln_final.bias', [2000], 0, 0.05],
    ['text.ln_final.weight', [2000], 1, 0.1],
    ['visual.trunk.stages.0.blocks.0.gamma', [2000], 1, 0.1],
  ] as const) {
    const { data } = formulaTensor(name, shape);
    const [low, high] = [Math.min(...data), Math.max(...data)];
    expect(low).toBeGreaterThanOrEqual(center - half - 1e-6);
    expect(high).toBeLessThanOrEqual(center + half);
    expect(high - low).toBeGreaterThan(1.9 * half);
  }
  expectClose(formulaTensor('logit_scale', []).data, [Math.log(100)], 6);
});
