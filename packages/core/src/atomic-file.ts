import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VitaminError } from './errors.ts';

/**
 * Writes a file so that it is there whole or not at all: under a temporary name in the same folder, synced, then renamed. On an error nothing
 * is left behind, and the error of `write` goes on.
 *
 * @throws VitaminError `RUNTIME` when the folder is missing or not writable or the disk is full.
 * @example
 * ```ts
 * import { writeAtomically } from '@vitamin-vlm/core';
 * await writeAtomically('squares.txt', async (file) => {
 *   for (let i = 0; i < 10; i++) await file.write(`${i * i}\n`);
 * });
 * ```
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx+').catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    await write(file);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error instanceof Error && 'syscall' in error ? unwritable(path, error) : error;
  }
}

/**
 * `writeAtomically` for bytes or text that are in memory.
 *
 * @throws VitaminError `RUNTIME` as `writeAtomically`.
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * await writeFileAtomic('answer.json', JSON.stringify({ answer: 42 }));
 * ```
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  await writeAtomically(path, (file) => file.writeFile(data));
}

/**
 * Deletes the temporary files of `writeAtomically` for this path that a process left when it died in the middle. Only for one who knows that
 * nobody is writing the file: the holder of a lock.
 *
 * @example
 * ```ts
 * import { removeUnfinished, writeFileAtomic } from '@vitamin-vlm/core';
 * await removeUnfinished('answer.json');
 * await writeFileAtomic('answer.json', '42');
 * ```
 */
export async function removeUnfinished(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const found of await readdir(folder)) {
    if (found.startsWith(`${name}.`) && /^\.[0-9a-f]{12}\.tmp$/.test(found.slice(name.length)))
      await rm(join(folder, found), { force: true });
  }
}

function unwritable(path: string, cause: unknown): VitaminError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new VitaminError('RUNTIME', `Expected to write ${path} but received ${code}`, {
    hint: 'Check that its folder exists and is writable, and that the disk has room.',
    cause,
  });
}
