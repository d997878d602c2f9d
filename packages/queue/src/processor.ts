import { VitaminError } from '@vitamin-vlm/core';
import type { Job, Processor } from 'bullmq';
import { FolderTaken, perform, type TaskResult } from './perform.ts';
import { checkRun, type QueuedRun, shardFolder, shardOf, type Task } from './run.ts';
import type { WorkOptions } from './work-options.ts';

/** Progress goes to Redis this often at most. */
const PROGRESS_MS = 1000;

/** What a worker does with a job, and what it makes of its end. */
export function processorOf(options: WorkOptions, bullmq: typeof import('bullmq'), stop: AbortSignal): Processor<unknown, TaskResult> {
  const { program, argumentsOf, env, silenceMs = 900_000, takenMs = 10_000, onEvent } = options;
  const { DelayedError, UnrecoverableError, WaitingError } = bullmq;
  return async (job, token, lost) => {
    const task = await taskOf(job).catch((error: unknown) => {
      throw new UnrecoverableError(textOf(error));
    });
    onEvent?.({ kind: 'started', task });
    try {
      const result = await perform(task, {
        program,
        args: argumentsOf(task),
        env,
        silenceMs,
        signal: lost ? AbortSignal.any([stop, lost]) : stop,
        onProgress: sometimes(PROGRESS_MS, (progress) => void job.updateProgress(progress).catch(() => undefined)),
      });
      onEvent?.({ kind: 'done', task, ...result });
      return result;
    } catch (error) {
      if (error instanceof FolderTaken) {
        onEvent?.({ kind: 'taken', task, message: error.message });
        await job.moveToDelayed(Date.now() + takenMs, token);
        throw new DelayedError();
      }
      if (lost?.aborted && !stop.aborted) {
        onEvent?.({ kind: 'trouble', message: `${job.id} is another worker's now: this one was away for longer than its lock` });
        throw error;
      }
      if (stop.aborted) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      const message = textOf(error);
      onEvent?.({ kind: 'failed', task, message, last: job.attemptsMade + 1 >= (job.opts.attempts ?? 1) });
      throw new Error(message, { cause: error });
    }
  };
}

/** @throws VitaminError `USAGE` for a job that is none of ours; `RUNTIME` for a run of which shards have failed for good. */
async function taskOf(job: Job<unknown>): Promise<Task> {
  const run = checkRun(job.data);
  const { index } = job.data as { readonly index?: unknown };
  if (index === undefined) {
    const failed = await failedShards(job, run);
    if (failed.length > 0) {
      const names = failed.slice(0, 20).join(', ') + (failed.length > 20 ? ', ...' : '');
      throw new VitaminError('RUNTIME', `Expected all ${run.shards} shards to finish but ${failed.length} failed: ${names}`);
    }
    return { kind: 'merge', run, folders: Array.from({ length: run.shards }, (_, i) => shardFolder(run, i + 1)) };
  }
  if (!Number.isInteger(index) || (index as number) < 1 || (index as number) > run.shards)
    throw new VitaminError('USAGE', `Expected a shard from 1 to ${run.shards} but received ${JSON.stringify(index)}`);
  const shard = { index: index as number, count: run.shards };
  return { kind: 'shard', run, shard, folder: shardFolder(run, shard.index) };
}

/** Numbers of the shards that were given up. */
async function failedShards(job: Job<unknown>, run: QueuedRun): Promise<number[]> {
  const failures = Object.keys(await job.getIgnoredChildrenFailures());
  return failures.map((key) => shardOf(run, key)).toSorted((a, b) => a - b);
}

/** Lets calls through at most once in so many milliseconds. */
function sometimes<T>(everyMs: number, call: (value: T) => void): (value: T) => void {
  let last = -Infinity;
  return (value) => {
    if (performance.now() - last < everyMs) return;
    last = performance.now();
    call(value);
  };
}

function textOf(error: unknown): string {
  if (error instanceof VitaminError) return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`;
  return error instanceof Error ? error.message : String(error);
}
