import type { ReportBox } from './types.ts';

/** Text at a baseline that starts at (x, y). */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Widths of semi-bold characters, in parts of the font size: of most on average, and the most that narrow and wide ones take. */
const CHARACTER = 0.69;
const WIDE = 1.05;
/** Characters that fill a square, and capitals and signs that nearly do. */
const WIDE_ONES = /[\u1100-\u115f\u2e80-\uffff]|[\ud800-\udbff][\udc00-\udfff]|[MW@%—]/gu;

/** Room that a text takes at most, in parts of the font size. */
function widthOf(text: string): number {
  const wide = text.match(WIDE_ONES)?.length ?? 0;
  return WIDE * wide + CHARACTER * (Array.from(text).length - wide);
}

/** The words of a box. */
export function labelText({ label, score }: ReportBox): string {
  return score === undefined ? label : `${label} ${score.toFixed(2)}`;
}

/**
 * A label for each box that has room for one: in its upper left corner, above or below it, or in its lower left corner, inside the picture and clear of
 * the labels before. Mistakes choose first. Boxes without a label still tell their name to the pointer.
 */
export function placeLabels(boxes: readonly ReportBox[], font: number, width: number, height: number): (Label | undefined)[] {
  const taken: Area[] = [];
  const labels: (Label | undefined)[] = boxes.map(() => undefined);
  const order = [...boxes.keys()].toSorted((a, b) => Number(boxes[a]!.kind === 'tp') - Number(boxes[b]!.kind === 'tp') || a - b);
  for (const i of order) {
    const text = labelText(boxes[i]!);
    const wide = font * widthOf(text);
    const [x = 0, y = 0, , h = 0] = boxes[i]!.bbox;
    const left = Math.max(0, Math.min(x + 0.25 * font, width - wide));
    for (const bottom of [y + 1.15 * font, y - 0.1 * font, y + h + 1.1 * font, y + h - 0.1 * font]) {
      const area = { left, top: bottom - 1.05 * font, right: left + wide, bottom };
      if (wide > width || area.top < 0 || bottom > height || taken.some((other) => overlap(area, other))) continue;
      taken.push(area);
      labels[i] = { x: left, y: bottom - 0.22 * font, text };
      break;
    }
  }
  return labels;
}

function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
