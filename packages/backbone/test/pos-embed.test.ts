import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { resizePositionEmbedding } from '../src/pos-embed.ts';
import { formulaValues } from './formula.ts';

/** A square grid of position embeddings of width 2. */
function formulaGrid(side: number): Tensor<'float32'> {
  const { shape, data } = formulaValues('pos', [1, side * side, 2]);
  return tensor(
    'float32',
    shape,
    data.map((value) => 2 * value),
  );
}

// PyTorch 2.4 interpolate(mode='bicubic', align_corners=False): sum, mean abs, elements 0, 1, n/2, n-1.
it.each([
  [4, 6, true, 3.9984, 0.376262, [0.675853, 0.396958, 0.140232, 0.192027]],
  [4, 6, false, 3.78244, 0.390988, [0.695768, 0.43991, 0.139943, 0.179862]],
  [14, 21, true, -15.25045, 0.412814, [0.729792, 0.312118, 0.508823, 0.769654]],
  [14, 21, false, -15.71725, 0.432542, [0.768555, 0.327199, 0.580224, 0.786798]],
  [14, 24, true, -20.2888, 0.410088, [0.751748, 0.32063, -0.583504, 0.779341]],
  [24, 14, true, -3.86342, 0.227502, [0.309309, 0.207877, 0.295591, -0.480497]],
  [24, 14, false, -2.87222, 0.422493, [0.290199, 0.252745, 0.353921, -0.521045]],
] as const)('resizes %i to %i with antialias %s as torch does', (from, to, antialias, sum, meanAbs, samples) => {
  const { data, shape } = resizePositionEmbedding(formulaGrid(from), [from, from], [to, to], { antialias });
  expect(shape).toEqual([1, to * to, 2]);
  const n = data.length;
  expect(data.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 4);
  expect(data.reduce((total, value) => total + Math.abs(value), 0) / n).toBeCloseTo(meanAbs, 6);
  samples.forEach((sample, i) => expect(data[[0, 1, n / 2, n - 1][i]!]).toBeCloseTo(sample, 5));
});

it('is the identity for equal sizes and keeps constants for others', () => {
  for (const antialias of [true, false]) {
    const grid = formulaGrid(7);
    expect(resizePositionEmbedding(grid, [7, 7], [7, 7], { antialias })).toEqual(grid);
    const flat = tensor('float32', [6, 3], new Float32Array(18).fill(0.25));
    const wide = resizePositionEmbedding(flat, [2, 3], [5, 4], { antialias });
    expect(wide.shape).toEqual([20, 3]);
    for (const value of wide.data) expect(value).toBeCloseTo(0.25, 6);
  }
});

it('refuses grids that do not fit the shape', () => {
  expect(() => resizePositionEmbedding(formulaGrid(4), [4, 5], [6, 6])).toThrow('[1, 4·5, D]');
  expect(() => resizePositionEmbedding(formulaGrid(4), [4, 4], [0, 6])).toThrow('Expected position embeddings');
});
