import type { OutputStream } from './streams.ts';

/**
 * Text that is safe on a terminal: control characters, which could move the cursor or recolor the screen, become a visible mark. Names of files and
 * tensors come from strangers.
 */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu, '\ufffd');
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
