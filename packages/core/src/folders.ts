import { mkdir, stat } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, isAbsolute } from 'node:path';

/**
 * Makes a folder and those above it that are missing. `fs.mkdir(path, { recursive: true })` never ends in Node 20 where making a folder below an existing
 * one gives ENOENT, as in /proc and on mounts of autofs; here each folder is tried once.
 *
 * @param mode - Of the folders that are made; 0o700 for what nobody else shall read.
 * @throws NodeJS.ErrnoException what the system says when a folder cannot be made.
 * @example
 * ```ts
 * import { makeFolder } from '@vitamin-vlm/core';
 * await makeFolder('results/2026/november');
 * ```
 */
export async function makeFolder(path: string, mode: number = 0o777): Promise<void> {
  const error = await tryMake(path, mode);
  if (error === undefined) return;
  if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
  await makeFolder(dirname(path), mode);
  const again = await tryMake(path, mode);
  if (again) throw again;
}

/** Undefined when the folder is there. A system that is read-only says so before it says that the folder exists. */
async function tryMake(path: string, mode: number): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode });
    return undefined;
  } catch (error) {
    const isThere = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
    return isThere ? undefined : (error as NodeJS.ErrnoException);
  }
}

/**
 * The user's folder. Where HOME is empty or no absolute path, what the system knows of the user; where it knows none, the folder for temporary files.
 *
 * @example
 * ```ts
 * import { homeFolder } from '@vitamin-vlm/core';
 * console.log(homeFolder()); // /home/ada
 * ```
 */
export function homeFolder(): string {
  const home = homedir();
  if (isAbsolute(home)) return home;
  try {
    const known = userInfo().homedir;
    if (isAbsolute(known)) return known;
  } catch {
    // A user without an entry in the system's list, as in some containers.
  }
  return tmpdir();
}
