import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { identify, type FileIdentity } from './file-identity.ts';

const DAY_MS = 86_400_000;
/** Graphs are cheap to make again. */
const UNUSED_DAYS = 30;
/** Long enough that nobody is still writing it. */
const DRAFT_DAYS = 1;

/** Entries looked at in one go, so that making a graph does not become slower with every graph there is. */
const LOOKED_AT = 200;

/**
 * Removes from the cache what serves no one: graphs whose weights were replaced or deleted (their hard links would keep a
 * deleted file's disk space), graphs and words unused for 30 days, copies of weights that no graph uses, and drafts a day old. Of many entries
 * some are looked at, others the next time.
 */
export async function pruneCache(cacheDir: string): Promise<void> {
  for (const name of some((await list(cacheDir)).filter((file) => file.startsWith('words-')))) {
    const words = join(cacheDir, name);
    if (await isOlder(words, name.endsWith('.tmp') ? DRAFT_DAYS : UNUSED_DAYS)) await rm(words, { force: true });
  }
  for (const folder of ['digests', 'links'].map((name) => join(cacheDir, name))) {
    for (const name of some(await list(folder)))
      if (await isOlder(join(folder, name), UNUSED_DAYS)) await rm(join(folder, name), { force: true });
  }
  const graphs = join(cacheDir, 'graphs');
  for (const name of some(await list(graphs))) {
    const entry = join(graphs, name);
    if (name.startsWith('.draft-') ? await isOlder(entry, DRAFT_DAYS) : await isUseless(entry))
      await rm(entry, { recursive: true, force: true });
  }
  const weights = join(cacheDir, 'weights');
  for (const name of await list(weights)) {
    const file = join(weights, name);
    const info = await stat(file).catch(() => undefined);
    // The change time moves when a graph links or unlinks the copy, so it says how long no graph has used it.
    if (info?.nlink === 1 && Date.now() - info.ctimeMs > DRAFT_DAYS * DAY_MS) await rm(file, { force: true });
  }
}

/** All of a short list; of a long one a stretch from a place that chance picks. */
function some(names: readonly string[]): readonly string[] {
  if (names.length <= LOOKED_AT) return names;
  const first = Math.floor(Math.random() * names.length);
  return [...names.slice(first), ...names.slice(0, first)].slice(0, LOOKED_AT);
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function isOlder(path: string, days: number): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs > days * DAY_MS;
}

async function isUseless(entry: string): Promise<boolean> {
  if (await isOlder(join(entry, 'graph.onnx'), UNUSED_DAYS)) return true;
  try {
    const sources = JSON.parse(await readFile(join(entry, 'sources.json'), 'utf8')) as FileIdentity[];
    for (const source of sources) if (JSON.stringify(await identify(source.path)) !== JSON.stringify(source)) return true;
    return false;
  } catch {
    return true;
  }
}
