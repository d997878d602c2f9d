import { makeFolder } from '@vitamin-vlm/core';
import { copyFile, link, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative } from 'node:path';

/**
 * The cache layout of huggingface_hub (checked against version 2.4.0), one folder a repository:
 *
 *     models--org--name/blobs/<etag>                  the bytes, once
 *     models--org--name/snapshots/<commit>/<path>     symbolic link to ../../blobs/<etag>
 *     models--org--name/refs/<revision>               the commit a branch or tag stood at when last seen
 *     models--org--name/.no_exist/<commit>/<path>     empty: the commit is known not to hold that path
 *     .locks/models--org--name/                       locks
 */
export interface RepoCache {
  readonly folder: string;
  readonly locks: string;
}

/** The standard that backup programs know: https://bford.info/cachedir/ */
const cacheTag = 'Signature: 8a477f597d28d172789f06886806bc55\n# Cache of downloaded models, shared with huggingface_hub.\n';

/** The folders of one repository; `repo` is a checked `org/name`. */
export function repoCache(cacheDir: string, repo: string): RepoCache {
  const name = `models--${repo.replace('/', '--')}`;
  return { folder: join(cacheDir, name), locks: join(cacheDir, '.locks', name) };
}

/** Where the bytes with this etag lie. */
export function blobPath(cache: RepoCache, etag: string): string {
  return join(cache.folder, 'blobs', etag);
}

/** Where a file of a commit lies, or the commit's folder. */
export function snapshotPath(cache: RepoCache, commit: string, file = ''): string {
  return join(cache.folder, 'snapshots', commit, file);
}

/** Path of a file of a snapshot when its bytes are there; a link to a blob that was deleted does not count. */
export async function cachedFile(cache: RepoCache, commit: string | undefined, file: string): Promise<string | undefined> {
  if (commit === undefined) return undefined;
  const path = snapshotPath(cache, commit, file);
  return (await isFile(path)) ? path : undefined;
}

/** The commit that a branch or tag stood at when it was last seen. */
export async function readRef(cache: RepoCache, revision: string): Promise<string | undefined> {
  const text = await readFile(join(cache.folder, 'refs', revision), 'utf8').catch(() => undefined); // never seen
  const commit = text?.trim();
  return commit !== undefined && isSafeName(commit) ? commit : undefined;
}

/** Notes the commit that a branch or tag stands at. */
export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  if (revision === commit || (await readRef(cache, revision)) === commit) return;
  await replaceFile(join(cache.folder, 'refs', revision), commit);
}

/** Notes that a commit does not hold a file, so that nobody asks again. */
export async function markAbsent(cache: RepoCache, commit: string, file: string): Promise<void> {
  const path = absentPath(cache, commit, file);
  await makeFolder(dirname(path));
  await writeFile(path, '');
}

/** True when `markAbsent` was called, here or in Python. */
export async function isMarkedAbsent(cache: RepoCache, commit: string, file: string): Promise<boolean> {
  return isFile(absentPath(cache, commit, file));
}

/** Makes `snapshots/<commit>/<file>` lead to a blob. Without the right to make symbolic links (Windows) a hard link, else a copy. */
export async function linkSnapshot(cache: RepoCache, commit: string, file: string, etag: string): Promise<string> {
  const pointer = snapshotPath(cache, commit, file);
  const blob = blobPath(cache, etag);
  await makeFolder(dirname(pointer));
  const fresh = `${pointer}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await symlink(relative(dirname(pointer), blob), fresh);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    await link(blob, fresh).catch(() => copyFile(blob, fresh));
  }
  await rename(fresh, pointer);
  return pointer;
}

/** Marks the cache folder for backup programs. Of no consequence when it cannot. */
export async function tagCache(cacheDir: string): Promise<void> {
  await makeFolder(cacheDir);
  await writeFile(join(cacheDir, 'CACHEDIR.TAG'), cacheTag, { flag: 'wx' }).catch(() => undefined);
}

/** True for an etag or commit that can be a file name: no path, no dot, no separator. */
export function isSafeName(name: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z_=+-]{0,127}$/.test(name);
}

/** True for a file or a link that leads to one. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // absent
  return found?.isFile() ?? false;
}

function absentPath(cache: RepoCache, commit: string, file: string): string {
  return join(cache.folder, '.no_exist', commit, file);
}

async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  await makeFolder(dirname(path));
  try {
    await writeFile(fresh, text);
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
