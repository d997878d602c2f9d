import { tensor, UNLABELED } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { normalizeRows } from '../src/tasks/features.ts';
import type { ImageGeometry } from '../src/tasks/image-geometry.ts';
import { labelPixels } from '../src/tasks/label-pixels.ts';
import { parseLabels } from '../src/text/labels.ts';
import { formulaValues } from './formula.ts';

const vocabulary = {
  identity: { tower: 'm' },
  labels: parseLabels(['a|b', 'c', 'd|e']),
  embeddings: normalizeRows(formulaValues('words', [5, 8])),
};

/** [8, 5, 6], length one at each position. */
const dense = (() => {
  const map = formulaValues('dense', [8, 5, 6]);
  for (let cell = 0; cell < 30; cell++) {
    let square = 0;
    for (let e = 0; e < 8; e++) square += map.data[e * 30 + cell]! ** 2;
    for (let e = 0; e < 8; e++) map.data[e * 30 + cell]! /= Math.sqrt(square);
  }
  return map;
})();

/** How often each class occurs, and the sum of label times position: a fingerprint of the map. */
function fingerprint(data: Uint16Array): [number[], number] {
  const histogram = [0, 1, 2].map((label) => data.filter((value) => value === label).length);
  return [histogram, data.reduce((sum, label, i) => sum + label * i, 0)];
}

const whole: ImageGeometry = { width: 77, height: 50, inputWidth: 96, inputHeight: 80, region: { left: 0, top: 0, width: 96, height: 80 } };

it('labels as torch does: best synonym, bilinear enlargement, argmax', async () => {
  const map = await labelPixels(dense, vocabulary, whole);
  expect([map.width, map.height]).toEqual([77, 50]);
  // PyTorch 2.4: interpolate(mode='bilinear', align_corners=False) of the class cosines, then argmax.
  expect(fingerprint(map.data)).toEqual([[2258, 209, 1383], 5_675_934]);
});

it('never reads cells that hold padding only', async () => {
  const geometry = { width: 61, height: 37, inputWidth: 96, inputHeight: 80, region: { left: 0, top: 0, width: 96, height: 64 } };
  const { data } = await labelPixels(dense, vocabulary, geometry);
  expect(fingerprint(data)).toEqual([[1309, 192, 756], 1_835_516]);
  const changed = tensor(
    'float32',
    dense.shape,
    dense.data.map((value, i) => (i % 30 >= 24 ? -9 : value)),
  );
  expect((await labelPixels(changed, vocabulary, geometry)).data).toEqual(data);
});

it('gives unlikely pixels to the background', async () => {
  const plain = await labelPixels(dense, vocabulary, whole);
  const strict = await labelPixels(dense, vocabulary, whole, { threshold: 0.4, scale: 20 });
  expect(strict.data.filter((label) => label === UNLABELED)).toHaveLength(7);
  strict.data.forEach((label, i) => label !== UNLABELED && expect(label).toBe(plain.data[i]));
  const all = await labelPixels(dense, vocabulary, whole, { threshold: 1, background: 2, scale: 1 });
  expect(all.data.every((label) => label === 2)).toBe(true);
});

it('places a cropped picture, whose border lies outside the input', async () => {
  const half = { left: -48, top: 0, width: 192, height: 80 };
  const { data } = await labelPixels(dense, vocabulary, { ...whole, width: 154, region: half });
  const inner = await labelPixels(dense, vocabulary, whole);
  // The middle of the wide picture is the whole input, pixel for pixel where columns are even: 154 / 192 = 77 / 96.
  const row = data.subarray(0, 154);
  const middle = Array.from({ length: 76 }, (_, x) => row[x + 39]);
  const mismatches = middle.filter((label, x) => label !== inner.data[x] && label !== inner.data[x + 1]);
  expect(mismatches).toEqual([]);
});

it('refuses maps of another width and stops on request', async () => {
  await expect(labelPixels(formulaValues('x', [7, 5, 6]), vocabulary, whole)).rejects.toThrow('width 8');
  const large = { ...whole, width: 4000, height: 3000 };
  await expect(labelPixels(dense, vocabulary, large, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});
