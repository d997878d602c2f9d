import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';

import { VitaminError } from '@vitamin-vlm/core';

import { MAX_IO_BYTES } from './limits.ts';

/**
 * Writes a file beside its final place, syncs it and renames it there, so that readers see the old file or the whole new one. On an error the
 * temporary file is removed and the error goes on; one of the file system becomes `RUNTIME`.
 */
export async function writeAtomically(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx+').catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    await write(handle);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw isSystemError(error) ? unwritable(path, error) : error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function unwritable(path: string, cause: unknown): VitaminError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
  return new VitaminError('RUNTIME', `Expected to write ${path} but received ${code}`, {
    hint: 'Check that its folder exists, is writable and has room.',
    cause,
  });
}

/** Writes all bytes at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, MAX_IO_BYTES), position + done);
    done += bytesWritten;
  }
}
