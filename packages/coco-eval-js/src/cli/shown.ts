import type { Warning } from '../coco/types.ts';

/** What one run shows; each part is made when it is asked for. */
export interface Shown {
  readonly text: () => string;
  readonly document: () => object;
  readonly page: () => Promise<string>;
  readonly warnings: readonly Warning[];
}

/** A warning in one line. */
export function warningText({ count, message, firstIndex }: Warning): string {
  return firstIndex < 0 ? message : `${count} ${message} (first: entry ${firstIndex})`;
}
