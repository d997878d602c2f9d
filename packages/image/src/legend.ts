import { css, fitText, measuringContext, type Drawing } from './canvas.ts';
import type { Rgb } from './encode.ts';

/** One line of a legend. */
export interface LegendEntry {
  readonly name: string;
  /** Part of the picture's area, 0 to 1. */
  readonly share: number;
  readonly color: Rgb;
}

/** Where everything of a legend goes. */
export interface Legend {
  readonly entries: readonly LegendEntry[];
  readonly columns: number;
  readonly columnWidth: number;
  readonly rowHeight: number;
  readonly margin: number;
  readonly height: number;
}

/** Lays entries out in as many columns of equal width as fit, read row by row. */
export function planLegend(entries: readonly LegendEntry[], width: number, fontSize: number): Legend {
  const context = measuringContext(fontSize);
  const margin = Math.round(fontSize * 0.9);
  const rowHeight = Math.round(fontSize * 1.7);
  const widest = Math.max(...entries.map((entry) => context.measureText(entry.name).width));
  const percentWidth = context.measureText(' 100 %').width;
  const wanted = Math.ceil(widest + percentWidth + fontSize * 2.6);
  const columns = Math.max(1, Math.min(entries.length, Math.floor((width - margin) / wanted)));
  const columnWidth = Math.floor((width - margin) / columns);
  return { entries, columns, columnWidth, rowHeight, margin, height: Math.ceil(entries.length / columns) * rowHeight + 2 * margin };
}

/** Draws on a plate of its own from row `top` of the canvas on, so that no picture disturbs it. */
export function drawLegend({ canvas, context, fontSize }: Drawing, legend: Legend, top: number): void {
  const { columns, columnWidth, rowHeight, margin } = legend;
  context.fillStyle = css([250, 250, 248]);
  context.fillRect(0, top, canvas.width, legend.height);
  for (const [i, { name, share, color }] of legend.entries.entries()) {
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
    const percent = formatShare(share);
    const room = columnWidth - swatch - fontSize * 1.4 - context.measureText(` ${percent}`).width;
    const text = fitText(context, name, room);
    context.fillStyle = css([24, 26, 30]);
    context.fillText(text, textX, baseline);
    context.fillStyle = css([110, 113, 120]);
    context.fillText(percent, textX + context.measureText(`${text} `).width + fontSize * 0.15, baseline);
  }
}

function formatShare(share: number): string {
  return share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`;
}
