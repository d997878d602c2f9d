import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { throwIfAborted, VitaminError, type WorkOptions, makeFolder } from '@vitamin-vlm/core';

import { matches, type FileIdentity } from './file-identity.ts';

/** Large enough that the copy is bound by the disk. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * The copy of a weight file in the cache's own folder, made on first use: where hard links cannot reach. Its name is a hash
 * of the file's identity and of the time of its last change, which nobody can set: it is found again by every graph over the same weights and
 * by none over others.
 *
 * Nobody else may read it: the weights may be private.
 *
 * @throws VitaminError `RUNTIME` when the disk has too little room, `ABORTED`.
 */
export async function copyOnce(source: FileIdentity, folder: string, options: WorkOptions): Promise<{ path: string; fresh: boolean }> {
  const { ctimeNs } = await stat(source.path, { bigint: true });
  const name = createHash('sha256')
    .update(JSON.stringify([source, `${ctimeNs}`]))
    .digest('hex')
    .slice(0, 32);
  const path = join(folder, `${name}.bin`);
  if (await matches(path, source)) return { path, fresh: false };
  await makeFolder(folder, 0o700);
  await requireSpace(folder, source);
  const draft = join(folder, `.${name}-${randomUUID()}.part`);
  try {
    await copy(source, draft, options);
    const modified = Number(source.modified) / 1e9;
    await utimes(draft, modified, modified);
    await rename(draft, path);
  } catch (error) {
    throwIfAborted(options.signal);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return { path, fresh: true };
}

async function copy(source: FileIdentity, to: string, { signal, onProgress }: WorkOptions): Promise<void> {
  const progress = (loaded: number): void => onProgress?.({ phase: 'copy', file: source.path, loaded, total: source.size });
  progress(0);
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let loaded = 0;
    for await (const chunk of chunks) {
      yield chunk;
      progress((loaded += chunk.byteLength));
    }
  };
  const reader = createReadStream(source.path, { highWaterMark: CHUNK_BYTES });
  await pipeline(reader, count, createWriteStream(to, { flags: 'wx', mode: 0o600 }), signal ? { signal } : {});
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

async function requireSpace(folder: string, source: FileIdentity): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= source.size) return;
  throw new VitaminError(
    'RUNTIME',
    `Expected ${megabytes(source.size)} free in ${folder} for a copy of ${source.path} but found ${megabytes(free)}`,
    {
      hint: 'Pass a cacheDir on the file system of the weights: then a hard link is made and nothing is copied.',
    },
  );
}
