import { Worker } from 'node:worker_threads';
import { DrawnCurves, planAccumulate } from '../coco/accumulate.ts';
import type { Curves } from '../coco/accumulate.ts';
import type { Detections, GroundTruth } from '../coco/columns.ts';
import type { PreparedEvaluation } from '../coco/evaluate.ts';
import type { Scheme } from '../coco/evaluation.ts';
import { planMatch, rangeCount, rowsBefore } from '../coco/match-plan.ts';
import type { MatchProgress, MatchRules, MatchTable } from '../coco/match-table.ts';
import type { Warning } from '../coco/types.ts';
import { CocoEvalError, throwIfAborted } from '../errors.ts';
import type { ThreadMessage, ThreadTask } from './eval-worker.ts';
import { shareColumns } from './share-columns.ts';

/** What was matched, with the columns in shared memory. */
export interface ThreadedMatch {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly table: MatchTable;
  readonly curves: Curves;
}

type Failure = Extract<ThreadMessage, { kind: 'error' }>;

/** Hears of a task under way. */
interface Listener {
  readonly progress?: () => void;
  readonly warnings?: (warnings: readonly Warning[]) => void;
}

/**
 * Threads that match and accumulate. Each takes the next range of images, then the next category, until none is left, and writes to its own part of
 * shared columns: the result is the same, to the last bit, as on one thread. Start them early: they take some 50 ms to be there.
 */
export class EvalThreads {
  readonly #workers: readonly Worker[];
  /** What broke a thread, also one that waits for its first task. */
  #failure: unknown;

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => new Worker(new URL('./eval-worker.js', import.meta.url)));
    for (const worker of this.#workers) worker.on('error', (error) => (this.#failure ??= error));
  }

  /** @throws CocoEvalError the fault that one thread would have met first */
  async evaluate(
    { groundTruth, params, warnings }: PreparedEvaluation,
    detections: Detections,
    rules: MatchRules,
    scheme: Scheme,
    { signal, onProgress }: MatchProgress,
  ): Promise<ThreadedMatch> {
    throwIfAborted(signal);
    const total = groundTruth.count + detections.count;
    onProgress?.({ done: 0, total });
    const plan = shareColumns(planMatch(groundTruth, detections, params, rules));
    const matching: ThreadTask = { kind: 'match', plan, ...partsOf(rangeCount(plan)) };
    await this.#run(matching, signal, {
      // Each thread holds one part; those before are done.
      progress: () => onProgress?.({ done: rowsBefore(plan, Atomics.load(matching.next, 0) - this.#workers.length), total }),
      warnings: (list) => warnings.merge(list),
    });
    onProgress?.({ done: total, total });
    const { table } = plan;
    const drawn = shareColumns(planAccumulate(table, { recThrs: params.recThrs, maxDets: scheme.limits(params) }));
    const categories = shareColumns({ order: largestFirst(table) }).order;
    await this.#run({ kind: 'accumulate', plan: drawn, categories, ...partsOf(categories.length) }, signal);
    return { groundTruth: plan.groundTruth, detections: plan.detections, table, curves: new DrawnCurves(drawn) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }

  async #run(task: ThreadTask, signal: AbortSignal | undefined, listener: Listener = {}): Promise<void> {
    throwIfAborted(signal);
    // The threads run plain JavaScript only, so they can be stopped at any point.
    const stop = (): void => void this.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const ends = await Promise.all(this.#workers.map(async (worker) => this.#runOn(worker, task, signal, listener)));
      const failures = ends.filter((end): end is Failure => end.kind === 'error');
      const [first] = failures.toSorted((a, b) => a.part - b.part);
      if (first !== undefined) throw new CocoEvalError(first.code, first.message, first);
      for (const end of ends) if (end.kind === 'done') listener.warnings?.(end.warnings);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Sends a task to a thread and waits for its end. */
  async #runOn(worker: Worker, task: ThreadTask, signal: AbortSignal | undefined, listener: Listener): Promise<ThreadMessage> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: ThreadMessage): void => {
        if (message.kind === 'progress') return listener.progress?.();
        worker.off('message', onMessage).off('exit', onExit);
        return resolve(message);
      };
      const onExit = (): void => reject(this.#failure ?? new CocoEvalError('ABORTED', 'Aborted on request', { cause: signal?.reason }));
      worker.on('message', onMessage).on('exit', onExit);
      worker.postMessage(task);
      // It ended before it was asked, and tells so no more.
      if (worker.threadId === -1) onExit();
    });
  }
}

function partsOf(parts: number): { readonly next: Int32Array; readonly parts: number } {
  return { next: new Int32Array(new SharedArrayBuffer(4)), parts };
}

/** The largest category first: it must not be what everybody waits for in the end. */
function largestFirst({ dtCategory }: MatchTable): Int32Array {
  const size = (k: number): number => dtCategory[k + 1]! - dtCategory[k]!;
  return Int32Array.from({ length: dtCategory.length - 1 }, (_, k) => k).toSorted((a, b) => size(b) - size(a));
}
