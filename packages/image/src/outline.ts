import type { Box } from '@vitamin-vlm/core';
import { css, type Drawing } from './canvas.ts';
import type { Rgb } from './encode.ts';
import type { Size } from './sizes.ts';

/** A box and the color of its line. */
export interface OutlinedBox {
  readonly box: Box;
  readonly color: Rgb;
}

/** Draws boxes, small ones last, so that large ones never hide them. */
export function drawOutlines(drawing: Drawing, picture: Size, boxes: readonly OutlinedBox[]): void {
  for (const { box, color } of boxes.toSorted((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3])) {
    outline(drawing, picture, box, color);
  }
}

/** A colored line between two dark ones, visible on any ground, inside the picture; thinner around small things, of which something must stay to be seen. */
function outline({ context, lineWidth }: Drawing, { width, height }: Size, box: Box, color: Rgb): void {
  const line = Math.max(1, Math.min(lineWidth, Math.min(box[2], box[3]) / 10));
  const left = Math.min(Math.max(box[0], 0), width - 1) + line / 2;
  const top = Math.min(Math.max(box[1], 0), height - 1) + line / 2;
  const right = Math.max(Math.min(box[0] + box[2], width) - line / 2, left + 0.5);
  const bottom = Math.max(Math.min(box[1] + box[3], height) - line / 2, top + 0.5);
  context.strokeStyle = css([0, 0, 0], 0.5);
  context.lineWidth = line + Math.max(1, 0.7 * line);
  context.strokeRect(left, top, right - left, bottom - top);
  context.strokeStyle = css(color);
  context.lineWidth = line;
  context.strokeRect(left, top, right - left, bottom - top);
}
