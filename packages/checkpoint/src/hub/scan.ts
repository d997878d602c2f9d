import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isFile } from './cache.ts';
import { hubCacheDir } from './settings.ts';

/** One commit of one model repository in the cache. */
export interface CachedSnapshot {
  /** `org/name`. */
  readonly repo: string;
  readonly commit: string;
  /** Branches and tags that stood at this commit when last seen. */
  readonly refs: readonly string[];
  /** `size` in bytes. Two snapshots may share a blob, so sums over snapshots can exceed what lies on the disk. */
  readonly files: readonly { readonly file: string; readonly path: string; readonly size: number }[];
}

/**
 * Lists the models in the cache, by repository and commit, whoever downloaded them. Files whose bytes are gone are left out. An absent
 * cache is an empty one.
 *
 * @example
 * ```ts
 * import { listCachedFiles } from '@vitamin-vlm/checkpoint';
 * for (const { repo, commit, files } of await listCachedFiles()) console.log(repo, commit, files.length);
 * ```
 */
export async function listCachedFiles(cacheDir: string = hubCacheDir()): Promise<CachedSnapshot[]> {
  const found: CachedSnapshot[] = [];
  for (const folder of await names(cacheDir)) {
    const [kind, ...parts] = folder.split('--');
    if (kind !== 'models' || parts.length === 0) continue;
    const refs = await readRefs(join(cacheDir, folder, 'refs'));
    for (const commit of await names(join(cacheDir, folder, 'snapshots'))) {
      const root = join(cacheDir, folder, 'snapshots', commit);
      const files = await filesBelow(root);
      if (files.length === 0) continue;
      found.push({ repo: parts.join('/'), commit, refs: refs.filter((ref) => ref.commit === commit).map((ref) => ref.name), files });
    }
  }
  return found;
}

async function readRefs(root: string): Promise<{ name: string; commit: string }[]> {
  const refs: { name: string; commit: string }[] = [];
  for (const { file, path } of await filesBelow(root)) refs.push({ name: file, commit: (await readFile(path, 'utf8')).trim() });
  return refs;
}

async function filesBelow(root: string): Promise<{ file: string; path: string; size: number }[]> {
  const files: { file: string; path: string; size: number }[] = [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []); // absent
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!(await isFile(path))) continue;
    files.push({ file: relative(root, path).replaceAll('\\', '/'), path, size: (await stat(path)).size });
  }
  return files.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1)); // absent
}
