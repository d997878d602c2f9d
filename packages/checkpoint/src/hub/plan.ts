import { VitaminError } from '@vitamin-vlm/core';
import { formatHubUri, isCommit, type FileAddress, type HubAddress } from './address.ts';
import { blobPath, cachedFile, isFile, linkSnapshot, markAbsent, readRef, tagCache, type RepoCache } from './cache.ts';
import type { Download } from './download.ts';
import { fileMetadata } from './metadata.ts';
import { retrying, Transient } from './retry.ts';
import type { HubOptions, HubSettings } from './settings.ts';

/** What one call works with: its settings and the cache folder of its repository. */
export interface Hub {
  readonly settings: HubSettings;
  readonly cache: RepoCache;
  readonly options: HubOptions;
}

/** A file that is in the cache. */
export interface Found {
  readonly path: string;
  readonly commit: string;
}

/** Where the file is, or what to download. */
export async function plan(hub: Hub, address: FileAddress): Promise<Found | Download> {
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
  if (path !== undefined && !settings.force) return { path, commit: meta.commit };
  await tagCache(settings.cacheDir);
  if (!settings.force && (await isFile(blobPath(cache, meta.etag)))) {
    return { commit: meta.commit, path: await linkSnapshot(cache, meta.commit, address.file, meta.etag) };
  }
  return { ...meta, address, cache };
}

/** Asks the Hub; when it cannot be reached, takes what the cache saw last, and only without that tries again and again. */
export async function orLastSeen<T, L>(
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

/** The error for what offline mode cannot give. */
export function missing(address: HubAddress): VitaminError {
  const uri = formatHubUri(address);
  return new VitaminError('OFFLINE', `Expected ${uri} in the cache but it is not there, and offline mode is on`, {
    hint: `With a network, run \`vitamin pull ${uri}\` without --offline and HF_HUB_OFFLINE.`,
  });
}

/** For the right-hand side of `??`. */
export function raise(error: Error): never {
  throw error;
}

/** For notes that only save a request next time. */
export async function bestEffort(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
