import { css, useFont, type Drawing } from './canvas.ts';
import type { PlacedName } from './name-places.ts';
import { inkOn } from './palette.ts';

/** Writes names where they were placed. */
export function drawNames(drawing: Drawing, names: readonly PlacedName[]): void {
  for (const name of names) {
    useFont(drawing.context, name.font);
    if (name.style === 'plate') drawPlate(drawing, name);
    else drawRimmed(drawing, name);
  }
}

/** Black or white letters on a plate of the label's color, whichever reads better. */
function drawPlate({ context, lineWidth }: Drawing, { x, y, width, height, font, text, color }: PlacedName): void {
  context.fillStyle = css(color);
  context.strokeStyle = css([0, 0, 0], 0.55);
  context.lineWidth = Math.max(1, lineWidth * 0.4);
  context.beginPath();
  context.roundRect(x, y, width, height, Math.round(font * 0.2));
  context.fill();
  context.stroke();
  context.fillStyle = css(inkOn(color));
  context.fillText(text, x + Math.round(font * 0.35), y + Math.round(font * 1.02));
}

/** White letters with a dark rim, readable on any color. */
function drawRimmed({ context }: Drawing, { x, y, font, text }: PlacedName): void {
  const left = x + Math.round(font * 0.35);
  const baseline = y + Math.round(font * 1.02);
  context.strokeStyle = css([0, 0, 0], 0.75);
  context.lineWidth = Math.max(2, font / 4);
  context.strokeText(text, left, baseline);
  context.fillStyle = css([255, 255, 255]);
  context.fillText(text, left, baseline);
}
