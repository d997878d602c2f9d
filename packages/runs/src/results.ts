import { removeUnfinished, VitaminError, writeAtomically } from '@vitamin-vlm/core';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Journal } from './journal.ts';
import type { Outcome } from './line.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { positionsOf } from './shard.ts';

/** The journal of a run that is under way. */
export const journalOf = (folder: string): string => join(folder, 'journal.jsonl');

/** The outcomes of a finished run, in the order of its items. */
export const resultsOf = (folder: string): string => join(folder, 'results.jsonl');

/** Lines are put together into writes of about this many bytes. */
const WRITE_BYTES = 1 << 18;

/** Writes `results.jsonl` of a folder that is locked, whole or not at all, from the line of each position. */
export async function writeResults(folder: string, lines: AsyncIterable<Buffer>): Promise<void> {
  await removeUnfinished(resultsOf(folder));
  await writeAtomically(resultsOf(folder), async (file) => {
    let waiting: Buffer[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      await file.appendFile(Buffer.concat(waiting));
      waiting = [];
      bytes = 0;
    };
    for await (const line of lines) {
      waiting.push(line);
      bytes += line.length;
      if (bytes >= WRITE_BYTES) await flush();
    }
    await flush();
  });
}

/** Turns the journal of a complete run into its results. A death in between leaves both, which hold the same. */
export async function seal(folder: string, journal: Journal, positions: Iterable<number>): Promise<void> {
  async function* lines(): AsyncGenerator<Buffer> {
    for (const position of positions) yield (await journal.line(position))!;
  }
  await writeResults(folder, lines());
  await rm(journalOf(folder), { force: true });
}

/** The results of a finished run, opened as a journal, and what they depend on. */
export async function openResults(folder: string): Promise<{ readonly manifest: Manifest; readonly results: Journal }> {
  const manifest = await readManifest(folder);
  if (!manifest) throw new VitaminError('INPUT_NOT_FOUND', `Expected a run in ${folder} but found none`);
  await access(resultsOf(folder)).catch(() => {
    throw new VitaminError('USAGE', `Expected a finished run in ${folder} but found one that is under way or was stopped`, {
      hint: 'Start it again: it goes on where it stopped.',
    });
  });
  return { manifest, results: await Journal.open(resultsOf(folder), manifest.total, 'read') };
}

/**
 * The outcomes of a finished run in the order of its items, one in memory at a time. A broken item has `error` in the place of `result`.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder without a run, `USAGE` for one that is not finished, `INPUT_UNREADABLE` for damage.
 * @example
 * ```ts
 * import { readOutcomes } from '@vitamin-vlm/runs';
 * for await (const outcome of readOutcomes<{ size: number }>('sizes')) {
 *   if ('error' in outcome) console.log(`${outcome.item} is broken: ${outcome.error.message}`);
 *   else console.log(outcome.item, outcome.result.size);
 * }
 * ```
 */
export async function* readOutcomes<R = unknown>(folder: string): AsyncGenerator<Outcome<R>, void> {
  const { manifest, results } = await openResults(folder);
  await using journal = results;
  for (const position of positionsOf(manifest.shard, manifest.total)) {
    const outcome = await journal.outcome<R>(position);
    if (!outcome) throw new VitaminError('INPUT_UNREADABLE', `Expected item ${position} in ${journal.path} but found none`);
    yield outcome;
  }
}
