import { VitaminError } from '@vitamin-vlm/core';
import { parseHubUri, type FileAddress } from './address.ts';
import { linkSnapshot, repoCache, writeRef } from './cache.ts';
import { downloadBlob } from './download.ts';
import { nameWeights } from './name-weights.ts';
import { bestEffort, plan, type Found, type Hub } from './plan.ts';
import { hubSettings, type HubOptions } from './settings.ts';
import { isShardIndex, shardsOf } from './weights.ts';

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
    const named = address.file === undefined ? await nameWeights(hub, address) : { ...address, file: address.file };
    const [found] = await obtain(hub, [named]);
    if (isShardIndex(named.file)) {
      const shards = await shardsOf(found!.path, named);
      // Shards belong to the very commit that the index came from.
      await obtain(
        hub,
        shards.map((file) => ({ ...named, revision: found!.commit, file })),
      );
    }
    // Only now: what one bad answer names must not take away what the cache can give without a network. It may be read-only.
    await bestEffort(writeRef(hub.cache, address.revision, found!.commit));
    return found!.path;
  } catch (error) {
    throw asVitaminError(error, settings.cacheDir);
  }
}

/** Puts files into the cache, those that are there already at no cost. All sizes are asked for before the first byte is fetched. */
async function obtain(hub: Hub, addresses: readonly FileAddress[]): Promise<Found[]> {
  const plans: Awaited<ReturnType<typeof plan>>[] = [];
  for (const address of addresses) plans.push(await plan(hub, address));
  const waiting = plans.filter((item) => 'etag' in item);
  const total = waiting.reduce((sum, job) => sum + (job.size ?? 0), 0);
  const found: Found[] = [];
  let finished = 0;
  for (const item of plans) {
    if ('path' in item) {
      found.push(item);
      continue;
    }
    let here = 0;
    await downloadBlob(hub.settings, item, hub.options.signal, (bytes, size) => {
      here = bytes;
      // A single file of unknown size may learn it from the download itself.
      const known = waiting.length === 1 ? (size ?? 0) : total;
      hub.options.onProgress?.({ phase: 'download', file: item.address.file, loaded: finished + bytes, total: known });
    });
    finished += here;
    found.push({ commit: item.commit, path: await linkSnapshot(hub.cache, item.commit, item.address.file, item.etag) });
  }
  return found;
}

function asVitaminError(error: unknown, cacheDir: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof VitaminError || typeof code !== 'string') return error;
  return new VitaminError('RUNTIME', `Expected a writable cache at ${cacheDir} but received ${code}`, {
    hint: 'Check its permissions and free space, or set HF_HOME to another folder.',
    cause: error,
  });
}
