import { type Tensor, tensor, UNLABELED } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { normalizeRows } from '../src/tasks/features.ts';
import type { ImageGeometry } from '../src/tasks/image-geometry.ts';
import { labelPixels } from '../src/tasks/label-pixels.ts';
import { PatchCandidates } from '../src/tasks/patch-candidates.ts';
import { parseLabels } from '../src/text/labels.ts';
import type { VocabularyMatrix } from '../src/text/vocabulary-matrix.ts';
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

/** Many labels over a grid: cosines that change slowly from cell to cell, as those of pictures do. `steps` rounds them, so that many are equal. */
function manyLabels(count: number, steps: number): { map: Tensor<'float32'>; words: VocabularyMatrix } {
  const [dim, rows, columns] = [8, 6, 7];
  const map = formulaValues(`map ${count} ${steps}`, [dim, rows, columns]);
  const words = formulaValues(`words ${count} ${steps}`, [count, dim]);
  const round = (value: number): number => (steps > 0 ? Math.round(value * steps) / steps : value);
  for (let e = 0; e < dim; e++) {
    for (let i = 0; i < rows * columns; i++) {
      const [y, x] = [Math.floor(i / columns), i % columns];
      map.data[e * rows * columns + i] = round(Math.sin(e + y / 3 + x / 4) + map.data[e * rows * columns + i]! / 8);
    }
  }
  const labels = parseLabels(Array.from({ length: count }, (_, k) => `label ${k}`));
  return { map, words: { identity: { tower: 'm' }, labels, embeddings: tensor('float32', [count, dim], words.data.map(round)) } };
}

it.each([
  [16, 0],
  [300, 0],
  [300, 2],
  [40, 4],
])('finds with %i labels (values in steps of 1/%i) pixel for pixel what asking all of them finds', async (count, steps) => {
  const { map, words } = manyLabels(count, steps);
  const geometries = [
    { width: 150, height: 120, inputWidth: 112, inputHeight: 96, region: { left: 0, top: 0, width: 112, height: 96 } },
    { width: 133, height: 71, inputWidth: 112, inputHeight: 96, region: { left: 0, top: 0, width: 100.5, height: 61 } },
    { width: 90, height: 90, inputWidth: 112, inputHeight: 96, region: { left: -40, top: 8, width: 190, height: 80 } },
  ];
  for (const geometry of geometries) {
    const found = await labelPixels(map, words, geometry);
    // A threshold needs the sum over all labels, so none is left out; this one is below every probability.
    const all = await labelPixels(map, words, geometry, { threshold: 1e-30 });
    expect(found.data).toEqual(all.data);
    expect(new Set(found.data).size).toBeGreaterThan(2);
  }
});

it('leaves no label out where some cosines are no numbers', async () => {
  const { map, words } = manyLabels(30, 0);
  const whole150 = { width: 150, height: 120, inputWidth: 112, inputHeight: 96, region: { left: 0, top: 0, width: 112, height: 96 } };
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    map.data[11] = broken;
    const found = await labelPixels(map, words, whole150);
    expect(found.data).toEqual((await labelPixels(map, words, whole150, { threshold: 1e-30 })).data);
  }
});

it('keeps between four cells the labels that no other beats at every corner', () => {
  const candidates = new PatchCandidates(5, 1);
  const corners = [
    [1, 0.5, 0, 0.4, 1],
    [0, 0.5, 0, 0.4, 0],
    [0, 0.5, 1, 0.4, 0],
    [0, 0.5, 0, 0.4, 0],
  ].map((values) => Float32Array.from(values));
  expect([...candidates.find(corners)]).toEqual([0, 1, 2, 4]);
});
