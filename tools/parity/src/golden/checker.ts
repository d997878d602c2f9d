import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from './golden.ts';

/** What a checker may use beside the file. */
export interface GoldenContext extends Pick<SessionOptions, 'threads' | 'signal'> {
  /** An empty folder for checkpoints and caches, removed afterwards. */
  readonly folder: string;
}

/** Computes everything that a golden file of one format expects, and hands it in. */
export type GoldenChecker = (golden: Golden, context: GoldenContext) => Promise<void> | void;
