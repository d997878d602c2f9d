import type { CategoryRow } from '../coco/per-category.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { errorMeaning, tideErrorTypes } from '../tide/classify.ts';
import type { TideResult } from '../tide/tide.ts';
import { csv } from './csv.ts';
import { decimal, table } from './table.ts';

/** AP, AR and the best operating point of each category. */
export function perClassText(rows: readonly CategoryRow[]): string {
  const areas = Object.keys(rows[0]?.byArea ?? {});
  const columns = ['AP', 'AP50', 'AP75', ...areas.map((label) => `AP ${label}`), 'AR', 'best F1', 'at score', 'objects', 'detections'];
  const lines = rows.map((row) => [
    row.name,
    ...[row.AP, row.AP50, row.AP75, ...areas.map((label) => row.byArea[label]), row.AR, row.best?.f1, row.best?.score].map(decimal),
    String(row.groundTruths),
    String(row.detections),
  ]);
  return table([{ title: 'category', left: true }, ...columns.map((title) => ({ title }))], lines);
}

/** The same with all digits, and what stands behind the best F1. */
export function perClassCsv(rows: readonly CategoryRow[]): string {
  const areas = Object.keys(rows[0]?.byArea ?? {});
  const numbers = ['AP', 'AP50', 'AP75', ...areas.map((label) => `AP ${label}`), 'AR'];
  const best = ['best F1', 'score', 'precision', 'recall', 'TP', 'FP', 'FN'];
  const lines = rows.map((row) => {
    const at = row.best;
    const point = [at?.f1, at?.score, at?.precision, at?.recall, at?.truePositives, at?.falsePositives, at?.falseNegatives];
    const aps = [row.AP, row.AP50, row.AP75, ...areas.map((label) => row.byArea[label]), row.AR];
    return [String(row.id), row.name, row.groundTruths, row.detections, ...aps, ...point];
  });
  return csv([['id', 'category', 'objects', 'detections', ...numbers, ...best], ...lines]);
}

function points(value: number | null): string {
  return value === null ? '-' : (100 * value).toFixed(2);
}

/** TIDE's main and special errors. */
export function tideText({ ap, main, special, counts }: TideResult): string {
  const lines = tideErrorTypes.map((type) => [type, points(main[type]), String(counts[type]), errorMeaning[type]]);
  const specials = [
    ['FalsePos', points(special.FalsePos), '', 'all false positives scored lowest'],
    ['FalseNeg', points(special.FalseNeg), '', 'no object missed'],
  ];
  const columns = [{ title: 'error', left: true }, { title: 'dAP' }, { title: 'count' }, { title: 'meaning', left: true }];
  return `TIDE, AP50 ${points(ap)}\n${table(columns, [...lines, ...specials])}`;
}

const listed = 20;

/** What became of the objects, and the pairs of classes that are confused most; the whole matrix is in the JSON document. */
export function confusionText({ categoryIds, counts }: ConfusionMatrix, nameOf: (id: number) => string): string {
  const k = categoryIds.length;
  const at = (row: number, column: number): number => counts[row * (k + 1) + column]!;
  let [right, wrong, missed, background] = [0, 0, 0, 0];
  const pairs: { row: number; column: number; count: number }[] = [];
  for (let row = 0; row < k; row++) {
    right += at(row, row);
    missed += at(row, k);
    background += at(k, row);
    for (let column = 0; column < k; column++) {
      if (row === column || at(row, column) === 0) continue;
      wrong += at(row, column);
      pairs.push({ row, column, count: at(row, column) });
    }
  }
  const top = pairs.toSorted((a, b) => b.count - a.count).slice(0, listed);
  const lines = top.map(({ row, column, count }) => [nameOf(categoryIds[row]!), nameOf(categoryIds[column]!), String(count)]);
  const head = `Confusion at IoU 0.5: ${right} right, ${wrong} of another class, ${missed} missed, ${background} on background\n`;
  if (!lines.length) return head;
  return head + table([{ title: 'truth', left: true }, { title: 'prediction', left: true }, { title: 'count' }], lines);
}
