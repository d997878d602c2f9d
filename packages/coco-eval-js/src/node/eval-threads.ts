import { Worker } from 'node:worker_threads';
import type { Detections } from '../coco/columns.ts';
import { Evaluation } from '../coco/evaluation.ts';
import { planMatch, rowsBefore } from '../coco/match-plan.ts';
import type { MatchProgress } from '../coco/match-table.ts';
import type { PreparedEvaluation } from '../coco/scheme.ts';
import { CocoEvalError, throwIfAborted } from '../errors.ts';
import type { MatchTask, ThreadMessage } from './eval-worker.ts';
import { shareColumns } from './share-columns.ts';

/** How a task ended. */
type End = Exclude<ThreadMessage, { kind: 'progress' }>;

/**
 * Threads that match. Each takes the next range of images until none is left, and writes to its own part of one shared table: the result is the same, to
 * the last bit, as on one thread. Start them early: they take some 50 ms to be there. Accumulation stays on the calling thread: it is shorter than what
 * new threads need to get up to speed.
 */
export class EvalThreads {
  readonly #workers: readonly Worker[];
  /** What broke a thread, also one that waits for its first task. */
  #failure: unknown;

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => new Worker(new URL('./eval-worker.js', import.meta.url)));
    for (const worker of this.#workers) worker.on('error', (error) => (this.#failure ??= error));
  }

  /** Matches and accumulates prepared columns. @throws CocoEvalError the fault that one thread would have met first */
  async evaluate(prepared: PreparedEvaluation, detections: Detections, { signal, onProgress }: MatchProgress): Promise<Evaluation> {
    const { scheme, dataset, groundTruth, params, warnings } = prepared;
    const total = groundTruth.count + detections.count;
    onProgress?.({ done: 0, total });
    throwIfAborted(signal);
    // The threads run plain JavaScript only, so they can be stopped at any point.
    const stop = (): void => void this.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const plan = shareColumns(planMatch(groundTruth, detections, params, scheme.rules(prepared, detections)));
      const next = new Int32Array(new SharedArrayBuffer(4));
      // Each thread holds one range; those before are done.
      const progress = (): void => onProgress?.({ done: rowsBefore(plan, Atomics.load(next, 0) - this.#workers.length), total });
      const task: MatchTask = { plan, next };
      const ends = await Promise.all(this.#workers.map(async (worker) => this.#runOn(worker, task, signal, progress)));
      const failures = ends.filter((end) => end.kind === 'error');
      const [first] = failures.toSorted((a, b) => a.range - b.range);
      if (first !== undefined) throw new CocoEvalError(first.code, first.message, first);
      for (const end of ends) if (end.kind === 'done') warnings.merge(end.warnings);
      onProgress?.({ done: total, total });
      return new Evaluation(params, plan.table, dataset, warnings.list(), plan, scheme);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }

  /** Sends a task to a thread and waits for its end. */
  async #runOn(worker: Worker, task: MatchTask, signal?: AbortSignal, onProgress?: () => void): Promise<End> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: ThreadMessage): void => {
        if (message.kind === 'progress') return onProgress?.();
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
