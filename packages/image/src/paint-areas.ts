import type { LabelMap } from '@vitamin-vlm/core';
import { textSize } from './canvas.ts';
import type { Rgb } from './encode.ts';
import type { Picture } from './picture.ts';

/** Areas to paint: the number of an area per pixel, and the color of each; areas without one stay as they are. */
export interface AreaLayer {
  readonly map: LabelMap;
  readonly tints: ReadonlyMap<number, Rgb>;
}

/**
 * The picture with its areas in their colors and white borders between them. Below a color, the picture is half drained of its own, so that the tint is the
 * color one sees.
 */
export function paintAreas(picture: Picture, { map, tints }: AreaLayer, opacity: number): Picture {
  const { width, height, data: areas } = map;
  const out = Uint8Array.from(picture.data);
  const keep = (1 - opacity) / 2;
  const reach = Math.max(1, Math.round(textSize(map) / 14));
  let area = -1;
  let color: Rgb | undefined;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (areas[i] !== area) {
        area = areas[i]!;
        color = tints.get(area);
      }
      const at = i * 3;
      if (isBorder(areas, i, x + reach < width ? i + reach : i, y + reach < height ? i + reach * width : i, tints)) {
        out[at] = out[at + 1] = out[at + 2] = 255;
      } else if (color) {
        const gray = keep * (0.299 * out[at]! + 0.587 * out[at + 1]! + 0.114 * out[at + 2]!) + 0.5;
        out[at] = gray + keep * out[at]! + opacity * color[0];
        out[at + 1] = gray + keep * out[at + 1]! + opacity * color[1];
        out[at + 2] = gray + keep * out[at + 2]! + opacity * color[2];
      }
    }
  }
  return { width, height, data: out };
}

/** Another area to the right or below, at least one of the two painted. */
function isBorder(areas: LabelMap['data'], own: number, right: number, below: number, tints: AreaLayer['tints']): boolean {
  const area = areas[own]!;
  if (areas[right] !== area && (tints.has(area) || tints.has(areas[right]!))) return true;
  return areas[below] !== area && (tints.has(area) || tints.has(areas[below]!));
}
