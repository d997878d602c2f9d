import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VitaminError } from './errors.ts';

/**
 * Writes a file so that it is there whole or not at all: under a temporary name in the same folder, synced, then renamed. On an error nothing
 * is left behind, and the error of `write` goes on. A file that is replaced keeps its permissions. What an earlier process left when it was killed
 * (`NAME.<12 hex digits>.tmp`) is removed when it is a day old.
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
  await sweepOnce(dirname(path));
  // Who may read a file that is replaced may read what replaces it, and nobody else.
  const mode = (await lstat(path).catch(() => undefined))?.mode;
  const file = await open(temporary, 'wx+').catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    if (mode !== undefined && (mode & S_IFMT) === S_IFREG) await file.chmod(mode & 0o777);
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
    if (found.startsWith(`${name}.`) && TEMPORARY.exec(found)?.index === name.length) await rm(join(folder, found), { force: true });
  }
}

const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/;
const { S_IFMT, S_IFREG } = constants;

/** Long enough that nobody is still writing it. */
const UNFINISHED_MS = 24 * 3_600_000;

const swept = new Set<string>();

/** What a process left when it was killed is removed when it is a day old: once a folder, at its first file. */
async function sweepOnce(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!TEMPORARY.test(name)) continue;
    const file = join(folder, name);
    const info = await lstat(file).catch(() => undefined);
    if (info?.isFile() && Date.now() - info.mtimeMs > UNFINISHED_MS) await rm(file, { force: true }).catch(() => undefined);
  }
}

function unwritable(path: string, cause: unknown): VitaminError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new VitaminError('RUNTIME', `Expected to write ${path} but received ${code}`, {
    hint: 'Check that its folder exists and is writable, and that the disk has room.',
    cause,
  });
}
