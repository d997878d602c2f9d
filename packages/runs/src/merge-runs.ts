import { VitaminError, makeFolder } from '@vitamin-vlm/core';
import { rm } from 'node:fs/promises';
import { lockFolder } from './folder-lock.ts';
import type { Journal } from './journal.ts';
import { bindManifest, type Manifest } from './manifest.ts';
import { journalOf, openResults, writeResults } from './results.ts';
import type { RunSummary } from './run-items.ts';
import { firstDifference } from './settings.ts';
import { wholeRun } from './shard.ts';

interface Part {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly results: Journal;
}

/**
 * Joins the finished shards of one run, given in any order, into a folder: `run.json` and `results.jsonl` are byte for byte those of one
 * undisturbed run over everything.
 *
 * @throws VitaminError `USAGE` when a shard is missing, given twice, not finished, or of other items or settings (the field is named);
 * `INPUT_NOT_FOUND` for a folder without a run; `INPUT_UNREADABLE` for damage.
 * @example
 * ```ts
 * import { mergeRuns, readOutcomes } from '@vitamin-vlm/runs';
 * const { total, broken } = await mergeRuns('all', ['part-1', 'part-2', 'part-3']);
 * console.log(`${total} items, ${broken} of them broken`);
 * for await (const outcome of readOutcomes('all')) console.log(outcome.item);
 * ```
 */
export async function mergeRuns(into: string, folders: readonly string[]): Promise<RunSummary> {
  const parts: Part[] = [];
  try {
    for (const folder of folders) parts.push({ folder, ...(await openResults(folder)) });
    const ordered = inOrder(parts);
    const manifest = { ...ordered[0]!.manifest, shard: wholeRun };
    await makeFolder(into);
    await using _lock = await lockFolder(into);
    await bindManifest(into, manifest);
    await writeResults(into, interleave(ordered, manifest.total));
    await rm(journalOf(into), { force: true }); // of a run over everything that was begun there
    return { total: manifest.total, broken: ordered.reduce((sum, { results }) => sum + results.broken, 0) };
  } finally {
    for (const { results } of parts) await results[Symbol.asyncDispose]();
  }
}

/** The parts by shard, each once. */
function inOrder(parts: readonly Part[]): Part[] {
  const first = parts[0];
  if (!first) throw new VitaminError('USAGE', 'Expected the folders of at least one shard but received none');
  const { count } = first.manifest.shard;
  const ordered: Part[] = [];
  for (const part of parts) {
    const { shard, ...rest } = part.manifest;
    const { shard: _, ...expected } = first.manifest;
    const difference = firstDifference({ ...expected, shards: count }, { ...rest, shards: shard.count }, '');
    if (difference) {
      const { path, there, here } = difference;
      const message = `${JSON.stringify(there)} as in ${first.folder} but found ${JSON.stringify(here)} in ${part.folder}`;
      throw new VitaminError('USAGE', `Expected shards of one run, with ${path} ${message}`);
    }
    const twin = ordered[shard.index - 1];
    if (twin) throw new VitaminError('USAGE', `Expected shard ${shard.index}/${count} once but it is in ${twin.folder} and ${part.folder}`);
    ordered[shard.index - 1] = part;
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !ordered[index - 1]);
  if (missing.length > 0)
    throw new VitaminError('USAGE', `Expected all ${count} shards but ${missing.map((index) => `${index}/${count}`).join(', ')} missing`);
  return ordered;
}

async function* interleave(parts: readonly Part[], total: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < total; position++) {
    const part = parts[position % parts.length]!;
    const line = await part.results.line(position);
    if (!line) throw new VitaminError('INPUT_UNREADABLE', `Expected item ${position} in ${part.results.path} but found none`);
    yield line;
  }
}
