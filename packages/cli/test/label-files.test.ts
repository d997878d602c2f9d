import { parseLabels } from '@vitamin-vlm/backbone';
import { UNLABELED, unlabeledIn } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { labelImage, regionsOf } from '../src/work/label-files.ts';

/** Four pixels: labels 1, 1 and `last`, and one without a label. */
const mapWith = (last: number): { width: number; height: number; data: Uint16Array } => ({
  width: 4,
  height: 1,
  data: new Uint16Array([1, last, UNLABELED, 1]),
});

it.each([
  [255, 254, Uint8Array, 255],
  [256, 255, Uint16Array, 65_535],
  [300, 299, Uint16Array, 65_535],
])('of %i labels: the last is no mark for "none"', (count, last, kind, mark) => {
  const image = labelImage(mapWith(last), count);
  expect(image.data).toBeInstanceOf(kind);
  expect(unlabeledIn(image)).toBe(mark);
  expect([...image.data]).toEqual([1, last, mark, 1]);
  const labels = parseLabels(Array.from({ length: count }, (_, i) => `label ${i}`));
  expect(regionsOf(image, labels)).toEqual([
    { id: 1, label: 'label 1', pixels: 2, share: 0.5 },
    { id: last, label: `label ${last}`, pixels: 1, share: 0.25 },
  ]);
});
