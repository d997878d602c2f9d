import type { InferenceThread } from '../inference/inference-thread.ts';
import type { ServedModels } from '../inference/job.ts';
import type { JobQueue, Lane } from '../jobs/job-queue.ts';
import type { UrlRules } from './fetch-picture.ts';

/** What the routes work with. */
export interface ServerParts {
  readonly thread: InferenceThread;
  readonly queue: JobQueue;
  readonly models: ServedModels;
  readonly urls: UrlRules;
  /** Milliseconds from the request to its answer. */
  readonly deadline: number;
}

/** Runs a job in its lane until it is done, the client goes, or the deadline passes. */
export async function runInLane<T>(
  { queue, deadline }: ServerParts,
  lane: Lane,
  client: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.any([client, AbortSignal.timeout(deadline)]);
  return await queue.run(lane, signal, () => work(signal));
}
