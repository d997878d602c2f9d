import type { MeasuredRow } from './measured.ts';
import type { PublishedTable, TableColumn } from './published-table.ts';
import { contradictions, sources } from './published.data.ts';

/** A table as it is shown: every cell a text. */
export interface ShownTable {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly measured: boolean }[];
  /** Where the figures are from, and what is published in two ways. */
  readonly notes: readonly string[];
}

const MARKS = ['[1]', '[2]', '[3]'] as const;

/** Published lines, and those that were measured below them. The last column says where a line is from. */
export function showTable({ id, title, columns, rows, source }: PublishedTable, measured: readonly MeasuredRow[]): ShownTable {
  const marked = new Set<number>();
  const origins = new Set<string>();
  const published = rows.map(({ cells, source: own = source, marks = {} }) => {
    origins.add(own);
    const texts = columns.map((column, i) => {
      const mark = marks[column.key];
      if (mark !== undefined) marked.add(mark);
      return `${shown(cells[i]!, column)}${mark === undefined ? '' : ` ${MARKS[mark]}`}`;
    });
    return { cells: [...texts, own], measured: false };
  });
  const own = measured.map(({ name, cells }) => ({
    cells: [...columns.map((column, i) => (i === 0 ? name : rounded(cells[column.key], column))), 'measured here'],
    measured: true,
  }));
  return {
    id,
    title,
    columns: [...columns.map((column) => ({ title: column.title, isNumber: column.kind !== 'text' })), { title: 'from', isNumber: false }],
    rows: [...published, ...own],
    notes: [
      ...[...origins].map((name) => `${name}: ${sources[name]}`),
      ...[...marked].toSorted((a, b) => (a < b ? -1 : 1)).map((mark) => `${MARKS[mark]} published in two ways. ${contradictions[mark]}`),
    ],
  };
}

/** As it is published: percent with a digit at least. */
function shown(value: string | number | null, { kind = 'percent' }: TableColumn): string {
  if (value === null) return '-';
  return kind === 'percent' && Number.isInteger(value) ? Number(value).toFixed(1) : String(value);
}

/** As the papers print them: percent with a digit, points with two at most. */
function rounded(value: number | undefined, { kind = 'percent' }: TableColumn): string {
  if (value === undefined) return '-';
  return kind === 'percent' ? value.toFixed(1) : String(Number(value.toFixed(2)));
}
