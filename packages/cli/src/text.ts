import type { OutputStream } from './streams.ts';

/** What moves the cursor, recolors the screen or turns text round: controls but line feed and tab, marks of direction, Unicode's line ends. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text that is safe on a terminal: what is unsafe becomes a visible mark. Names of files and tensors come from strangers. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, '\ufffd');
}

/** The same for what must not break a line, such as the name of a file. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/[\n\t]/gu, '\ufffd');
}

/** JSON that is safe on a terminal: `JSON.stringify` escapes only the controls below space. The document is the same. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    // Line feeds stand between the values of an indented document; those inside of texts are escaped already.
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `1.3 GB`, in powers of 1000 as disks and downloads count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** A share from 0 to 1 as a percentage: whole above 10, one digit below. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** `3 h 20 min`, `1 min 5 s`, `12 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Rows as columns of equal width, two spaces apart. Columns whose index is in `right` are aligned right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Whether a stream shall get colors: a terminal that can show them, or any stream when FORCE_COLOR says so. */
export function hasColor(stream: OutputStream, allowed: boolean): boolean {
  const forced = process.env['FORCE_COLOR'];
  if (!allowed || process.env['NO_COLOR']) return false;
  return forced !== undefined && forced !== '0' && forced !== 'false' ? true : Boolean(stream.isTTY && stream.hasColors?.());
}
