/** What came of a benchmark's answers. */
export interface BenchmarkReport {
  /** Shares from 0 to 1 by name; MME's points and LLaVA-Bench's ratio as their authors count. Null where there is nothing to divide by. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** What the official script prints. */
  readonly text: string;
  /** Official files by their names. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** What was not scored, and who could. */
  readonly open?: string | undefined;
}

/** A number of a report: null in place of NaN. */
export function share(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A report without numbers, because what answers are compared with is not there. */
export function notScored(names: string, files: ReadonlyMap<string, string | Uint8Array> = new Map()): BenchmarkReport {
  return { metrics: {}, text: '', files, open: `Not scored: ${names} is not beside the questions; name it with --annotations.` };
}
