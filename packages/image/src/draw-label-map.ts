import { VitaminError, type LabelMap } from '@vitamin-vlm/core';
import { css, finishDrawing, startDrawing, textSize, type Drawing } from './canvas.ts';
import type { Rgb } from './encode.ts';
import { enlargement, enlargeLabels, enlargePicture } from './enlarge.ts';
import { checkLabelMap } from './label-map.ts';
import { drawLegend, planLegend, type LegendEntry } from './legend.ts';
import { labelColor } from './palette.ts';
import { checkPicture, type Picture } from './picture.ts';
import { regions, type Region } from './region-centers.ts';

/** Options of `drawLabelMap`. */
export interface LabelMapOptions {
  /** Share of the label's color in the result, 0 to 1. Default 0.55. */
  readonly opacity?: number | undefined;
  /** Pixels with this label stay as they are and are not in the legend, e.g. 255 for "unlabeled". */
  readonly ignore?: number | undefined;
  /** Color per label. Default `labelColor`. */
  readonly color?: ((label: number) => Rgb) | undefined;
  /** A legend below the picture. Default true. */
  readonly legend?: boolean | undefined;
  /** Names written into the regions that have room for them. Default true. */
  readonly names?: boolean | undefined;
}

/**
 * Paints a label map over a picture: colors, white borders between regions, names inside large regions, and below the picture a legend with each
 * label's share of the area, largest first. A picture with both sides under 320 pixels is first enlarged by a whole number so that text is legible. With
 * `legend: false` the result has otherwise the picture's size. The input is not changed.
 *
 * @param map one label per pixel of the picture; a label without a name is shown by its number.
 * @param names name per label.
 * @throws VitaminError `USAGE` when the map's size is not the picture's or the opacity is not from 0 to 1, `INPUT_UNREADABLE` for an inconsistent picture.
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * import { decodeImage, drawLabelMap, encodePng } from '@vitamin-vlm/image';
 * const picture = await decodeImage('street.jpg');
 * const { width, height } = picture;
 * const data = new Uint8Array(width * height).fill(1, (width * height) / 2);
 * const drawn = drawLabelMap(picture, { width, height, data }, ['sky', 'road']);
 * await writeFileAtomic('street.overlay.png', await encodePng(drawn));
 * ```
 */
export function drawLabelMap(picture: Picture, map: LabelMap, names: readonly string[], options: LabelMapOptions = {}): Picture {
  checkPicture(picture);
  checkLabelMap(map);
  const { opacity = 0.55, color = labelColor } = options;
  if (map.width !== picture.width || map.height !== picture.height) {
    throw new VitaminError(
      'USAGE',
      `Expected a label map of ${picture.width} x ${picture.height} as the picture but received ${map.width} x ${map.height}`,
    );
  }
  if (!(opacity >= 0 && opacity <= 1)) throw new VitaminError('USAGE', `Expected an opacity from 0 to 1 but received ${opacity}`);

  const scale = enlargement(picture);
  const labels = enlargeLabels(map, scale);
  const painted = paint(enlargePicture(picture, scale), labels, opacity, (label) => (label === options.ignore ? undefined : color(label)));
  const found = regions(labels).filter(({ label }) => label !== options.ignore);
  const total = labels.width * labels.height;
  const nameOf = (label: number): string => names[label] ?? `label ${label}`;
  const entries: LegendEntry[] = found.map(({ label, area }) => ({ name: nameOf(label), share: area / total, color: color(label) }));
  const legend = options.legend === false || entries.length === 0 ? undefined : planLegend(entries, labels.width, textSize(labels));
  const drawing = startDrawing(painted, labels.height + (legend?.height ?? 0));
  if (options.names !== false) for (const region of found) writeName(drawing, region, nameOf(region.label));
  if (legend) drawLegend(drawing, legend, labels.height);
  return finishDrawing(drawing);
}

/**
 * The picture, half drained of its own color so that the label's color is the one seen, mixed with that; and the borders between labels in white.
 * `tint` is the color of a label, or undefined where the picture stays as it is.
 */
function paint(picture: Picture, map: LabelMap, opacity: number, tint: (label: number) => Rgb | undefined): Picture {
  const { width, height, data: labels } = map;
  const out = Uint8Array.from(picture.data);
  const keep = (1 - opacity) / 2;
  const reach = Math.max(1, Math.round(textSize(map) / 14));
  let label = -1;
  let color: Rgb | undefined;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (labels[i] !== label) {
        label = labels[i]!;
        color = tint(label);
      }
      const at = i * 3;
      if ((x + reach < width && labels[i + reach] !== label) || (y + reach < height && labels[i + reach * width] !== label)) {
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

/** White text with a dark rim, readable on any color, where the region is about large enough to hold it; the legend has the others. */
function writeName({ canvas, context, fontSize }: Drawing, region: Region, name: string): void {
  if (region.depth < fontSize * 0.8) return;
  const width = context.measureText(name).width;
  if (width > region.depth * 4) return;
  const x = Math.max(fontSize * 0.3, Math.min(region.x - width / 2, canvas.width - width - fontSize * 0.3));
  const y = region.y + fontSize * 0.36;
  context.strokeStyle = css([0, 0, 0], 0.75);
  context.lineWidth = Math.max(2, fontSize / 4);
  context.strokeText(name, x, y);
  context.fillStyle = css([255, 255, 255]);
  context.fillText(name, x, y);
}
