import { css, fitText, measuringContext, type Drawing } from './canvas.ts';
import type { Rgb } from './encode.ts';

/** One line of a legend. */
export interface LegendEntry {
  readonly label: string;
  readonly color: Rgb;
  /** Part of the picture's area, 0 to 1. */
  readonly share: number | undefined;
  /** How many there are. */
  readonly times: number | undefined;
}

/** Where everything of a legend goes. */
export interface Legend {
  readonly entries: readonly LegendEntry[];
  /** How many entries are left out at the end. */
  readonly more: number;
  readonly columns: number;
  readonly columnWidth: number;
  readonly rowHeight: number;
  readonly margin: number;
  /** At least the picture's; more where that is too narrow to read anything. */
  readonly width: number;
  readonly height: number;
}

/** What a legend needs for its words. */
const LEAST_WIDTH = 320;
/** More than anybody reads; a canvas has no room for the 65,000 labels that a damaged map may have. */
const MOST_ENTRIES = 400;

/** Lays entries out in as many columns of equal width as fit, read row by row. */
export function planLegend(all: readonly LegendEntry[], pictureWidth: number, fontSize: number): Legend {
  const width = Math.max(pictureWidth, LEAST_WIDTH);
  const context = measuringContext(fontSize);
  const margin = Math.round(fontSize * 0.9);
  const rowHeight = Math.round(fontSize * 1.7);
  const entries = all.slice(0, MOST_ENTRIES).map((entry) => ({ ...entry, label: fitText(context, entry.label, width) }));
  const more = all.length - entries.length;
  const widest = entries.reduce((most, entry) => Math.max(most, context.measureText(`${entry.label} ${noteOf(entry)}`).width), 0);
  const wanted = Math.ceil(widest + fontSize * 2.8);
  const columns = Math.max(1, Math.min(entries.length, Math.floor((width - margin) / wanted)));
  const columnWidth = Math.floor((width - margin) / columns);
  const rows = Math.ceil(entries.length / columns) + (more > 0 ? 1 : 0);
  return { entries, more, columns, columnWidth, rowHeight, margin, width, height: rows * rowHeight + 2 * margin };
}

/** Draws from row `top` of the canvas on, below the picture, so that nothing disturbs it. */
export function drawLegend({ context, fontSize }: Drawing, legend: Legend, top: number): void {
  const { columns, columnWidth, rowHeight, margin } = legend;
  for (const [i, entry] of legend.entries.entries()) {
    const { label, color } = entry;
    const x = margin + (i % columns) * columnWidth;
    const y = top + margin + Math.floor(i / columns) * rowHeight;
    const swatch = Math.round(fontSize * 1.1);
    context.fillStyle = css(color);
    context.strokeStyle = css([0, 0, 0], 0.45);
    context.lineWidth = Math.max(1, fontSize / 16);
    context.beginPath();
    context.roundRect(x, y + (rowHeight - swatch) / 2, swatch, swatch, swatch * 0.22);
    context.fill();
    context.stroke();
    const textX = x + swatch + fontSize * 0.5;
    const baseline = y + rowHeight / 2 + fontSize * 0.36;
    const note = noteOf(entry);
    const room = columnWidth - swatch - fontSize * 1.4 - context.measureText(` ${note}`).width;
    const text = fitText(context, label, room);
    context.fillStyle = css([24, 26, 30]);
    context.fillText(text, textX, baseline);
    context.fillStyle = css([110, 113, 120]);
    context.fillText(note, textX + context.measureText(`${text} `).width + fontSize * 0.15, baseline);
  }
  if (legend.more > 0) context.fillText(`and ${legend.more} more`, margin, top + legend.height - margin - rowHeight / 2 + fontSize * 0.36);
}

/** Its share of the area, how many there are if it is not one, or both. */
function noteOf({ share, times }: LegendEntry): string {
  const percent = share === undefined ? undefined : share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`;
  return [percent, times === undefined || times === 1 ? undefined : `×${times}`].filter((part) => part !== undefined).join(', ');
}
