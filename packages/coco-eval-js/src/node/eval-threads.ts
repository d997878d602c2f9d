import { Worker } from 'node:worker_threads';
import type { Detections, GroundTruth } from '../coco/columns.ts';
import type { PreparedEvaluation } from '../coco/evaluate.ts';
import { groupGroundTruth } from '../coco/grouping.ts';
import { planMatch, rowsBefore } from '../coco/match-plan.ts';
import type { MatchProgress, MatchRules, MatchTable } from '../coco/match-table.ts';
import { CocoEvalError, throwIfAborted } from '../errors.ts';
import type { StoredRuns } from '../mask/stored-runs.ts';
import type { DecodeTask, MatchTask, ThreadMessage } from './eval-worker.ts';
import { shareColumns } from './share-columns.ts';

/** What was matched, with the columns in shared memory. */
export interface ThreadedMatch {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly table: MatchTable;
}

/** How a task ended. */
type End = Exclude<ThreadMessage, { kind: 'progress' }>;

/** Masks that are being decoded. */
interface Decoding {
  readonly next: Int32Array;
  readonly rows: Int32Array;
  readonly ends: Promise<StoredRuns>;
}

/**
 * Threads that match. Each takes the next range of images until none is left, and writes to its own part of one shared table: the result is the same, to
 * the last bit, as on one thread. Start them early: they take some 50 ms to be there. Accumulation stays on the calling thread: it is shorter than what
 * new threads need to get up to speed.
 */
export class EvalThreads {
  readonly #workers: readonly Worker[];
  /** What broke a thread, also one that waits for its first task. */
  #failure: unknown;
  #decoding: Decoding | undefined;

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => new Worker(new URL('./eval-worker.js', import.meta.url)));
    for (const worker of this.#workers) worker.on('error', (error) => (this.#failure ??= error));
  }

  /**
   * Lets the threads decode the masks of the ground truth while the results are still being read, until `match` is called.
   *
   * @returns the ground truth with its columns in shared memory, for `match`
   */
  decodeAhead({ groundTruth, params }: PreparedEvaluation): GroundTruth {
    const shared = shareColumns(groundTruth);
    if (params.iouType !== 'segm') return shared;
    const { row } = groupGroundTruth(shared, params, {});
    const counters = new Int32Array(new SharedArrayBuffer(8));
    const task: DecodeTask = {
      kind: 'decode',
      masks: shared.segmentation!,
      rows: shareColumns({ row }).row,
      next: counters.subarray(0, 1),
      place: new Int32Array(new SharedArrayBuffer(8 * shared.count)),
      blockCount: counters.subarray(1),
    };
    // One core is left to the calling thread, which reads.
    const ends = Promise.all(this.#workers.slice(1).map(async (worker) => this.#runOn(worker, task))).then((all): StoredRuns => {
      const blocks: Int32Array[] = [];
      for (const end of all) if (end.kind === 'decoded') for (const [number, block] of end.blocks) blocks[number] = block;
      return { place: task.place, blocks };
    });
    // Whoever waits for it in `match` hears of a failure; before that nobody does.
    ends.catch(() => undefined);
    this.#decoding = { next: task.next, rows: task.rows, ends };
    return shared;
  }

  async #endDecoding(): Promise<StoredRuns | undefined> {
    if (this.#decoding === undefined) return undefined;
    const { next, rows, ends } = this.#decoding;
    Atomics.store(next, 0, rows.length);
    return ends;
  }

  /** @throws CocoEvalError the fault that one thread would have met first */
  async match(
    { groundTruth, params, warnings }: PreparedEvaluation,
    detections: Detections,
    rules: MatchRules,
    { signal, onProgress }: MatchProgress,
  ): Promise<ThreadedMatch> {
    const total = groundTruth.count + detections.count;
    onProgress?.({ done: 0, total });
    throwIfAborted(signal);
    // The threads run plain JavaScript only, so they can be stopped at any point.
    const stop = (): void => void this.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const decoding = this.#endDecoding();
      const plan = shareColumns(planMatch(groundTruth, detections, params, rules));
      const next = new Int32Array(new SharedArrayBuffer(4));
      // Each thread holds one range; those before are done.
      const progress = (): void => onProgress?.({ done: rowsBefore(plan, Atomics.load(next, 0) - this.#workers.length), total });
      const task: MatchTask = { kind: 'match', plan, next, decoded: await decoding };
      const ends = await Promise.all(this.#workers.map(async (worker) => this.#runOn(worker, task, signal, progress)));
      const failures = ends.filter((end) => end.kind === 'error');
      const [first] = failures.toSorted((a, b) => a.range - b.range);
      if (first !== undefined) throw new CocoEvalError(first.code, first.message, first);
      for (const end of ends) if (end.kind === 'done') warnings.merge(end.warnings);
      onProgress?.({ done: total, total });
      return { groundTruth: plan.groundTruth, detections: plan.detections, table: plan.table };
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }

  /** Sends a task to a thread and waits for its end. */
  async #runOn(worker: Worker, task: DecodeTask | MatchTask, signal?: AbortSignal, onProgress?: () => void): Promise<End> {
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
