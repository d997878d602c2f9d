import type { Warning } from '../coco/types.ts';

/** What one run shows; each part is made when it is asked for. */
export interface Shown {
  readonly text: () => string;
  readonly document: () => object;
  /** Absent: the command takes no `--csv`. */
  readonly csv?: () => string;
  /** Absent: the command takes no `--report`. */
  readonly page?: (note: (text: string) => void) => Promise<string>;
  /** What changes all numbers though nothing is wrong. */
  readonly remark?: string;
  readonly warnings: readonly Warning[];
  /** The exit status; 0 when absent. */
  readonly status?: number;
}

/** A warning in one line. */
export function warningText({ count, message, firstIndex }: Warning): string {
  return firstIndex < 0 ? message : `${count} ${message} (first: entry ${firstIndex})`;
}
