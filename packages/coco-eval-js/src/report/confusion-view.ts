import { escape, percent, round, section, tag, thousands } from './html.ts';
import type { ReportConfusion } from './types.ts';

/** A larger matrix cannot be read; then the classes with the most confusions are shown. */
const maxClasses = 80;
const listed = 12;

interface Matrix {
  readonly labels: readonly string[];
  /** Width of a row: classes and background. */
  readonly size: number;
  readonly at: (row: number, column: number) => number;
}

function matrixOf({ labels, counts }: ReportConfusion): Matrix {
  const size = labels.length + 1;
  return { labels: [...labels, 'background'], size, at: (row, column) => counts[row * size + column]! };
}

/** The classes that are most often taken for another, in their own order, and the background. */
function busiest({ size, at }: Matrix): number[] {
  const mistakes = Array.from({ length: size - 1 }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size - 1; j++) if (i !== j) sum += at(i, j) + at(j, i);
    return { i, sum };
  });
  const chosen = mistakes.toSorted((a, b) => b.sum - a.sum).slice(0, maxClasses);
  return [...chosen.map(({ i }) => i).toSorted((a, b) => a - b), size - 1];
}

function heatMap(matrix: Matrix, shown: readonly number[]): string {
  const { labels, at, size } = matrix;
  const cell = shown.length > 40 ? 12 : shown.length > 16 ? 20 : 40;
  const font = Math.min(13, cell * 0.85);
  const gutter = 12 + 0.66 * font * Math.max(...shown.map((i) => Math.min(18, labels[i]!.length)));
  const cells: string[] = [];
  shown.forEach((row, y) => {
    let sum = 0;
    for (let column = 0; column < size; column++) sum += at(row, column);
    shown.forEach((column, x) => {
      const count = at(row, column);
      if (count === 0) return;
      const kind = row === column ? 'right' : row === size - 1 || column === size - 1 ? 'void' : 'wrong';
      const box = { x: x * cell, y: y * cell, width: cell - 1, height: cell - 1 };
      const opacity = round(0.12 + 0.88 * Math.sqrt(count / sum));
      const title = tag('title', {}, escape(`${labels[row]} → ${labels[column]}: ${count} (${percent(count / sum)} %)`));
      cells.push(tag('rect', { ...box, class: kind, 'fill-opacity': opacity }, title));
      if (cell === 40)
        cells.push(
          tag('text', { x: box.x + cell / 2, y: box.y + cell / 2 + 4, class: opacity > 0.6 ? 'in strong' : 'in' }, thousands(count)),
        );
    });
  });
  const names = shown.map((i, n) => {
    const name = labels[i]!.length > 18 ? `${labels[i]!.slice(0, 17)}…` : labels[i]!;
    const middle = n * cell + cell / 2;
    return (
      tag('text', { x: -6, y: middle + font * 0.35, 'text-anchor': 'end' }, escape(name)) +
      tag('text', { transform: `translate(${round(middle + font * 0.35)} -6) rotate(-90)` }, escape(name))
    );
  });
  const side = shown.length * cell;
  const extent = gutter + side + 4;
  return tag(
    'svg',
    {
      class: 'matrix',
      viewBox: `${-gutter} ${-gutter} ${round(extent)} ${round(extent)}`,
      style: `max-width:${Math.round(extent)}px;font-size:${font}px`,
      role: 'img',
      'aria-label': 'Confusion matrix',
    },
    tag('rect', { class: 'ground', width: side, height: side }),
    ...cells,
    ...names,
  );
}

function worstPairs({ labels, size, at }: Matrix): string {
  const pairs: { row: number; column: number; count: number }[] = [];
  for (let row = 0; row < size - 1; row++) {
    for (let column = 0; column < size - 1; column++)
      if (row !== column && at(row, column) > 0) pairs.push({ row, column, count: at(row, column) });
  }
  const top = pairs.toSorted((a, b) => b.count - a.count).slice(0, listed);
  if (!top.length) return '';
  const most = top[0]!.count;
  const lines = top.map(({ row, column, count }) =>
    tag(
      'li',
      {},
      tag('span', { class: 'name' }, escape(labels[row]!), ' → ', escape(labels[column]!)),
      tag('span', { class: 'track' }, tag('span', { class: 'fill wrong', style: `width:${round((100 * count) / most)}%` })),
      tag('b', {}, thousands(count)),
    ),
  );
  return tag('div', {}, tag('h3', {}, 'Most frequent confusions'), tag('ol', { class: 'bars' }, ...lines));
}

/** Heat map by row share, and the most frequent pairs. */
export function confusionSection(confusion: ReportConfusion): string {
  const matrix = matrixOf(confusion);
  const shown = busiest(matrix);
  const cut = confusion.labels.length > maxClasses ? ` Shown: the ${maxClasses} classes most often confused.` : '';
  return section(
    'Confusion',
    `Rows: truth, columns: prediction, matched at IoU ${confusion.iouThr} whatever the class. A row is shaded by its shares; last row: detections on background, last column: objects not found.${cut}`,
    tag('div', { class: 'figure' }, heatMap(matrix, shown)),
    worstPairs(matrix),
  );
}
