import { open, realpath, stat } from 'node:fs/promises';

import { VitaminError } from '@vitamin-vlm/core';

import { corrupt } from './corrupt.ts';
import { MAX_IO_BYTES } from './limits.ts';

/** A file that is read by ranges, never whole. */
export interface ByteSource {
  /** The path as the caller wrote it, for messages. */
  readonly path: string;
  /** Absolute path without symbolic links: the Hugging Face cache links snapshots to blobs, and a hard link needs the blob. */
  readonly file: string;
  readonly size: number;
  /** Fills `target` with the bytes at `offset`. */
  readInto(target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a regular file. Directories, pipes and devices are refused: opening a pipe could wait for ever. */
export async function openFile(path: string): Promise<ByteSource> {
  const file = await realpath(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const info = await stat(file);
  if (!info.isFile()) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a regular file but found something else at ${path}`, {
      hint: 'Name the weight file itself.',
    });
  }
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return {
    path,
    file,
    size: info.size,
    async readInto(target, offset) {
      for (let done = 0; done < target.length;) {
        const wanted = Math.min(target.length - done, MAX_IO_BYTES);
        const { bytesRead } = await handle.read(target, done, wanted, offset + done).catch((cause: unknown) => {
          throw unreadable(path, cause);
        });
        if (bytesRead === 0)
          throw corrupt(path, `Expected ${target.length} bytes at ${offset} but found the end of the file at ${offset + done}`);
        done += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

/** Reads a range into fresh memory, after checking that it lies inside the file. */
export async function readRange(source: ByteSource, offset: number, length: number, what: string): Promise<Uint8Array> {
  if (offset + length > source.size) {
    throw corrupt(source.path, `Expected ${what} up to byte ${offset + length} but found only ${source.size} bytes (a truncated file?)`);
  }
  const bytes = new Uint8Array(length);
  await source.readInto(bytes, offset);
  return bytes;
}

/** A file system error as `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`. */
export function unreadable(path: string, cause: unknown): VitaminError {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new VitaminError('INPUT_NOT_FOUND', `Expected a weight file or folder but found nothing at ${path}`, {
        hint: 'Check the path.',
        cause,
      })
    : new VitaminError('INPUT_UNREADABLE', `Expected a readable file but received ${code ?? 'an error'} for ${path}`, {
        hint: 'Check the permissions of the file and its folders.',
        cause,
      });
}
