import type { Queue, Worker } from 'bullmq';
import { once } from 'node:events';
import { hostname } from 'node:os';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { connect, loadBullMQ, redisOptions } from './connection.ts';
import { processorOf } from './processor.ts';
import { PREFIX, RUNS, SHARDS } from './run.ts';
import type { WorkOptions } from './work-options.ts';

/** How often a task may lose its worker before it counts as one that kills workers. */
const MAX_STALLED = 3;
/** How often a worker that ends with the last run looks whether one is left. */
const POLL_MS = 1000;

/**
 * Does tasks of the queue, one shard at a time, until the signal or the end of all runs. It may be killed at any moment: the task is then
 * another worker's after `lockMs`, and goes on where this one was.
 *
 * @throws VitaminError `USAGE` for an address that is none, `NETWORK` and `AUTH` for a Redis that cannot be used at the start.
 * @example
 * ```ts
 * import { work } from '@vitamin-vlm/queue';
 * await work({
 *   url: 'redis://127.0.0.1:6379',
 *   program: '/usr/local/lib/sizes.js',
 *   argumentsOf: (task) => (task.kind === 'shard' ? [task.folder, String(task.shard.index)] : ['join', ...task.folders]),
 *   untilDone: true,
 *   onEvent: (event) => console.log(event),
 * });
 * ```
 */
export async function work(options: WorkOptions): Promise<void> {
  const { url, lockMs = 300_000, untilDone = false, signal } = options;
  await (await connect(url))[Symbol.asyncDispose](); // an error where there is no Redis; from here on the workers wait for it
  const bullmq = await loadBullMQ();
  const stop = new AbortController();
  const common = { connection: redisOptions(url, true), prefix: PREFIX };
  const settings = {
    ...common,
    name: `${hostname()}:${process.pid}`,
    lockDuration: lockMs,
    stalledInterval: Math.min(lockMs, 30_000),
    maxStalledCount: MAX_STALLED,
  };
  const processor = processorOf(options, bullmq, stop.signal);
  const workers = [SHARDS, RUNS].map((name) => new bullmq.Worker(name, processor, settings));
  for (const worker of workers) report(worker, options);
  const runs = new bullmq.Queue(RUNS, common);
  runs.on('error', () => undefined); // the workers tell
  try {
    const ended = signal ? once(signal, 'abort') : new Promise<never>(() => undefined);
    if (!signal?.aborted) await (untilDone ? Promise.race([ended, noneLeft(runs, stop.signal)]) : ended);
  } finally {
    stop.abort();
    for (const one of [...workers, runs]) await one.close();
  }
}

/** Returns when every run has ended. */
async function noneLeft(runs: Queue, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const left = await runs.getJobCountByTypes('waiting-children', 'waiting', 'active', 'delayed', 'prioritized').catch(() => 1);
    if (left === 0) return;
    await setTimeout(POLL_MS);
  }
}

/** A worker that has lost a task stops its process; trouble with Redis is told once, however often it is met. */
function report(worker: Worker, { onEvent }: WorkOptions): void {
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lost');
  });
  let told = '';
  worker.on('ready', () => (told = ''));
  worker.on('error', ({ message }) => {
    if (message !== told) onEvent?.({ kind: 'trouble', message });
    told = message;
  });
}
