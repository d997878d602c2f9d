import { parse } from 'csv-parse/sync';
import { VitaminError } from '@vitamin-vlm/core';

/** What pandas takes for a missing value. */
const MISSING: ReadonlySet<string> = new Set(
  ' #N/A #N/A_N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null'
    .split(' ')
    .map((word) => word.replace('_', ' ')),
);

/** A cell: null where a value is missing. */
export type Cell = string | number | null;

/** A table with named columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * A table with tabs between its columns, as `pandas.read_table` reads it: quotes around cells, "None", "nan" and the like as missing, and a column of numbers alone as
 * numbers.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for rows of another length than the first, or quotes that do not end.
 */
export function readTable(text: string, path: string): Table {
  const lines = parseRows(text, path);
  const [columns = [], ...cells] = lines;
  const isNumeric = columns.map((_, i) => {
    const values = cells.map((row) => row[i]!).filter((value) => !MISSING.has(value));
    return values.length > 0 && values.every((value) => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(value));
  });
  const rows = cells.map((row) => row.map((value, i): Cell => (MISSING.has(value) ? null : isNumeric[i] ? Number(value) : value)));
  return { columns, rows };
}

function parseRows(text: string, path: string): string[][] {
  try {
    return parse(text, { delimiter: '\t', relax_quotes: true, skip_empty_lines: true, bom: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VitaminError('INPUT_UNREADABLE', `Expected a table with tabs in ${path} but found something else: ${reason}`, { cause });
  }
}
