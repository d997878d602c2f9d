import type { Job } from 'bullmq';
import { type Connection, connect } from './connection.ts';
import type { ShardProgress } from './child.ts';
import type { TaskResult } from './perform.ts';
import { checkRun, type QueuedRun, shardId, shardOf } from './run.ts';

/** A shard that was given up. */
export interface FailedShard {
  readonly shard: number;
  readonly attempts: number;
  readonly message: string;
  /** Machine and process that tried it last. */
  readonly worker: string | undefined;
}

/** How a run stands. */
export interface RunStatus extends QueuedRun {
  /** `merging` also while that waits for a worker or its next try. */
  readonly state: 'running' | 'merging' | 'done' | 'failed';
  /** Shards by what became of them; `waiting` also those that wait for their next try. */
  readonly done: number;
  readonly active: number;
  readonly waiting: number;
  /** Shards that were given up, at most 100 of them. */
  readonly failures: readonly FailedShard[];
  readonly failed: number;
  /** From 0 to 1, with what is done of the shards in work. */
  readonly fraction: number;
  /** By the shards that are done, or else by those in work; undefined while nothing is known and where nobody works. */
  readonly secondsLeft: number | undefined;
  /** Why the run failed. */
  readonly message: string | undefined;
}

const NAMED = 100;

/**
 * How the runs in the queue stand, the newest first.
 *
 * @param id - Only this run.
 * @throws VitaminError `USAGE` for an address that is none, `NETWORK` and `AUTH` for a Redis that cannot be used.
 * @example
 * ```ts
 * import { readStatus } from '@vitamin-vlm/queue';
 * for (const { id, state, done, shards, secondsLeft } of await readStatus('redis://127.0.0.1:6379')) {
 *   console.log(id, state, `${done} of ${shards}`, secondsLeft);
 * }
 * ```
 */
export async function readStatus(url: string, id?: string): Promise<RunStatus[]> {
  await using queue = await connect(url);
  const jobs = id === undefined ? await queue.runs.getJobs() : [await queue.runs.getJob(id)];
  const found: RunStatus[] = [];
  for (const job of jobs.toSorted((a, b) => (b?.timestamp ?? 0) - (a?.timestamp ?? 0))) if (job) found.push(await statusOf(queue, job));
  return found;
}

async function statusOf(queue: Connection, job: Job): Promise<RunStatus> {
  const run = checkRun(job.data);
  const state = await job.getState();
  const results = Object.values(await job.getChildrenValues<TaskResult>());
  const lost = Object.entries(await job.getIgnoredChildrenFailures()).map(([key, message]) => ({ shard: shardOf(run, key), message }));
  lost.sort((a, b) => a.shard - b.shard);
  const active = (await queue.shards.getActive()).filter(({ data }) => (data as QueuedRun).id === run.id).map(partOf);
  const ended = results.length + lost.length;
  const open = run.shards - ended - active.reduce((sum, { fraction }) => sum + fraction, 0);
  const secondsOfShard =
    mean(results.map(({ seconds }) => seconds)) ??
    mean(active.flatMap(({ seconds, fraction }) => (fraction > 0 ? [seconds / fraction] : [])));
  return {
    ...run,
    state: state === 'completed' ? 'done' : state === 'failed' ? 'failed' : state === 'waiting-children' ? 'running' : 'merging',
    done: results.length,
    active: active.length,
    waiting: run.shards - ended - active.length,
    failed: lost.length,
    failures: await Promise.all(lost.slice(0, NAMED).map(async (one) => ({ ...one, ...(await lastTry(queue, run, one.shard)) }))),
    fraction: (run.shards - open) / run.shards,
    secondsLeft: secondsOfShard === undefined || active.length === 0 ? undefined : (open * secondsOfShard) / active.length,
    message: state === 'failed' ? job.failedReason : undefined,
  };
}

/** How far a shard in work is, and since when. */
function partOf({ progress, processedOn }: Job): { readonly fraction: number; readonly seconds: number } {
  const { done = 0, total = 0 } = (typeof progress === 'object' ? progress : {}) as Partial<ShardProgress>;
  return { fraction: total > 0 ? done / total : 0, seconds: (Date.now() - (processedOn ?? Date.now())) / 1000 };
}

async function lastTry({ shards }: Connection, run: QueuedRun, shard: number): Promise<Pick<FailedShard, 'attempts' | 'worker'>> {
  const job = await shards.getJob(shardId(run, shard));
  return { attempts: job?.attemptsMade ?? 0, worker: job?.processedBy };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
