import { VitaminError } from '@vitamin-vlm/core';
import type { Shard } from '@vitamin-vlm/runs';
import { isAbsolute, join } from 'node:path';

/** A long run that workers do shard by shard. This is what travels through Redis: where things lie, and no results. */
export interface QueuedRun {
  /** What the run is known by: letters, digits, dots, dashes and underscores, at most 100, not digits alone. */
  readonly id: string;
  /** What the workers' program is given, without shard and folder. */
  readonly args: readonly string[];
  /** The folder that relative paths among `args` start at. Workers must see it. */
  readonly cwd: string;
  /** Where the run lives, as an absolute path that every worker sees. Its shards are below. */
  readonly folder: string;
  /** How many parts: 1 to 10,000. */
  readonly shards: number;
}

/** One piece of work for a worker: a shard of a run, or the joining of all its shards. */
export type Task =
  | { readonly kind: 'shard'; readonly run: QueuedRun; readonly shard: Shard; readonly folder: string }
  | { readonly kind: 'merge'; readonly run: QueuedRun; readonly folders: readonly string[] };

/** More would hold as many files open when they are joined. */
const MAX_SHARDS = 10_000;
/** Arguments and paths of a run, as JSON. */
const MAX_BYTES = 64 * 1024;

/** The name of the queue with a job for each run, which waits for its shards and then joins them. */
export const RUNS = 'runs';
/** The name of the queue with a job for each shard. */
export const SHARDS = 'shards';
/** What all keys in Redis begin with. */
export const PREFIX = 'vitamin';

/** The folder of a shard. */
export const shardFolder = (run: QueuedRun, index: number): string => join(run.folder, 'shards', String(index));

/** The id of a shard's job. */
export const shardId = (run: QueuedRun, index: number): string => `${run.id}-${index}`;

/** The number of the shard whose job has this key in Redis. */
export const shardOf = (run: QueuedRun, key: string): number => Number(key.slice(key.lastIndexOf(`${run.id}-`) + run.id.length + 1));

/**
 * Checks a run: one that somebody writes, and one that comes out of Redis.
 *
 * @throws VitaminError `USAGE` that names the field.
 */
export function checkRun(value: unknown): QueuedRun {
  const run = (value ?? {}) as Partial<Record<keyof QueuedRun, unknown>>;
  const { id, args, cwd, folder, shards } = run;
  if (typeof id !== 'string' || !/^[\w.-]{1,100}$/u.test(id) || /^\d+$/u.test(id)) throw wrong('an id of letters, digits, . - and _', id);
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) throw wrong('a list of texts as args', args);
  if (typeof cwd !== 'string' || !isAbsolute(cwd)) throw wrong('an absolute path as cwd', cwd);
  if (typeof folder !== 'string' || !isAbsolute(folder)) throw wrong('an absolute path as folder', folder);
  if (!Number.isInteger(shards) || (shards as number) < 1 || (shards as number) > MAX_SHARDS)
    throw wrong(`1 to ${MAX_SHARDS} shards`, shards);
  const checked: QueuedRun = { id, args, cwd, folder, shards: shards as number };
  const bytes = Buffer.byteLength(JSON.stringify(checked));
  if (bytes > MAX_BYTES) throw wrong(`arguments and paths of at most ${MAX_BYTES} bytes`, bytes);
  return checked;
}

function wrong(expected: string, found: unknown): VitaminError {
  const text = JSON.stringify(found) ?? 'nothing';
  return new VitaminError('USAGE', `Expected ${expected} of a queued run but received ${text.slice(0, 100)}`);
}
