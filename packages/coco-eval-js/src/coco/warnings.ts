import type { Warning } from './types.ts';

/** Counts what is tolerated, one line for each kind however often it happens. */
export class WarningLog {
  readonly #byCode = new Map<string, { message: string; count: number; firstIndex: number }>();

  add(code: string, index: number, message: string): void {
    this.count(code, message, 1, index);
  }

  /** Something about the whole. */
  note(code: string, message: string): void {
    this.count(code, message, 1, -1);
  }

  merge(warnings: readonly Warning[]): void {
    for (const { code, message, count, firstIndex } of warnings) this.count(code, message, count, firstIndex);
  }

  /** Several of one kind. */
  count(code: string, message: string, count: number, index: number): void {
    const entry = this.#byCode.get(code);
    if (entry === undefined) {
      this.#byCode.set(code, { message, count, firstIndex: index });
      return;
    }
    entry.count += count;
    entry.firstIndex = Math.min(entry.firstIndex, index);
  }

  /** Sorted by code, so that the list does not depend on who saw it first. */
  list(): Warning[] {
    return [...this.#byCode].map(([code, entry]) => ({ code, ...entry })).toSorted((a, b) => (a.code < b.code ? -1 : 1));
  }
}
