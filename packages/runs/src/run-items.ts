import { throwIfAborted, VitaminError, makeFolder } from '@vitamin-vlm/core';
import { access, rename, rm } from 'node:fs/promises';
import { lockFolder } from './folder-lock.ts';
import { Journal } from './journal.ts';
import type { Fault } from './line.ts';
import { bindManifest, describeRun } from './manifest.ts';
import { Pace } from './pace.ts';
import { journalOf, resultsOf, seal } from './results.ts';
import { checkShard, positionsOf, type Shard, sizeOfShard, wholeRun } from './shard.ts';

/** What a run tells its caller. */
export type RunEvent =
  /** At the start, and after each item. Counts are of this shard. */
  | {
      readonly kind: 'progress';
      /** Items done, those of earlier starts and broken ones included. */
      readonly done: number;
      readonly total: number;
      readonly broken: number;
      /** Items per second over the latest items; undefined before the first. */
      readonly perSecond: number | undefined;
      /** Seconds until the end at that speed. */
      readonly secondsLeft: number | undefined;
    }
  /** An item gave no result; the rest goes on. */
  | ({ readonly kind: 'broken'; readonly index: number; readonly item: string } & Fault);

/** What `runItems` needs to know. */
export interface RunItemsOptions<R> {
  /** Where the run lives: made when missing. One process at a time. */
  readonly folder: string;
  /** Names of all items of all shards, in the order of the results. An item is known by its position: names may repeat. */
  readonly items: readonly string[];
  /** Everything else that the results depend on, as plain data: model, sizes, thresholds, versions. Goes on only with equal ones. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The part to do here. Default: everything. */
  readonly shard?: Shard | undefined;
  /**
   * Makes the result of one item: plain data, the same for the same item and settings. Files that it writes must be there whole before it
   * returns (`writeFileAtomic`), and may be written again after a death.
   */
  readonly work: (item: string, index: number, signal: AbortSignal) => Promise<R>;
  /** Items in work at once, so that one is read while another is computed; a death loses as many. Default: 1. */
  readonly concurrency?: number | undefined;
  /** Whether an error is the item's own, so that the rest goes on. Default: `INPUT_NOT_FOUND` and `INPUT_UNREADABLE`. */
  readonly isBroken?: ((error: unknown) => boolean) | undefined;
  /** Works again on items that were broken at an earlier start. Default: false. */
  readonly retryBroken?: boolean | undefined;
  /** Stops after the items in work, with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

/** How a run ended. */
export interface RunSummary {
  /** Items of this shard. */
  readonly total: number;
  /** Items without a result: `readOutcomes` names them. */
  readonly broken: number;
}

/**
 * Works through items and keeps each result in the folder: goes on where an earlier start stopped, however it stopped, and loses at
 * most the items that were in work. At the end `results.jsonl` holds the outcomes in the order of the items, the same bytes whatever
 * happened on the way; `readOutcomes` reads them, `mergeRuns` joins shards.
 *
 * @throws VitaminError `USAGE` when the folder holds a run of other items or settings (the field is named) or another process works in
 * it, `INPUT_UNREADABLE` when its journal is damaged, `ABORTED` on the signal, and whatever `work` throws that is not the item's own.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { runItems } from '@vitamin-vlm/runs';
 * const { total, broken } = await runItems({
 *   folder: 'sizes',
 *   items: ['a.jpg', 'b.jpg'],
 *   settings: { unit: 'bytes' },
 *   work: async (item) => ({ size: (await readFile(item)).length }),
 *   onEvent: (event) => console.log(event),
 * });
 * console.log(`${total - broken} of ${total} done`);
 * ```
 */
export async function runItems<R>(options: RunItemsOptions<R>): Promise<RunSummary> {
  const { folder, items, signal } = options;
  const shard = checkShard(options.shard ?? wholeRun);
  throwIfAborted(signal);
  const manifest = describeRun(items, options.settings, shard);
  await makeFolder(folder);
  await using lock = await lockFolder(folder);
  await bindManifest(folder, manifest);
  await using journal = await openJournal(folder, items.length, options.retryBroken ?? false);
  await workThrough(options, shard, journal, lock.lost);
  if (journal.path === journalOf(folder)) await seal(folder, journal, positionsOf(shard, items.length));
  return { total: sizeOfShard(shard, items.length), broken: journal.broken };
}

/** The results of a finished run are a journal too, in order; to do broken items again it becomes the journal once more. */
async function openJournal(folder: string, total: number, retryBroken: boolean): Promise<Journal> {
  const finished = await access(resultsOf(folder)).then(
    () => true,
    () => false,
  );
  if (!finished) return Journal.open(journalOf(folder), total);
  const results = await Journal.open(resultsOf(folder), total, 'read');
  if (!retryBroken || results.broken === 0) {
    await rm(journalOf(folder), { force: true }); // left by a death right before the end
    return results;
  }
  await results[Symbol.asyncDispose]();
  await rename(resultsOf(folder), journalOf(folder));
  return Journal.open(journalOf(folder), total);
}

async function workThrough<R>(options: RunItemsOptions<R>, shard: Shard, journal: Journal, lost: AbortSignal): Promise<void> {
  const { items, work, signal, onEvent, concurrency = 1, isBroken = isInputFault } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new VitaminError('USAGE', `Expected a positive number of items at once but received ${concurrency}`);
  const total = sizeOfShard(shard, items.length);
  const pace = new Pace();
  const progress = (): void => {
    const { perSecond } = pace;
    const secondsLeft = perSecond === undefined ? undefined : (total - journal.done) / perSecond;
    onEvent?.({ kind: 'progress', done: journal.done, total, broken: journal.broken, perSecond, secondsLeft });
  };
  const pending = pendingOf(shard, journal, items.length, options.retryBroken ?? false);
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  const cede = (): void => stop.abort(new VitaminError('RUNTIME', `Expected to keep ${options.folder} but another process took it`));
  signal?.addEventListener('abort', abort, { once: true });
  lost.addEventListener('abort', cede, { once: true });

  const one = async (index: number): Promise<void> => {
    const item = items[index]!;
    try {
      const result = await work(item, index, stop.signal);
      if (lost.aborted) return; // the journal is another's
      await journal.append({ index, item, result });
    } catch (error) {
      if (stop.signal.aborted || !isBroken(error)) throw error;
      const fault = faultOf(error);
      await journal.append({ index, item, error: fault });
      onEvent?.({ kind: 'broken', index, item, ...fault });
    }
    pace.step();
    progress();
  };
  const lane = async (): Promise<void> => {
    for (const index of pending) {
      if (stop.signal.aborted) return;
      await one(index).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      });
    }
  };

  try {
    progress();
    const lanes = await Promise.allSettled(Array.from({ length: concurrency }, lane));
    if (lost.aborted) throw stop.signal.reason;
    throwIfAborted(signal);
    for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
  } finally {
    signal?.removeEventListener('abort', abort);
    lost.removeEventListener('abort', cede);
  }
}

/** What is still to be done, found as it is asked for: the lanes share it. */
function* pendingOf(shard: Shard, journal: Journal, total: number, retryBroken: boolean): Generator<number, void> {
  for (const index of positionsOf(shard, total)) {
    if (!journal.has(index) || (retryBroken && journal.isBroken(index))) yield index;
  }
}

function isInputFault(error: unknown): boolean {
  return error instanceof VitaminError && (error.code === 'INPUT_NOT_FOUND' || error.code === 'INPUT_UNREADABLE');
}

function faultOf(error: unknown): Fault {
  return { code: error instanceof VitaminError ? error.code : 'RUNTIME', message: error instanceof Error ? error.message : String(error) };
}
