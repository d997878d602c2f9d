import { throwIfAborted, VitaminError, makeFolder } from '@vitamin-vlm/core';

import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import type { RepoCache } from './cache.ts';
import { pause } from './retry.ts';

/** A lock whose holder gave no sign of life for this long belongs to a dead process. The holder gives one every third of it. */
const staleAfter = 10_000;
const pollEvery = 100;

/**
 * Runs work while no other process of this package works on the same blob. The lock is a folder beside Python's `<etag>.lock`, which is
 * a file held with flock(2), a call Node does not have: the two never wait for each other, nor need to. Each writes to a file of
 * its own and renames it into place, so that a meeting costs a second download and nothing else.
 *
 * `work` receives a signal that fires on the user's abort, and if the lock was lost (a machine that slept).
 */
export async function withBlobLock<T>(
  cache: RepoCache,
  etag: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(join(cache.locks, `${etag}.vitamin.lock`), signal, () => lost.abort());
  try {
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } catch (error) {
    if (!lost.signal.aborted || signal?.aborted) throw error;
    throw new VitaminError('RUNTIME', 'Expected to keep the lock on a download but another process took it', {
      hint: 'Run the same command again: it goes on where this one stopped.',
      cause: error,
    });
  } finally {
    await release().catch(() => undefined); // already gone when it was lost
  }
}

async function acquire(lockfilePath: string, signal: AbortSignal | undefined, onCompromised: () => void): Promise<() => Promise<void>> {
  await makeFolder(join(lockfilePath, '..'));
  for (;;) {
    throwIfAborted(signal);
    try {
      return await lock(lockfilePath, { lockfilePath, realpath: false, stale: staleAfter, update: staleAfter / 3, onCompromised });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      await pause(pollEvery, signal);
    }
  }
}
