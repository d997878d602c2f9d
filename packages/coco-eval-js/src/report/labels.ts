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

/** Average width of a semi-bold character, in parts of the font size; wide fonts are a little wider than most. */
const CHARACTER = 0.69;

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
    const wide = CHARACTER * font * text.length;
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
