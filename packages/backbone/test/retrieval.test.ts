import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { normalizeRows } from '../src/tasks/features.ts';
import { retrievalRecall } from '../src/tasks/retrieval.ts';
import { formulaValues } from './formula.ts';

it('counts as CLIP_benchmark does', async () => {
  const images = formulaValues('images', [40, 16]);
  const unit = normalizeRows(images).data;
  const noise = normalizeRows(formulaValues('texts', [120, 16])).data;
  const owners = Int32Array.from({ length: 120 }, (_, i) => i % 40);
  const texts = tensor(
    'float32',
    [120, 16],
    noise.map((value, i) => value + 0.35 * unit[owners[i >> 4]! * 16 + (i % 16)]!),
  );
  // clip_benchmark's recall_at_k with PyTorch 2.4 on the same values.
  const { imageRetrieval, textRetrieval } = await retrievalRecall(images, texts, owners);
  [0.225, 0.566667, 0.725].forEach((value, i) => expect(imageRetrieval[[1, 5, 10][i]!]).toBeCloseTo(value, 6));
  [0.25, 0.725, 0.9].forEach((value, i) => expect(textRetrieval[[1, 5, 10][i]!]).toBeCloseTo(value, 6));
});

it('counts pictures without captions as misses, and orders equal scores by index', async () => {
  const same = tensor('float32', [3, 2], new Float32Array([1, 0, 1, 0, 1, 0]));
  const { imageRetrieval, textRetrieval } = await retrievalRecall(same, same, [0, 1, 1], { ks: [1, 2] });
  expect(imageRetrieval).toEqual({ 1: 1 / 3, 2: 1 });
  expect(textRetrieval).toEqual({ 1: 1 / 3, 2: 2 / 3 });
});

it('refuses what does not fit, and stops on request', async () => {
  const two = formulaValues('two', [2, 4]);
  await expect(retrievalRecall(two, two, [0])).rejects.toThrow('2 captions');
  await expect(retrievalRecall(two, two, [0, 2])).rejects.toThrow('from 0 to 1');
  await expect(retrievalRecall(two, formulaValues('three', [2, 3]), [0, 1])).rejects.toThrow('equal width');
  const many = formulaValues('many', [200, 4]);
  const owners = new Int32Array(200);
  await expect(retrievalRecall(two, many, owners, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});
