/** A column of a text table: numbers to the right, words to the left. */
export interface Column {
  readonly title: string;
  readonly left?: boolean;
}

/** Aligned text, two spaces between columns, a line end after each row. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
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
