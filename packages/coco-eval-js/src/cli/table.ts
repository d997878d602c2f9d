import { printable } from './printable.ts';

/** A column of a text table: numbers to the right, words to the left. */
export interface Column {
  readonly title: string;
  readonly left?: boolean;
}

/** Aligned text, two spaces between columns, a line end after each row. */
export function table(columns: readonly Column[], content: readonly (readonly string[])[]): string {
  const rows = content.map((row) => row.map(printable));
  const widths = columns.map(({ title }, i) => rows.reduce((width, row) => Math.max(width, row[i]!.length), title.length));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]!.left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return `${[line(columns.map(({ title }) => title)), ...rows.map(line)].join('\n')}\n`;
}

/** Three decimals as in the summary; a dash where there is no number. */
export function decimal(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : value.toFixed(3);
}
