import { VitaminError } from '@vitamin-vlm/core';
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

/**
 * A holder that gave no sign of life for this long is dead, on whichever machine it ran. Long, because work may block the event loop,
 * and with it the signs, for many seconds.
 */
const staleAfter = 60_000;
const signEvery = 5_000;

/** One process's right to work in a folder. */
export interface FolderLock extends AsyncDisposable {
  /** Fires when another process took the folder, which happens only to one that was stopped for longer than a minute. */
  readonly lost: AbortSignal;
}

/**
 * Takes a folder for this process until it is disposed of or the process dies. A holder that died on this machine is known at once by its
 * process number, one on another machine after a minute without a sign.
 *
 * @param folder must exist
 * @throws VitaminError `USAGE` that names the process when another one works in the folder.
 * @example
 * ```ts
 * import { lockFolder } from '@vitamin-vlm/runs';
 * await using lock = await lockFolder('run');
 * console.log(lock.lost.aborted); // false: nobody else writes here until the end of this block
 * ```
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const lockfilePath = join(folder, 'lock');
  const holderPath = join(folder, 'lock.holder');
  const controller = new AbortController();
  const take = (): Promise<() => Promise<void>> =>
    lock(folder, { lockfilePath, stale: staleAfter, update: signEvery, onCompromised: () => controller.abort() });
  const release = await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw error;
    const holder = await readHolder(holderPath);
    if (holder !== undefined && !isDead(holder)) throw taken(folder, holder);
    await rm(holderPath, { force: true }); // first: whoever comes next must not take our lock for the dead one's
    await rmdir(lockfilePath).catch(() => undefined);
    return take().catch((cause: unknown) => {
      throw taken(folder, holder ?? '', cause);
    });
  });
  await writeFile(holderPath, `${process.pid} ${hostname()}`);
  return {
    lost: controller.signal,
    async [Symbol.asyncDispose]() {
      if (controller.signal.aborted) return; // the folder is another's
      await rm(holderPath, { force: true });
      await release();
    },
  };
}

/** Who holds the lock. A live holder says so right after taking it: undefined after a second means that it died in between. */
async function readHolder(path: string): Promise<string | undefined> {
  for (let tries = 0; tries < 20; tries++) {
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (holder !== '') return holder;
    await setTimeout(50);
  }
  return undefined;
}

/** Whether the holder ran on this machine and is gone. */
function isDead(holder: string): boolean {
  const [pid, host] = holder.split(' ');
  if (host !== hostname() || !Number(pid)) return false;
  try {
    process.kill(Number(pid), 0); // sends nothing: asks whether the process is there
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function taken(folder: string, holder: string, cause?: unknown): VitaminError {
  const [pid, host] = holder.split(' ');
  const who = host ? `process ${pid} on ${host}` : 'another process';
  return new VitaminError('USAGE', `Expected ${folder} to be free but ${who} works in it`, {
    hint: 'Wait for it, or give this run a folder of its own. To share the work, give each process its own shard and folder.',
    ...(cause !== undefined && { cause }),
  });
}
