import { maskColumns, UNLABELED, VitaminError, type Instance, type LabelMap, type Mask } from '@vitamin-vlm/core';
import type { Picture } from './picture.ts';

/** For each pixel, the index of the smallest instance whose mask holds it: what one sees when larger masks lie below smaller ones. */
export function instanceMap({ width, height }: Picture, instances: readonly Instance[]): LabelMap {
  if (instances.length >= UNLABELED) {
    throw new VitaminError('USAGE', `Expected fewer than ${UNLABELED} instances to paint but received ${instances.length}`);
  }
  const data = new Uint16Array(width * height).fill(UNLABELED);
  const masks = instances.flatMap(({ mask }, index) => (mask ? [{ mask, index, area: areaOf(mask) }] : []));
  for (const { mask, index } of masks.toSorted((a, b) => b.area - a.area)) {
    for (const [x, top, bottom] of maskColumns(mask)) {
      for (let y = top; y < bottom; y++) data[y * width + x] = index;
    }
  }
  return { width, height, data };
}

function areaOf({ counts }: Mask): number {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i]!;
  return area;
}
