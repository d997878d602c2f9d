import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { labelLogits, softmax, topK } from '../src/tasks/classify.ts';
import { cosineSimilarity, ensemblePrompts, normalizeRows } from '../src/tasks/features.ts';
import { parseLabels } from '../src/text/labels.ts';
import { formulaValues } from './formula.ts';

const words = normalizeRows(formulaValues('words', [5, 16]));

it('gives 100 times the cosine, and probabilities', () => {
  const vocabulary = { identity: { tower: 'm' }, labels: parseLabels(['a', 'b', 'c', 'd', 'e']), embeddings: words };
  const logits = labelLogits(formulaValues('images', [2, 16]), vocabulary);
  // PyTorch 2.4 on the same values.
  const expected = [-15.8279, 10.8041, -20.0508, -19.2531, -7.5727, 17.302, 3.7441, 14.63, -38.6895, 5.6229];
  expected.forEach((value, i) => expect(logits.data[i]).toBeCloseTo(value, 3));
  const probabilities = softmax(logits);
  expect(probabilities.data[5]).toBeCloseTo(0.93535, 4);
  expect(probabilities.data[7]).toBeCloseTo(0.064644, 5);
  expect(topK(probabilities.data.subarray(5), 2).map(({ index }) => index)).toEqual([0, 2]);
});

it('takes the best synonym of a class', () => {
  const vocabulary = { identity: { tower: 'm' }, labels: parseLabels(['a|b', 'c', 'd|e']), embeddings: words };
  const logits = labelLogits(tensor('float32', [16], formulaValues('images', [16]).data), vocabulary, 1);
  expect(logits.shape).toEqual([1, 3]);
  [0.108041, -0.200508, -0.075727].forEach((value, i) => expect(logits.data[i]).toBeCloseTo(value, 5));
});

it('keeps softmax finite and sums to one', () => {
  const { data } = softmax(tensor('float32', [2, 3], new Float32Array([1e4, 0, -1e4, 5, 5, 5])));
  expect(Array.from(data.subarray(0, 3))).toEqual([1, 0, 0]);
  expect(data[3]).toBeCloseTo(1 / 3, 6);
});

it('normalizes zero rows to zero and ensembles as mean of unit vectors', () => {
  expect(Array.from(normalizeRows(tensor('float32', [2, 2], new Float32Array([0, 0, 3, 4]))).data)).toEqual(
    [0, 0, 0.6, 0.8].map(Math.fround),
  );
  const prompts = tensor('float32', [4, 2], new Float32Array([10, 0, 0, 1, -2, 0, -2, 0]));
  const { shape, data } = ensemblePrompts(prompts, 2);
  expect(shape).toEqual([2, 2]);
  [Math.SQRT1_2, Math.SQRT1_2, -1, 0].forEach((value, i) => expect(data[i]).toBeCloseTo(value, 6));
  expect(() => ensemblePrompts(prompts, 3)).toThrow('multiple of 3');
  expect(() => cosineSimilarity(prompts, words)).toThrow('equal width');
});

it('ranks equal scores by their place', () => {
  expect(topK([1, 3, 3, 2], 3)).toEqual([
    { index: 1, score: 3 },
    { index: 2, score: 3 },
    { index: 3, score: 2 },
  ]);
  expect(topK([1], 5)).toHaveLength(1);
});
