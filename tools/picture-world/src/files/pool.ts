import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { throwIfAborted, type WorkOptions } from '@vitamin-vlm/core';
import type { SceneRecords } from './records.ts';
import type { WorkerTask } from './scene-worker.ts';

type Answer = { readonly records: SceneRecords } | { readonly error: unknown };

/** Writes the scenes of `count` seeds on all cores; the records come back in the order of the seeds. */
export async function writeScenes(task: WorkerTask, seed: number, count: number, work: WorkOptions): Promise<SceneRecords[]> {
  throwIfAborted(work.signal);
  const records = Array.from<SceneRecords>({ length: count });
  const next = { index: 0, done: 0 };
  const workers = Array.from(
    { length: Math.min(count, availableParallelism()) },
    () => new Worker(new URL('scene-worker.js', import.meta.url), { workerData: task }),
  );
  try {
    await Promise.all(workers.map((worker) => serve(worker, seed, records, next, work)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return records;
}

/** Feeds one worker until no seed is left. Two seeds are under way at a time, so that drawing goes on while files are written. */
function serve(
  worker: Worker,
  seed: number,
  records: SceneRecords[],
  next: { index: number; done: number },
  work: WorkOptions,
): Promise<void> {
  const under: number[] = [];
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      while (under.length < 2 && next.index < records.length) {
        under.push(next.index);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the rule is about windows; a worker has no origin
        worker.postMessage(seed + next.index++);
      }
      if (under.length === 0) resolve();
    };
    worker.on('error', reject);
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) return reject(answer.error);
      const index = answer.records.image.id - seed;
      records[index] = answer.records;
      under.splice(under.indexOf(index), 1);
      work.onProgress?.({ phase: 'run', done: ++next.done, total: records.length });
      try {
        throwIfAborted(work.signal);
        feed();
      } catch (error) {
        reject(error);
      }
    });
    feed();
  });
}
