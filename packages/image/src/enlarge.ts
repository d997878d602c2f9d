import type { LabelMap } from '@vitamin-vlm/core';
import type { Picture } from './picture.ts';

/** Below this longer side a name would cover the picture. */
const LEGIBLE_SIDE = 320;

/** The whole number by which a small picture is enlarged before it is drawn on: 5 for 64 x 64, 1 from 320 pixels on. */
export function enlargement({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.max(1, Math.ceil(LEGIBLE_SIDE / Math.max(width, height)));
}

/** Repeats every pixel `factor` times in both directions. */
export function enlargePicture(picture: Picture, factor: number): Picture {
  const { width, height, data } = picture;
  if (factor === 1) return picture;
  const out = new Uint8Array(width * height * factor * factor * 3);
  for (let y = 0, to = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++, to += 3) {
      const from = (row + Math.floor(x / factor)) * 3;
      out.set(data.subarray(from, from + 3), to);
    }
  }
  return { width: width * factor, height: height * factor, data: out };
}

/** The same for a label map. */
export function enlargeLabels(map: LabelMap, factor: number): LabelMap {
  const { width, height, data } = map;
  if (factor === 1) return map;
  const Labels = data instanceof Uint16Array ? Uint16Array : Uint8Array;
  const out = new Labels(width * height * factor * factor);
  for (let y = 0, to = 0; y < height * factor; y++) {
    for (let x = 0; x < width * factor; x++, to++) out[to] = data[Math.floor(y / factor) * width + Math.floor(x / factor)]!;
  }
  return { width: width * factor, height: height * factor, data: out };
}
