import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readOutcomes, runItems } from '../src/index.ts';
import { ended, resultOf, startChild } from './child.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'runs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const filesOf = async (folder: string): Promise<Record<string, string>> => {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)));
};

it('gives the bytes of an undisturbed run after kills at random moments', { timeout: 120_000 }, async () => {
  const run = { total: 120, brokenEvery: 17 };
  const undisturbed = join(root, 'undisturbed');
  const whole = await ended(startChild({ ...run, folder: undisturbed }));
  expect(whole.stderr).toBe('');
  expect(Object.keys(await filesOf(undisturbed))).toEqual(['results.jsonl', 'run.json']);

  for (const concurrency of [1, 4]) {
    const folder = join(root, `killed-${concurrency}`);
    let before = 0;
    let kills = 0;
    for (;;) {
      const child = startChild({ ...run, folder, concurrency, pauseMs: 8 * concurrency });
      const outcome = ended(child);
      await Promise.race([once(child.stdout!, 'data'), outcome]); // it has begun
      const killed = setTimeout(Math.random() * 160).then(() => child.kill('SIGKILL'));
      const { code, lines } = await outcome;
      await killed;
      const [first, last] = [lines[0]!, lines.at(-1)!].map((line) => JSON.parse(line) as { done?: number });
      // Nothing that was told to be done is lost.
      expect(first!.done).toBeGreaterThanOrEqual(before);
      if (code === 0) break;
      before = last!.done ?? before;
      kills++;
    }
    expect(kills).toBeGreaterThan(1);
    expect(await filesOf(folder)).toEqual(await filesOf(undisturbed));
  }
  const outcomes = [];
  for await (const outcome of readOutcomes(undisturbed)) outcomes.push(outcome);
  expect(outcomes).toHaveLength(120);
  expect(outcomes[5]).toEqual({ index: 5, item: 'item-5', result: resultOf(5) });
  expect(outcomes[16]).toMatchObject({ item: 'item-16', error: { code: 'INPUT_UNREADABLE' } });
});

it('clears away what deaths during the last steps leave', async () => {
  const folder = join(root, 'last-steps');
  const options = {
    folder,
    items: ['item-0', 'item-1'],
    settings: {},
    work: async (_: string, i: number): Promise<unknown> => resultOf(i),
  };
  await mkdir(folder);
  for (const name of ['run.json', 'results.jsonl']) await writeFile(join(folder, `${name}.0123456789ab.tmp`), 'half');
  await runItems(options);
  expect((await readdir(folder)).toSorted()).toEqual(['results.jsonl', 'run.json']);
  await copyFile(join(folder, 'results.jsonl'), join(folder, 'journal.jsonl')); // of a death between the renaming and the removal
  await runItems(options);
  expect((await readdir(folder)).toSorted()).toEqual(['results.jsonl', 'run.json']);
});

it('refuses a second process, names it, and takes the folder of a dead one at once', async () => {
  const folder = join(root, 'shared');
  const child = startChild({ folder, total: 400, pauseMs: 20 });
  await once(child.stdout!, 'data');
  const items = Array.from({ length: 400 }, (_, i) => `item-${i}`);
  const settings = { model: 'squares', window: [336, 168] };
  const second = runItems({ folder, items, settings, work: async () => 1 });
  await expect(second).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(`process ${child.pid} on `) });
  child.kill('SIGKILL');
  await once(child, 'close');
  const { total } = await runItems({ folder, items, settings, work: async (_, i) => resultOf(i) });
  expect(total).toBe(400);
  expect((await readdir(folder)).toSorted()).toEqual(['results.jsonl', 'run.json']);
});

it('needs no memory for what it has done: 100,000 items, 220 MB of results, 48 MB of heap', { timeout: 300_000 }, async () => {
  const folder = join(root, 'many');
  const run = { folder, total: 100_000, resultBytes: 2000 };
  const { code, lines, stderr } = await ended(startChild(run, ['--max-old-space-size=48']));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const { summary, most } = JSON.parse(lines[0]!) as { summary: object; most: number };
  expect(summary).toEqual({ total: 100_000, broken: 0 });
  expect(most).toBeLessThan(160e6); // of which Node itself is about 50
  let count = 0;
  for await (const outcome of readOutcomes(folder)) count += 'result' in outcome ? 1 : 0;
  expect(count).toBe(100_000);
});
