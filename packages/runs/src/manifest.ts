import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
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

/** The manifest of a run over these items. Settings are taken as JSON holds them. */
export function describeRun(items: readonly string[], settings: Readonly<Record<string, unknown>>, shard: Shard): Manifest {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${JSON.stringify(item)}\n`);
  const { index, count } = shard;
  const plain = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  return { format: 1, total: items.length, items: hash.digest('hex'), shard: { index, count }, settings: plain };
}

/**
 * The manifest in a folder, undefined when the folder holds no run.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a file that is not one.
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

/**
 * Binds a folder to a run: writes the manifest the first time, compares it ever after.
 *
 * @throws VitaminError `USAGE` that names the first field in which the folder's run differs.
 */
export async function bindManifest(folder: string, manifest: Manifest): Promise<void> {
  const known = await readManifest(folder);
  if (!known) return writeFileAtomic(fileOf(folder), `${JSON.stringify(manifest, null, 2)}\n`);
  const difference = firstDifference(known, manifest, '');
  if (difference === undefined) return;
  const { path, there, here } = difference;
  throw new VitaminError('USAGE', `Expected ${path} of the run in ${folder} to be ${show(there)} again but received ${show(here)}`, {
    hint: 'Go on with the settings of the first start, or use a new folder.',
  });
}

interface Difference {
  readonly path: string;
  readonly there: unknown;
  readonly here: unknown;
}

/** The first field, in the order of the first value and then of the second, whose values differ. */
export function firstDifference(there: unknown, here: unknown, path: string): Difference | undefined {
  if (isDeepStrictEqual(there, here)) return undefined;
  if (!isRecord(there) || !isRecord(here)) return { path, there, here };
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
    const found = firstDifference(there[key], here[key], path === '' ? key : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
