import { VitaminError } from '@vitamin-vlm/core';
import { readdir } from 'node:fs/promises';
import { formatHubUri, isCommit, parseHubUri, type HubAddress } from './address.ts';
import {
  blobPath,
  cachedFile,
  isFile,
  isMarkedAbsent,
  linkSnapshot,
  markAbsent,
  readRef,
  repoCache,
  snapshotPath,
  tagCache,
  writeRef,
  type RepoCache,
} from './cache.ts';
import { downloadBlob, type Download } from './download.ts';
import { fileMetadata, listing } from './metadata.ts';
import { retrying, Transient } from './retry.ts';
import { hubSettings, type HubOptions, type HubSettings } from './settings.ts';
import { chooseWeights, isShardIndex, shardsOf, weightNames } from './weights.ts';

/**
 * Gives the path of a file of the Hub in the cache that is shared with Python's huggingface_hub, after downloading it if need be.
 *
 * A commit hash that is cached costs no request; a branch or tag costs one HEAD, and if the Hub cannot be reached, stands where it was
 * last seen, as in Python. Offline, no request is made. An address without a file means the repository's weights under the names of
 * open_clip and transformers, found with one listing. A shard index (`*.index.json`) brings its shards, and its path is returned.
 *
 * The path is a symbolic link below `snapshots/<commit>/`; ONNX Runtime wants its real path. Progress: `loaded` and `total` count the
 * bytes of all files fetched together (an index, then all its shards); `total` is 0 if the server gives no size.
 *
 * @throws VitaminError `USAGE` (address), `OFFLINE`, `NETWORK`, `AUTH`, `MODEL_UNKNOWN`, `WEIGHTS_CORRUPT` (checksum), `ABORTED` (what
 * has arrived is kept and continued next time), `RUNTIME` (disk full or not writable).
 * @example
 * ```ts
 * import { resolveHubFile } from '@vitamin-vlm/checkpoint';
 * const path = await resolveHubFile('hf:org/name@main/model.safetensors', {
 *   signal: AbortSignal.timeout(600_000),
 *   onProgress: (event) => event.phase === 'download' && process.stderr.write(`${event.loaded}/${event.total}\r`),
 * });
 * ```
 */
export async function resolveHubFile(uri: string, options: HubOptions = {}): Promise<string> {
  const settings = await hubSettings(options);
  const address = parseHubUri(uri);
  const hub: Hub = { settings, cache: repoCache(settings.cacheDir, address.repo), options };
  try {
    const named = await nameFile(hub, address);
    const [found] = await obtain(hub, [named]);
    if (isShardIndex(named.file)) {
      const shards = await shardsOf(found!.path, named);
      // Shards belong to the very commit that the index came from.
      await obtain(
        hub,
        shards.map((file) => ({ ...named, revision: found!.commit, file })),
      );
    }
    return found!.path;
  } catch (error) {
    throw asVitaminError(error, settings.cacheDir);
  }
}

type FileAddress = HubAddress & { readonly file: string };

interface Hub {
  readonly settings: HubSettings;
  readonly cache: RepoCache;
  readonly options: HubOptions;
}

/** A file that is in the cache. */
interface Found {
  readonly path: string;
  readonly commit: string;
}

/** Names the weights of an address without a file, and pins it to the commit that was looked at. */
async function nameFile(hub: Hub, address: HubAddress): Promise<FileAddress> {
  if (address.file !== undefined) return { ...address, file: address.file };
  const { settings, cache, options } = hub;
  const seen = isCommit(address.revision) ? address.revision : await readRef(cache, address.revision);
  const fromCache = async (): Promise<FileAddress | undefined> => {
    const files = seen === undefined ? [] : await snapshotFiles(cache, seen);
    return files.length === 0 ? undefined : { ...address, revision: seen!, file: chooseWeights(files, address) };
  };
  if (settings.offline) return (await fromCache()) ?? raise(missing(address));
  if (isCommit(address.revision) && !settings.force) {
    const file = await knownWeights(cache, address.revision);
    if (file !== undefined) return { ...address, file };
  }
  const { commit, files } = await orLastSeen(
    () => listing(settings, address, options.signal),
    async () => {
      const last = settings.force ? undefined : await fromCache();
      return last && { commit: last.revision, files: [last.file] };
    },
    options.signal,
  );
  const file = chooseWeights(files, address);
  await bestEffort(writeRef(cache, address.revision, commit));
  const better = weightNames.slice(0, Math.max(0, weightNames.indexOf(file)));
  for (const name of better) await bestEffort(markAbsent(cache, commit, name));
  return { ...address, revision: commit, file };
}

/** The weights of a commit if the cache can tell without asking: cached, and every better name known to be absent. */
async function knownWeights(cache: RepoCache, commit: string): Promise<string | undefined> {
  for (const name of weightNames) {
    if (await cachedFile(cache, commit, name)) return name;
    if (!(await isMarkedAbsent(cache, commit, name))) return undefined;
  }
  return undefined;
}

/** Puts files into the cache, those that are there already at no cost. All sizes are asked for before the first byte is fetched. */
async function obtain(hub: Hub, addresses: readonly FileAddress[]): Promise<Found[]> {
  const plans: (Found | Download)[] = [];
  for (const address of addresses) plans.push(await plan(hub, address));
  const waiting = plans.filter((item) => 'etag' in item);
  const total = waiting.reduce((sum, job) => sum + (job.size ?? 0), 0);
  let before = 0;
  const found: Found[] = [];
  for (const item of plans) {
    if (!('etag' in item)) {
      found.push(item);
      continue;
    }
    let here = 0;
    const base = before;
    await downloadBlob(hub.settings, item, hub.options.signal, (bytes, size) => {
      here = bytes;
      // A single file of unknown size may learn it from the download itself.
      const known = waiting.length === 1 ? (size ?? 0) : total;
      hub.options.onProgress?.({ phase: 'download', file: item.address.file, loaded: base + bytes, total: known });
    });
    before += item.size ?? here;
    found.push({ commit: item.commit, path: await linkSnapshot(hub.cache, item.commit, item.address.file, item.etag) });
  }
  return found;
}

/** Where the file is, or what to download. */
async function plan(hub: Hub, address: FileAddress): Promise<Found | Download> {
  const { settings, cache, options } = hub;
  const lastSeen = async (): Promise<Found | undefined> => {
    const commit = isCommit(address.revision) ? address.revision : await readRef(cache, address.revision);
    const path = await cachedFile(cache, commit, address.file);
    return path === undefined ? undefined : { path, commit: commit! };
  };
  if (settings.offline) return (await lastSeen()) ?? raise(missing(address));
  if (!settings.force && isCommit(address.revision)) {
    const found = await lastSeen();
    if (found) return found;
  }
  const absent = async (commit: string): Promise<void> => bestEffort(markAbsent(cache, commit, address.file));
  const meta = await orLastSeen(
    () => fileMetadata(settings, address, options.signal, absent),
    async () => (settings.force ? undefined : lastSeen()),
    options.signal,
  );
  if ('path' in meta) return meta;
  const path = await cachedFile(cache, meta.commit, address.file);
  if (path !== undefined && !settings.force) {
    await bestEffort(writeRef(cache, address.revision, meta.commit)); // the cache may be read-only
    return { path, commit: meta.commit };
  }
  await writeRef(cache, address.revision, meta.commit);
  await tagCache(settings.cacheDir);
  if (!settings.force && (await isFile(blobPath(cache, meta.etag)))) {
    return { commit: meta.commit, path: await linkSnapshot(cache, meta.commit, address.file, meta.etag) };
  }
  return { ...meta, address, cache };
}

/** Asks the Hub; when it cannot be reached, takes what the cache saw last, and only without that tries again and again. */
async function orLastSeen<T, L>(
  ask: () => Promise<T>,
  lastSeen: () => Promise<L | undefined>,
  signal: AbortSignal | undefined,
): Promise<T | L> {
  const known = await lastSeen();
  if (known === undefined) return retrying(ask, signal);
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Transient) return known;
    throw error;
  }
}

async function snapshotFiles(cache: RepoCache, commit: string): Promise<string[]> {
  const names = await readdir(snapshotPath(cache, commit)).catch(() => []); // nothing of this commit is cached
  const present: string[] = [];
  for (const name of names) if (await isFile(snapshotPath(cache, commit, name))) present.push(name);
  return present;
}

function missing(address: HubAddress): VitaminError {
  const uri = formatHubUri(address);
  return new VitaminError('OFFLINE', `Expected ${uri} in the cache but it is not there, and offline mode is on`, {
    hint: `With a network, run \`vitamin pull ${uri}\` without --offline and HF_HUB_OFFLINE.`,
  });
}

function raise(error: Error): never {
  throw error;
}

/** For notes that only save a request next time. */
async function bestEffort(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}

function asVitaminError(error: unknown, cacheDir: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof VitaminError || typeof code !== 'string') return error;
  return new VitaminError('RUNTIME', `Expected a writable cache at ${cacheDir} but received ${code}`, {
    hint: 'Check its permissions and free space, or set HF_HOME to another folder.',
    cause: error,
  });
}
