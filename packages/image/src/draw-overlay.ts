import { VitaminError } from '@vitamin-vlm/core';
import { finishDrawing, startDrawing, textSize } from './canvas.ts';
import { drawNames } from './draw-names.ts';
import { enlargement, enlargePicture } from './enlarge.ts';
import { checkLabelMap } from './label-map.ts';
import { drawLegend, planLegend } from './legend.ts';
import { placeNames } from './name-places.ts';
import { drawOutlines } from './outline.ts';
import type { Overlay, OverlayOptions } from './overlay.ts';
import { overlayLayers } from './overlay-layers.ts';
import { paintAreas } from './paint-areas.ts';
import { checkPicture, type Picture } from './picture.ts';

/**
 * Draws what was found over a picture: areas in the colors of their labels with borders between them, outlines of boxes, names, a legend. Names of all layers
 * are placed together, never one upon another: a label is named at least once where there is room; in a crowd, more of the same label are told by their color.
 * Lines and text grow with the picture. A picture with both sides under 320 pixels is first enlarged by a whole number so that text is legible.
 * The input is not changed.
 *
 * @throws VitaminError `USAGE` when a map or mask has not the picture's size, a box is not four finite numbers, an instance has neither box nor mask, or the
 * opacity is not from 0 to 1; `INPUT_UNREADABLE` for an inconsistent picture.
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * import { decodeImage, drawOverlay, encodePng } from '@vitamin-vlm/image';
 * const picture = await decodeImage('street.jpg');
 * const drawn = drawOverlay(picture, { instances: [{ label: 'red umbrella', score: 0.87, box: [40, 60, 120, 200] }] });
 * await writeFileAtomic('street.overlay.png', await encodePng(drawn));
 * ```
 */
export function drawOverlay(picture: Picture, overlay: Overlay, options: OverlayOptions = {}): Picture {
  checkPicture(picture);
  checkOverlay(picture, overlay);
  const { opacity = 0.55, names = true } = options;
  if (!(opacity >= 0 && opacity <= 1)) throw new VitaminError('USAGE', `Expected an opacity from 0 to 1 but received ${opacity}`);

  const scale = enlargement(picture);
  const { areas, boxes, wishes, legend } = overlayLayers(picture, overlay, options, scale);
  let painted = enlargePicture(picture, scale);
  for (const layer of areas) painted = paintAreas(painted, layer, opacity);
  const placed = names ? placeNames(wishes, painted) : [];

  const named = new Set(placed.filter(({ isWhole }) => isWhole).map(({ label }) => label));
  const wanted = options.legend ?? legend.some(({ label, share }) => share !== undefined || !named.has(label));
  const plan = wanted && legend.length > 0 ? planLegend(legend, painted.width, textSize(painted)) : undefined;
  const drawing = startDrawing(painted, Math.max(painted.width, plan?.width ?? 0), painted.height + (plan?.height ?? 0));
  drawOutlines(drawing, painted, boxes);
  drawNames(drawing, placed);
  if (plan) drawLegend(drawing, plan, painted.height);
  return finishDrawing(drawing);
}

function checkOverlay(picture: Picture, { labelMap, panoptic, instances = [] }: Overlay): void {
  const { width, height } = picture;
  for (const map of [labelMap, panoptic?.map]) {
    if (!map) continue;
    checkLabelMap(map);
    if (map.width !== width || map.height !== height) {
      throw new VitaminError(
        'USAGE',
        `Expected a label map of ${width} x ${height} as the picture but received ${map.width} x ${map.height}`,
      );
    }
  }
  for (const { label, box, mask } of instances) {
    if (!box && !mask) throw new VitaminError('USAGE', `Expected a box or a mask of each instance but "${label}" has none`);
    if (box && !(box.length === 4 && box.every(Number.isFinite))) {
      throw new VitaminError('USAGE', `Expected a box of four numbers but "${label}" has [${box.join(', ')}]`);
    }
    if (mask && !(mask.size[0] === height && mask.size[1] === width)) {
      throw new VitaminError(
        'USAGE',
        `Expected a mask of ${width} x ${height} as the picture but "${label}" has one of ${mask.size[1]} x ${mask.size[0]}`,
      );
    }
  }
}
