import { Worker } from 'node:worker_threads';
import type { MatchProgress, MatchRules, MatchTable } from '../coco/match-table.ts';
import { matchAll } from '../coco/match-table.ts';
import type { PreparedEvaluation } from '../coco/evaluate.ts';
import type { Detections, GroundTruth } from '../coco/columns.ts';
import { CocoEvalError, throwIfAborted } from '../errors.ts';
import { mergeTables } from '../shards/merge-tables.ts';
import { shareColumns } from './share-columns.ts';
import type { MatchJob, MatchMessage } from './match-worker.ts';

/** What was matched, with the columns in shared memory when workers did it. */
export interface ParallelMatch {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly table: MatchTable;
}

/**
 * Matches with worker threads, each taking every n-th image. The result is the same, to the last bit, as on one thread.
 *
 * @throws CocoEvalError the error of the part with the lowest entry index, so that it does not depend on which worker was faster
 */
export async function matchParallel(
  prepared: PreparedEvaluation,
  detections: Detections,
  rules: MatchRules,
  workers: number,
  progress: MatchProgress,
): Promise<ParallelMatch> {
  const { params, warnings } = prepared;
  if (workers <= 1) {
    const { groundTruth } = prepared;
    return { groundTruth, detections, table: matchAll(groundTruth, detections, params, warnings, rules, progress) };
  }
  throwIfAborted(progress.signal);
  const shared = shareColumns({ groundTruth: prepared.groundTruth, detections, rules });
  const done = Array.from({ length: workers }, () => 0);
  const parts = Array.from({ length: workers }, (_, index) =>
    runWorker({ ...shared, params, index, count: workers }, progress.signal, (part, total) => {
      done[index] = part;
      progress.onProgress?.({ done: Math.min(...done), total });
    }),
  );
  const results = await Promise.allSettled(parts);
  const errors = results.filter((result) => result.status === 'rejected').map((result): unknown => result.reason);
  if (errors.length > 0) throw firstError(errors);
  const finished = await Promise.all(parts);
  for (const part of finished) warnings.merge(part.warnings);
  const tables = finished.map((part) => part.table);
  return { groundTruth: shared.groundTruth, detections: shared.detections, table: mergeTables(tables, params.imgIds.length) };
}

type Outcome = Extract<MatchMessage, { kind: 'table' }>;

async function runWorker(
  job: MatchJob,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<Outcome> {
  const worker = new Worker(new URL('./match-worker.js', import.meta.url), { workerData: job });
  // The worker runs plain JavaScript only, so it can be stopped at any point.
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      worker.on('message', (message: MatchMessage) => {
        if (message.kind === 'progress') onProgress(message.done, message.total);
        else if (message.kind === 'table') resolve(message);
        else reject(new CocoEvalError(message.code, message.message, { hint: message.hint, index: message.index }));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new CocoEvalError('ABORTED', 'Aborted on request', { cause: signal?.reason })));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function firstError(errors: readonly unknown[]): unknown {
  return errors.toSorted((a, b) => entryOf(a) - entryOf(b))[0];
}

/** Errors that name no entry, such as a crash, come first. */
function entryOf(error: unknown): number {
  return error instanceof CocoEvalError ? (error.index ?? -1) : -2;
}
