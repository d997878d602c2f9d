import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lockFolder, runItems } from '../src/index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'runs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder with the lock of another process, as that process left it. */
async function heldBy(name: string, holder?: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(join(folder, 'lock'), { recursive: true });
  if (holder !== undefined) await writeFile(join(folder, 'lock.holder'), holder);
  return folder;
}

it('is given back at the end of its block, and refuses a second holder until then', async () => {
  const folder = join(root, 'mine');
  await mkdir(folder);
  {
    await using lock = await lockFolder(folder);
    expect(lock.lost.aborted).toBe(false);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(`process ${process.pid}`) });
  }
  expect(await readdir(folder)).toEqual([]);
});

it('believes another machine for a minute', async () => {
  const folder = await heldBy('elsewhere', '42 another-machine');
  await expect(lockFolder(folder)).rejects.toMatchObject({ message: expect.stringContaining('process 42 on another-machine') });
  const old = new Date(Date.now() - 61_000);
  await utimes(join(folder, 'lock'), old, old);
  await using lock = await lockFolder(folder);
  expect(lock.lost.aborted).toBe(false);
});

it('takes the folder of a process that died before it could say who it is', async () => {
  const folder = await heldBy('nameless');
  await using lock = await lockFolder(folder);
  expect(lock.lost.aborted).toBe(false);
});

it('stops a run whose folder another process took', async () => {
  const folder = join(root, 'stolen');
  const work = async (_: string, index: number, signal: AbortSignal): Promise<number> => {
    await rmdir(join(folder, 'lock'));
    await setTimeout(20);
    await mkdir(join(folder, 'lock'));
    while (!signal.aborted) await setTimeout(50);
    return index;
  };
  const run = runItems({ folder, items: ['a', 'b'], settings: {}, work });
  await expect(run).rejects.toMatchObject({ code: 'RUNTIME', message: expect.stringContaining('another process took it') });
  expect(await readFile(join(folder, 'journal.jsonl'), 'utf8')).toBe(''); // nothing is written into what is another's
});
