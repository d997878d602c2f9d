import { parentPort } from 'node:worker_threads';
import type { AccumulatePlan } from '../coco/accumulate.ts';
import { CurveWalk } from '../coco/curve-walk.ts';
import { MatchRun } from '../coco/match-run.ts';
import type { MatchPlan } from '../coco/match-plan.ts';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, type CocoEvalErrorCode } from '../errors.ts';

/** A plan whose columns lie in shared memory. Threads take its parts by counting `next[0]` up to `parts`. */
export type ThreadTask = { readonly next: Int32Array; readonly parts: number } & (
  | { readonly kind: 'match'; readonly plan: MatchPlan }
  /** Part i is category `categories[i]`. */
  | { readonly kind: 'accumulate'; readonly plan: AccumulatePlan; readonly categories: Int32Array }
);

/** What a thread sends: after each part that it made some, in the end its warnings or an error. */
export type ThreadMessage =
  | { readonly kind: 'progress' }
  | { readonly kind: 'done'; readonly warnings: readonly Warning[] }
  | {
      readonly kind: 'error';
      /** The part that failed. */
      readonly part: number;
      readonly code: CocoEvalErrorCode;
      readonly message: string;
      readonly hint?: string | undefined;
      readonly list?: string | undefined;
      readonly index?: number | undefined;
    };

function run(task: ThreadTask): ThreadMessage {
  const warnings = new WarningLog();
  const work = worker(task, warnings);
  for (;;) {
    const part = Atomics.add(task.next, 0, 1);
    if (part >= task.parts) return { kind: 'done', warnings: warnings.list() };
    try {
      work(part);
    } catch (error) {
      if (!(error instanceof CocoEvalError)) throw error;
      // No thread starts another part; those before this one have been taken already, so the first fault of all is always found.
      Atomics.store(task.next, 0, task.parts);
      return { kind: 'error', part, code: error.code, message: error.message, hint: error.hint, list: error.list, index: error.index };
    }
    post({ kind: 'progress' });
  }
}

function worker(task: ThreadTask, warnings: WarningLog): (part: number) => void {
  if (task.kind === 'match') {
    const matching = new MatchRun(task.plan, warnings);
    return (part) => matching.range(part);
  }
  const walk = new CurveWalk(task.plan);
  return (part) => walk.category(task.categories[part]!);
}

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (task: ThreadTask) => post(run(task)));
