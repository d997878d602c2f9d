import { VitaminError } from '@vitamin-vlm/core';
import { css, finishDrawing, fitText, startDrawing, useFont, type Drawing } from './canvas.ts';
import type { Rgb } from './encode.ts';
import { enlargement, enlargePicture } from './enlarge.ts';
import { inkOn, labelColor } from './palette.ts';
import { checkPicture, type Picture } from './picture.ts';

/** One found thing. */
export interface LabeledBox {
  /** Left, top, width, height in pixels of the picture (COCO's order). May reach beyond the picture. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
  readonly label: string;
  /** Shown with two decimals when given. */
  readonly score?: number | undefined;
  /** Default: one color per label, in the order in which labels first appear. */
  readonly color?: Rgb | undefined;
}

/** Where a label goes, and how. */
interface Plate {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Text size in pixels. */
  readonly font: number;
  readonly text: string;
}

/**
 * Draws outlined boxes and, beside each, a plate with its label. In a crowd, where plates would cover each other, further boxes of a label that has a plate
 * are told by its color alone. Lines and text grow with the picture. A picture with both sides under 320 pixels is first
 * enlarged by a whole number so that text is legible; otherwise the result has the picture's size. The input is not changed.
 *
 * @throws VitaminError `USAGE` for a box that is not four finite numbers, `INPUT_UNREADABLE` for an inconsistent picture.
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * import { decodeImage, drawBoxes, encodePng } from '@vitamin-vlm/image';
 * const picture = await decodeImage('street.jpg');
 * const drawn = drawBoxes(picture, [{ box: [40, 60, 120, 200], label: 'red umbrella', score: 0.87 }]);
 * await writeFileAtomic('street.boxes.png', await encodePng(drawn));
 * ```
 */
export function drawBoxes(picture: Picture, boxes: readonly LabeledBox[]): Picture {
  checkPicture(picture);
  for (const { box } of boxes) {
    if (box.length !== 4 || !box.every(Number.isFinite))
      throw new VitaminError('USAGE', `Expected a box of four numbers but received [${box.join(', ')}]`);
  }
  const scale = enlargement(picture);
  const drawing = startDrawing(enlargePicture(picture, scale));
  const labels = [...new Set(boxes.map(({ label }) => label))];
  const items = boxes
    .map(({ box, label, score, color }) => ({
      box: box.map((value) => value * scale) as [number, number, number, number],
      label,
      text: score === undefined ? label : `${label} ${score.toFixed(2)}`,
      color: color ?? labelColor(labels.indexOf(label)),
    }))
    // Small boxes last, so that large ones never hide them.
    .toSorted((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]);
  for (const { box, color } of items) outline(drawing, box, color);
  const taken: Plate[] = [];
  const named = new Set<string>();
  for (const { box, label, text, color } of items) {
    const plate = place(drawing, box, text, taken);
    // In a crowd the color must do: a plate that would hide other plates tells less than it takes.
    if (named.has(label) && covered(plate, taken) > 0.25 * plate.width * plate.height) continue;
    drawPlate(drawing, plate, color);
    taken.push(plate);
    named.add(label);
  }
  return finishDrawing(drawing);
}

/** A colored line between two dark ones: visible on any ground. */
function outline({ canvas, context, lineWidth }: Drawing, box: LabeledBox['box'], color: Rgb): void {
  const inset = lineWidth / 2;
  const left = Math.max(box[0], 0) + inset;
  const top = Math.max(box[1], 0) + inset;
  const width = Math.max(Math.min(box[0] + box[2], canvas.width) - left - inset, 1);
  const height = Math.max(Math.min(box[1] + box[3], canvas.height) - top - inset, 1);
  context.strokeStyle = css([0, 0, 0], 0.55);
  context.lineWidth = lineWidth * 1.8;
  context.strokeRect(left, top, width, height);
  context.strokeStyle = css(color);
  context.lineWidth = lineWidth;
  context.strokeRect(left, top, width, height);
}

/** Text size for one box: smaller for small boxes, down to a size that can still be read. */
function plateFont(fontSize: number, [, , width, height]: LabeledBox['box']): number {
  return Math.round(Math.min(fontSize, Math.max(0.75 * fontSize, 11, 0.3 * Math.sqrt(width * height))));
}

/** Finds where a label hides the fewest others. */
function place({ canvas, context, fontSize }: Drawing, box: LabeledBox['box'], label: string, taken: readonly Plate[]): Plate {
  const font = plateFont(fontSize, box);
  useFont(context, font);
  const space = Math.round(font * 0.35);
  const text = fitText(context, label, canvas.width - 2 * space);
  const width = Math.ceil(context.measureText(text).width) + 2 * space;
  const height = Math.round(font * 1.35);
  return candidates(box, width, height)
    .map(([x, y]) => ({ x: clamp(x, canvas.width - width), y: clamp(y, canvas.height - height), width, height, font, text }))
    .reduce((best, next) => (covered(next, taken) < covered(best, taken) ? next : best));
}

function drawPlate({ context, lineWidth }: Drawing, { x, y, width, height, font, text }: Plate, color: Rgb): void {
  context.fillStyle = css(color);
  context.strokeStyle = css([0, 0, 0], 0.55);
  context.lineWidth = Math.max(1, lineWidth * 0.4);
  context.beginPath();
  context.roundRect(x, y, width, height, Math.round(font * 0.2));
  context.fill();
  context.stroke();
  context.fillStyle = css(inkOn(color));
  useFont(context, font);
  context.fillText(text, x + Math.round(font * 0.35), y + Math.round(font * 1.02));
}

/** Above the box, inside its top, below it, inside its bottom; at the left and at the right; then further down inside. The first is the usual place. */
function candidates([x, y, w, h]: LabeledBox['box'], width: number, height: number): [number, number][] {
  const right = x + w - width;
  return [
    [x, y - height],
    [x, y],
    [right, y - height],
    [right, y],
    [x, y + h],
    [x, y + h - height],
    [right, y + h],
    [right, y + h - height],
    [x, y + height],
    [x, y + 2 * height],
  ];
}

function clamp(value: number, high: number): number {
  return Math.round(Math.max(0, Math.min(value, high)));
}

/** Area that a plate would hide of others. */
function covered(plate: Plate, others: readonly Plate[]): number {
  let area = 0;
  for (const other of others) {
    const width = Math.min(plate.x + plate.width, other.x + other.width) - Math.max(plate.x, other.x);
    const height = Math.min(plate.y + plate.height, other.y + other.height) - Math.max(plate.y, other.y);
    if (width > 0 && height > 0) area += width * height;
  }
  return area;
}
