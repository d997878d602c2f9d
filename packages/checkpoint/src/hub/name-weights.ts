import { readdir } from 'node:fs/promises';
import { isCommit, type FileAddress, type HubAddress } from './address.ts';
import { cachedFile, isFile, isMarkedAbsent, markAbsent, readRef, snapshotPath, type RepoCache } from './cache.ts';
import { listing } from './metadata.ts';
import { bestEffort, missing, orLastSeen, raise, type Hub } from './plan.ts';
import { findWeights, noWeights, weightNames } from './weights.ts';

/**
 * Gives an address without a file the name of its repository's weights, and pins it to the commit that was looked at. Better names that the
 * commit lacks are noted in the cache, so that the next time needs no listing.
 */
export async function nameWeights(hub: Hub, address: HubAddress): Promise<FileAddress> {
  const { settings, cache, options } = hub;
  const seen = isCommit(address.revision) ? address.revision : await readRef(cache, address.revision);
  const fromCache = async (): Promise<FileAddress | undefined> => {
    const file = seen === undefined ? undefined : findWeights(await snapshotFiles(cache, seen));
    return file === undefined ? undefined : { ...address, revision: seen!, file };
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
  const file = findWeights(files) ?? raise(noWeights(files, address));
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

async function snapshotFiles(cache: RepoCache, commit: string): Promise<string[]> {
  const names = await readdir(snapshotPath(cache, commit)).catch(() => []); // nothing of this commit is cached
  const present: string[] = [];
  for (const name of names) if (await isFile(snapshotPath(cache, commit, name))) present.push(name);
  return present;
}
