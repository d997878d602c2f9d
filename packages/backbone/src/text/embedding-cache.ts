import { access, constants, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, VitaminError, makeFolder } from '@vitamin-vlm/core';

/** Makes the folder and says early, before minutes of work, when nothing can be kept there. */
export async function checkCacheDir(directory: string): Promise<void> {
  try {
    await makeFolder(directory, 0o700);
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw new VitaminError('RUNTIME', `Expected a cache folder that can be written but ${directory} cannot`, {
      cause,
      hint: 'Set XDG_CACHE_HOME to a folder that can be written, or turn the cache of words off.',
    });
  }
}

function cacheFile(directory: string, key: string): string {
  return join(directory, `words-${key.slice(0, 32)}.safetensors`);
}

/** The embeddings kept under a key, or undefined. A file that is damaged or holds something else counts as absent and is replaced later. */
export async function readCachedEmbeddings(directory: string, key: string, rows: number): Promise<Tensor<'float32'> | undefined> {
  try {
    await using file = await openCheckpoint(cacheFile(directory, key));
    const record = file.tensors.get('embeddings');
    const fits = record?.dtype === 'float32' && record.shape.length === 2 && record.shape[0] === rows && file.metadata['key'] === key;
    if (!fits) return undefined;
    const now = new Date();
    // Words unused for long are removed; in a cache that cannot be written nothing is.
    await utimes(cacheFile(directory, key), now, now).catch(() => undefined);
    return (await file.read('embeddings')) as Tensor<'float32'>;
  } catch (error) {
    if (error instanceof VitaminError) return undefined;
    throw error;
  }
}

/** Keeps embeddings under a key, whole or not at all. */
export async function writeCachedEmbeddings(directory: string, key: string, embeddings: Tensor<'float32'>): Promise<void> {
  await writeSafetensors(cacheFile(directory, key), { embeddings }, { key });
}
