import { VitaminError } from '@vitamin-vlm/core';
import type { FlowProducer, Queue, RedisOptions } from 'bullmq';
import { PREFIX, RUNS, SHARDS } from './run.ts';

type BullMQ = typeof import('bullmq');

/** Both queues, opened for a question or two. */
export interface Connection extends AsyncDisposable {
  readonly runs: Queue;
  readonly shards: Queue;
  readonly flows: FlowProducer;
}

/**
 * How BullMQ reaches Redis.
 *
 * @param patient - Waits for a Redis that is away, for as long as it takes. Otherwise that is an error at once.
 * @throws VitaminError `USAGE` for an address that is none of a Redis.
 */
export function redisOptions(url: string, patient: boolean): RedisOptions {
  if (!/^rediss?:\/\/[^/]/u.test(url) || !URL.canParse(url)) {
    throw new VitaminError('USAGE', `Expected the address of a Redis but received ${withoutPassword(url)}`, {
      hint: 'Such as redis://127.0.0.1:6379, or rediss://user:password@host:6379/0 over TLS.',
    });
  }
  return patient
    ? { url, maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(100 * 2 ** times, 5000) }
    : { url, maxRetriesPerRequest: 0, retryStrategy: () => null, connectTimeout: 10_000 };
}

/** Loads BullMQ, which takes a quarter of a second that a mistyped address need not cost. */
export async function loadBullMQ(): Promise<BullMQ> {
  return await import('bullmq');
}

/**
 * Opens both queues and makes sure that Redis answers.
 *
 * @throws VitaminError `USAGE` for an address that is none, `NETWORK` for a Redis that cannot be reached, `AUTH` for one that refuses.
 */
export async function connect(url: string): Promise<Connection> {
  const options = { connection: redisOptions(url, false), prefix: PREFIX };
  const { FlowProducer, Queue } = await loadBullMQ();
  const [runs, shards, flows] = [new Queue(RUNS, options), new Queue(SHARDS, options), new FlowProducer(options)];
  // What goes wrong is told by the call that it goes wrong for.
  for (const one of [runs, shards]) one.on('error', () => undefined);
  flows.on('error', () => undefined);
  const dispose = async (): Promise<void> => {
    for (const one of [runs, shards, flows]) await one.close().catch(() => undefined);
  };
  try {
    await Promise.all([runs.getJobCounts(), shards.waitUntilReady(), flows.waitUntilReady()]);
  } catch (cause) {
    await dispose();
    throw refused(url, cause);
  }
  return { runs, shards, flows, [Symbol.asyncDispose]: dispose };
}

function refused(url: string, cause: unknown): VitaminError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const place = withoutPassword(url);
  if (/NOAUTH|WRONGPASS|NOPERM/u.test(reason)) {
    return new VitaminError('AUTH', `Expected the Redis at ${place} to let us in but it answered: ${reason}`, {
      hint: 'The address holds user and password: redis://user:password@host:6379.',
      cause,
    });
  }
  return new VitaminError('NETWORK', `Expected a Redis at ${place} but it cannot be used: ${reason}`, {
    hint: 'Start one with: redis-server --appendonly yes --maxmemory-policy noeviction',
    cause,
  });
}

/** An address for messages. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/u, '//');
}
