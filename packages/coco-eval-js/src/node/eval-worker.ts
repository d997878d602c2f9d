import { parentPort } from 'node:worker_threads';
import { MatchRun } from '../coco/match-run.ts';
import { type MatchPlan, rangeCount } from '../coco/match-plan.ts';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError } from '../errors.ts';

/** A plan whose columns lie in shared memory. Threads take its ranges by counting `next[0]` up. */
export interface MatchTask {
  readonly plan: MatchPlan;
  readonly next: Int32Array;
}

/** What a thread sends: now and then that it came further, in the end its warnings or an error. */
export type ThreadMessage =
  | { readonly kind: 'progress' }
  | { readonly kind: 'done'; readonly warnings: readonly Warning[] }
  /** The fault of a range: an error that is cloned loses its fields. */
  | ({ readonly kind: 'error'; readonly range: number } & Pick<CocoEvalError, 'code' | 'message' | 'hint' | 'list' | 'index'>);

/** Every message wakes the calling thread. */
const PROGRESS_MS = 100;

function match({ plan, next }: MatchTask): ThreadMessage {
  const warnings = new WarningLog();
  const matching = new MatchRun(plan, warnings);
  const ranges = rangeCount(plan);
  let told = performance.now();
  for (;;) {
    const range = Atomics.add(next, 0, 1);
    if (range >= ranges) return { kind: 'done', warnings: warnings.list() };
    try {
      matching.range(range);
    } catch (error) {
      if (!(error instanceof CocoEvalError)) throw error;
      // No thread starts another range; those before this one have been taken already, so the first fault of all is always found.
      Atomics.store(next, 0, ranges);
      return { kind: 'error', range, code: error.code, message: error.message, hint: error.hint, list: error.list, index: error.index };
    }
    if (performance.now() - told > PROGRESS_MS) {
      told = performance.now();
      post({ kind: 'progress' });
    }
  }
}

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (task: MatchTask) => post(match(task)));
