import type { FlowJob, JobsOptions } from 'bullmq';
import { type Connection, connect } from './connection.ts';
import { checkRun, type QueuedRun, RUNS, shardId, SHARDS } from './run.ts';

/** How often a task is tried. */
export interface SubmitOptions {
  /** Tries of a shard, with 5, 10, 20, ... seconds between them. Default: 5. */
  readonly attempts?: number | undefined;
  /** The first of those pauses in milliseconds. Default: 5000. */
  readonly backoffMs?: number | undefined;
}

/** Finished jobs are kept this many seconds, for `status`. */
const KEPT = 14 * 24 * 3600;

/**
 * Puts a run into the queue. One that is under way is left as it is; one that has ended, well or not, is done again, which costs little
 * where its shards are finished: what they have written is found.
 *
 * @param url - `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS.
 * @returns Whether it was added: false when it is under way already.
 * @throws VitaminError `USAGE` for a run or an address that is none, `NETWORK` and `AUTH` for a Redis that cannot be used.
 * @example
 * ```ts
 * import { submitRun } from '@vitamin-vlm/queue';
 * const args = ['eval', 'detect', '--root', 'coco'];
 * const run = { id: 'coco-nano', args, cwd: '/data', folder: '/data/run', shards: 100 };
 * console.log(await submitRun('redis://127.0.0.1:6379', run));
 * ```
 */
export async function submitRun(url: string, value: QueuedRun, options: SubmitOptions = {}): Promise<boolean> {
  const run = checkRun(value);
  await using queue = await connect(url);
  if (!(await makeRoom(queue, run))) return false;
  await queue.flows.add(flowOf(run, options));
  return true;
}

/** Removes what is left of an earlier run of this id. @returns Whether there is room: a run that is under way stays. */
async function makeRoom({ runs, shards }: Connection, run: QueuedRun): Promise<boolean> {
  const old = await runs.getJob(run.id);
  if (!old) return true;
  const ended = (await old.isCompleted()) || (await old.isFailed());
  if (!ended) return false;
  const { shards: count } = checkRun(old.data);
  await old.remove();
  for (let index = 1; index <= count; index++) await shards.remove(shardId(run, index));
  return true;
}

/** The run waits for its shards. One that fails for good is noted and does not hold it up: the run then ends with the list of them. */
function flowOf(run: QueuedRun, { attempts = 5, backoffMs = 5000 }: SubmitOptions): FlowJob {
  const options: JobsOptions = {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs },
    removeOnComplete: { age: KEPT },
    removeOnFail: { age: KEPT },
    stackTraceLimit: 0,
  };
  return {
    name: 'merge',
    queueName: RUNS,
    data: run,
    opts: { ...options, jobId: run.id },
    children: Array.from({ length: run.shards }, (_, i) => ({
      name: 'shard',
      queueName: SHARDS,
      data: { ...run, index: i + 1 },
      opts: { ...options, jobId: shardId(run, i + 1), ignoreDependencyOnFailure: true },
    })),
  };
}
