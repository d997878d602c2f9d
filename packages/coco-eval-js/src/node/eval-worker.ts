import { parentPort } from 'node:worker_threads';
import { MatchRun } from '../coco/match-run.ts';
import { type MatchPlan, rangeCount } from '../coco/match-plan.ts';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError } from '../errors.ts';
import type { SegmentationColumns } from '../mask/columns.ts';
import { MaskReader, MaskRuns } from '../mask/runs.ts';
import { RunWriter, type StoredRuns } from '../mask/stored-runs.ts';

/** Ground truth masks to decode before there is anything to compare them with. Threads take the rows in steps by counting `next[0]` up. */
export interface DecodeTask {
  readonly kind: 'decode';
  readonly masks: SegmentationColumns;
  readonly rows: Int32Array;
  readonly next: Int32Array;
  readonly place: StoredRuns['place'];
  readonly blockCount: Int32Array;
}

/** A plan whose columns lie in shared memory. Threads take its ranges by counting `next[0]` up. */
export interface MatchTask {
  readonly kind: 'match';
  readonly plan: MatchPlan;
  readonly next: Int32Array;
  readonly decoded: StoredRuns | undefined;
}

/** What a thread sends: now and then that it came further, in the end its blocks, its warnings or an error. */
export type ThreadMessage =
  | { readonly kind: 'progress' }
  | { readonly kind: 'decoded'; readonly blocks: ReturnType<RunWriter['blocks']> }
  | { readonly kind: 'done'; readonly warnings: readonly Warning[] }
  /** The fault of a range: an error that is cloned loses its fields. */
  | ({ readonly kind: 'error'; readonly range: number } & Pick<CocoEvalError, 'code' | 'message' | 'hint' | 'list' | 'index'>);

/** Every message wakes the calling thread. */
const PROGRESS_MS = 100;
/** Some milliseconds of work. */
const DECODE_ROWS = 128;

function decode({ masks, rows, next, place, blockCount }: DecodeTask): ThreadMessage {
  const writer = new RunWriter(place, blockCount);
  const reader = new MaskReader();
  const mask = new MaskRuns();
  const store = (row: number): boolean => {
    try {
      reader.read(masks, row, undefined, mask);
    } catch {
      // Told when the mask is needed: the same error then, in its turn.
      return true;
    }
    // A warning is due as often as the mask is needed.
    return reader.short || writer.add(row, mask);
  };
  for (;;) {
    const from = Atomics.add(next, 0, DECODE_ROWS);
    if (from >= rows.length) return { kind: 'decoded', blocks: writer.blocks() };
    const full = !rows.subarray(from, from + DECODE_ROWS).every(store);
    if (full) Atomics.store(next, 0, rows.length);
  }
}

function match({ plan, next, decoded }: MatchTask): ThreadMessage {
  const warnings = new WarningLog();
  const matching = new MatchRun(plan, warnings, decoded);
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

parentPort?.on('message', (task: DecodeTask | MatchTask) => post(task.kind === 'decode' ? decode(task) : match(task)));
