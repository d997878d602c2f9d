import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';

import { homeFolder, makeFolder, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { OnnxModel } from '@vitamin-vlm/graph';

import { copyOnce } from './copy-once.ts';
import { identify, matches, type FileIdentity } from './file-identity.ts';
import { linkNoted } from './link-notes.ts';
import { pruneCache } from './prune-cache.ts';

/** A graph that lies in the cache with its weights beside it. */
export interface CachedModel {
  /** The `.onnx` file. */
  readonly path: string;
  /** Weight files that had to be copied just now, because the cache lies on another file system. Usually empty. */
  readonly copied: readonly string[];
}

const GRAPH_FILE = 'graph.onnx';
const SOURCES_FILE = 'sources.json';

/**
 * Where graphs are cached unless told otherwise: `$XDG_CACHE_HOME/vitamin`, or `~/.cache/vitamin`.
 *
 * @example
 * ```ts
 * import { defaultCacheDir } from '@vitamin-vlm/runtime';
 * console.log(defaultCacheDir());
 * ```
 */
export function defaultCacheDir(): string {
  const base = process.env['XDG_CACHE_HOME'];
  // The XDG base directory specification says to ignore relative paths.
  return join(base !== undefined && isAbsolute(base) ? base : join(homeFolder(), '.cache'), 'vitamin');
}

/**
 * Puts a graph into the cache with a hard link to each weight file beside it (ONNX Runtime follows neither symbolic links nor
 * paths that leave the graph's folder). The folder's name is a hash of the graph and of the identity of the weight files, so
 * replaced weights make a new entry. Across file systems the weights are copied, once for all graphs. Safe against other
 * processes: an entry is prepared aside and renamed.
 */
export async function cacheModel(model: OnnxModel, cacheDir: string, options: WorkOptions = {}): Promise<CachedModel> {
  const files = new Map<string, FileIdentity>();
  for (const [location, path] of model.externalFiles) {
    if (basename(location) !== location || /^\.*$|\\/.test(location) || [GRAPH_FILE, SOURCES_FILE].includes(location)) {
      throw new VitaminError('USAGE', `Expected the location of an external file to be a plain file name but received "${location}"`);
    }
    files.set(location, await identify(path));
  }
  const hash = createHash('sha256')
    .update(model.bytes)
    .update(JSON.stringify([...files].toSorted(([a], [b]) => (a < b ? -1 : 1))));
  const entry = join(cacheDir, 'graphs', hash.digest('hex').slice(0, 32));
  const path = join(entry, GRAPH_FILE);
  if (await isIntact(entry, files, model.bytes)) {
    await touch(path);
    return { path, copied: [] };
  }
  await pruneCache(cacheDir);
  throwIfAborted(options.signal);
  const copied = await build(entry, model.bytes, files, cacheDir, options);
  return { path, copied };
}

/** The graph in the entry is this one, byte for byte, and every weight file stands beside it and is the one it should be. */
async function isIntact(entry: string, files: ReadonlyMap<string, FileIdentity>, bytes: Uint8Array): Promise<boolean> {
  const path = join(entry, GRAPH_FILE);
  const graph = await stat(path).catch(() => undefined);
  if (!graph?.isFile() || graph.size !== bytes.byteLength) return false;
  const kept = await readFile(path).catch(() => undefined);
  if (!kept || Buffer.compare(kept, bytes) !== 0) return false;
  for (const [location, identity] of files) if (!(await matches(join(entry, location), identity))) return false;
  return true;
}

async function build(
  entry: string,
  bytes: Uint8Array,
  files: ReadonlyMap<string, FileIdentity>,
  cacheDir: string,
  options: WorkOptions,
): Promise<string[]> {
  const draft = join(cacheDir, 'graphs', `.draft-${randomUUID()}`);
  const copied: string[] = [];
  try {
    await makeFolder(draft, 0o700);
    for (const [location, identity] of files) {
      if (await tryLink(identity.path, join(draft, location), cacheDir)) continue;
      const copy = await copyOnce(identity, join(cacheDir, 'weights'), options);
      if (copy.fresh) copied.push(identity.path);
      await link(copy.path, join(draft, location));
    }
    await writeFile(join(draft, GRAPH_FILE), bytes);
    await writeFile(join(draft, SOURCES_FILE), JSON.stringify([...files.values()]));
    await publish(draft, entry, () => isIntact(entry, files, bytes));
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    throw new VitaminError('RUNTIME', `Expected to write the graph to ${cacheDir} but failed: ${(cause as Error).message}`, {
      hint: 'Pass a cacheDir that can be written, best on the file system of the weights, or set XDG_CACHE_HOME.',
      cause,
    });
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
  }
  return copied;
}

/** False where a hard link cannot be made: other file system, no permission for it, or a file system without them. */
async function tryLink(from: string, to: string, cacheDir: string): Promise<boolean> {
  try {
    await linkNoted(from, to, cacheDir);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) return false;
    throw error;
  }
}

/** Renames the draft to the entry. What is in the way is another process's equal entry, which serves as well, or a damaged one. */
async function publish(draft: string, entry: string, serves: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await rename(draft, entry);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(code)) throw error;
    }
    if (await serves()) return;
    const aside = `${draft}-old`;
    await rename(entry, aside).catch(() => undefined);
    await rm(aside, { recursive: true, force: true });
  }
  throw new Error(`${entry} is in the way and cannot be replaced`);
}

/** Marks the entry as used, for pruning. Fails harmlessly in a read-only cache. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}
