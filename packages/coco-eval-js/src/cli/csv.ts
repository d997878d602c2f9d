import { printable } from './printable.ts';

/** A cell of a CSV file; nothing where there is no number. */
export type Cell = string | number | null | undefined;

/** Lines of comma-separated values (RFC 4180, lines end in \n); numbers with all their digits. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: Cell): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = printable(value);
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The metrics, a line each. */
export function metricsCsv(metrics: Readonly<Record<string, number | null>>): string {
  return csv([['metric', 'value'], ...Object.entries(metrics)]);
}
