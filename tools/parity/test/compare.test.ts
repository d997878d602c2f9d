import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { compare } from '../src/index.ts';

const found = tensor('float32', [2, 2], new Float32Array([1, -2, 3, 4]));
const sines = 1 * Math.sin(0) - 2 * Math.sin(1) + 3 * Math.sin(2) + 4 * Math.sin(3);

it('passes what is equal', () => {
  const expected = { shape: [2, 2], mean: 1.5, meanAbs: 2.5, samples: [[1, -2]] as const, sinSum: sines };
  expect(compare(found, expected)).toMatchObject({ pass: true });
  expect(compare(found, expected).error).toBeLessThan(1e-12);
});

it.each([
  ['sample', (error: number) => ({ meanAbs: 2.5, samples: [[1, -2 + error * (2 + 2.5)]] as const }), 1e-4],
  ['mean', (error: number) => ({ meanAbs: 2.5, mean: 1.5 + error * 2.5 }), 1e-4],
  ['sine sum', (error: number) => ({ meanAbs: 2.5, sinSum: sines - error * 2.5 * 2 }), 3e-4],
  ['mean without meanAbs, by its own scale', (error: number) => ({ mean: 1.5 - error * 2.5 }), 1e-4],
  ['meanAbs alone', (error: number) => ({ meanAbs: 2.5 / (1 + error) }), 1e-4],
] as const)('holds the limit of %s', (_, expectedWith, limit) => {
  expect(compare(found, expectedWith(0.95 * limit))).toMatchObject({ pass: true, limit });
  expect(compare(found, expectedWith(1.05 * limit))).toMatchObject({ pass: false, limit });
  expect(compare(found, expectedWith(0.95 * limit)).error).toBeCloseTo(0.95 * limit, 6);
});

it('names the comparison that is worst in units of its limit', () => {
  const expected = { meanAbs: 2.5, mean: 1.5 + 2e-4 * 2.5, sinSum: sines + 3e-4 * 2.5 * 2 };
  expect(compare(found, expected).at).toBe('mean');
});

it('fails other shapes, samples outside, and numbers that are none', () => {
  expect(compare(found, { shape: [4] })).toMatchObject({ pass: false, at: 'shape [2, 2] instead of [4]' });
  expect(compare(found, { samples: [[4, 0]] })).toMatchObject({ pass: false, at: 'sample 4 of a tensor of 4 elements' });
  const broken = tensor('float32', [2], new Float32Array([1, Number.NaN]));
  expect(compare(broken, { mean: 1, meanAbs: 1 })).toMatchObject({ pass: false, error: Number.POSITIVE_INFINITY });
  expect(compare(broken, { samples: [[1, 1]], meanAbs: 1 })).toMatchObject({ pass: false });
  const zeros = tensor('float32', [2]);
  expect(compare(zeros, { mean: 0, meanAbs: 0, samples: [[0, 0]] })).toMatchObject({ pass: true });
  expect(compare(zeros, { mean: 1e-9 })).toMatchObject({ pass: false });
});

it('passes a shape alone', () => {
  expect(compare(found, { shape: [2, 2] })).toEqual({ pass: true, error: 0, limit: 1e-4, at: 'shape' });
});
