import { removeUnfinished, VitaminError } from '@vitamin-vlm/core';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bindSettings } from './settings.ts';
import type { Shard } from './shard.ts';

/** What a folder's results depend on, as `run.json` holds it. */
export interface Manifest {
  readonly format: 1;
  /** Items of all shards together. */
  readonly total: number;
  /** SHA-256 of all items in their order, each as JSON with a line feed. */
  readonly items: string;
  readonly shard: Shard;
  readonly settings: Readonly<Record<string, unknown>>;
}

const fileOf = (folder: string): string => join(folder, 'run.json');

/** The manifest of a run over these items. */
export function describeRun(items: readonly string[], settings: Readonly<Record<string, unknown>>, shard: Shard): Manifest {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${JSON.stringify(item)}\n`);
  const { index, count } = shard;
  return { format: 1, total: items.length, items: hash.digest('hex'), shard: { index, count }, settings };
}

/**
 * What the run in a folder depends on, undefined when the folder holds no run.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a file that is not one.
 * @example
 * ```ts
 * import { readManifest } from '@vitamin-vlm/runs';
 * const { settings, total } = (await readManifest('part-1')) ?? {};
 * console.log(settings?.['unit'], total);
 * ```
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(fileOf(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.format === 1 && Number.isSafeInteger(manifest.total) && manifest.total >= 0 && manifest.shard.count >= 1) return manifest;
  } catch {
    // told below
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected the description of a run in ${fileOf(folder)} but found something else`);
}

/** Binds a folder that is locked to a run. @throws VitaminError as `bindSettings`. */
export async function bindManifest(folder: string, manifest: Manifest): Promise<void> {
  await removeUnfinished(fileOf(folder));
  await bindSettings(fileOf(folder), manifest);
}
