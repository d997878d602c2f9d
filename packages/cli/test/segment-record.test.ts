import { parseLabels } from '@vitamin-vlm/backbone';
import { UNLABELED } from '@vitamin-vlm/core';
import { labelColor } from '@vitamin-vlm/image';
import { expect, it } from 'vitest';
import { segmentRecord } from '../src/work/segment-record.ts';

it.each([
  [255, 254, 255],
  [256, 255, 65_535],
  [300, 299, 65_535],
])('of %i labels: the last is no mark for "none", which is that of the PNG', (count, last, unlabeledValue) => {
  const labels = parseLabels(Array.from({ length: count }, (_, i) => `label ${i}`));
  const semantic = { width: 4, height: 1, data: new Uint16Array([1, last, UNLABELED, 1]) };
  expect(segmentRecord('a.png', { width: 4, height: 1, labels, semantic })).toEqual({
    file: 'a.png',
    width: 4,
    height: 1,
    unlabeledValue,
    labels: [
      { id: 1, label: 'label 1', color: labelColor(1), pixels: 2, share: 0.5 },
      { id: last, label: `label ${last}`, color: labelColor(last), pixels: 1, share: 0.25 },
    ],
  });
});
