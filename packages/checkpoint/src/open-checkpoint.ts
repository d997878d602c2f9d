import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { VitaminError } from '@vitamin-vlm/core';

import { Budget } from './budget.ts';
import { openFile, unreadable, type ByteSource } from './byte-source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { quote } from './corrupt.ts';
import { FileCheckpoint } from './file-checkpoint.ts';
import { weightNames } from './hub/weights.ts';
import type { ReadOptions } from './opened-file.ts';
import { readFile } from './read-file.ts';
import { openShards } from './shards.ts';
import { sniff } from './sniff.ts';

/** Options of `openCheckpoint`. */
export interface OpenOptions {
  /** Lists tensors of types that cannot be read (8-bit floats, quantized, sparse, complex) in `foreign` instead of refusing the file. */
  readonly listForeign?: boolean | undefined;
}

/**
 * Opens a checkpoint without reading its tensors: safetensors, a torch archive (`.bin`, `.pt`, `.pth`), `.npy`, the `*.index.json` of a
 * sharded checkpoint, or a folder that holds one of the usual names. The format is told by content, never by the name. Nothing in the file
 * is run, and every limit is checked before memory is taken.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, `WEIGHTS_MISSING` (no known name in the folder, or a shard is absent),
 *   `WEIGHTS_CORRUPT` (truncated, overlapping, out of range, too large, LFS pointer, HTML page, ...), `UNSAFE_PICKLE` (names the Python
 *   global) or `UNSUPPORTED` (torch before 1.6, bare pickle, a compressed tensor, a foreign element type).
 * @example
 * ```ts
 * import { openCheckpoint } from '@vitamin-vlm/checkpoint';
 * const checkpoint = await openCheckpoint('ViTamin-L-336px/pytorch_model.bin');
 * for (const { name, dtype, shape, file, offset } of checkpoint.tensors.values()) console.log(name, dtype, shape, file, offset);
 * const scale = await checkpoint.read('logit_scale');
 * console.log(scale.data[0]);
 * await checkpoint.close();
 * ```
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const read: ReadOptions = { budget: new Budget(), listForeign: options.listForeign ?? false };
  const source = await openFile(await findFile(path));
  const kind = await closeOnError(source, () => sniff(source));
  if (kind === 'index') {
    try {
      return await openShards(source, read);
    } finally {
      await source.close();
    }
  }
  const opened = await closeOnError(source, () => readFile(source, kind, read));
  return new FileCheckpoint(opened.format, [source], opened.tensors, opened.metadata, opened.foreign);
}

async function closeOnError<T>(source: ByteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function findFile(path: string): Promise<string> {
  const info = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!info.isDirectory()) return path;
  const names = await readdir(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const found = weightNames.find((name) => names.includes(name));
  if (found !== undefined) return join(path, found);
  const seen = names.length === 0 ? 'an empty folder' : names.slice(0, 5).map(quote).join(', ');
  throw new VitaminError('WEIGHTS_MISSING', `Expected one of ${weightNames.join(', ')} in ${path} but found ${seen}`, {
    hint: 'Name the weight file itself.',
  });
}
