import { VitaminError } from '@vitamin-vlm/core';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Outcome, readOutcomes, type RunEvent, runItems, type RunItemsOptions } from '../src/index.ts';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'runs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const newFolder = (): string => join(root, `${count++}`);

const items = Array.from({ length: 12 }, (_, i) => `picture ${i}.jpg`);
const settings = { model: 'nano', window: { size: 336, stride: 168 } };

type Options = Omit<RunItemsOptions<unknown>, 'folder' | 'items' | 'settings' | 'work'> & {
  readonly work?: RunItemsOptions<unknown>['work'];
};
const run = (folder: string, options: Options = {}) =>
  runItems({ folder, items, settings, work: async (_, i) => ({ value: i }), ...options });

async function outcomesOf(folder: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of readOutcomes(folder)) outcomes.push(outcome);
  return outcomes;
}

/** Work that fails at these items. */
const failing =
  (at: readonly number[], code: 'INPUT_UNREADABLE' | 'RUNTIME') =>
  async (item: string, i: number): Promise<object> => {
    if (at.includes(i)) throw new VitaminError(code, `Expected ${item} to be whole`);
    return { value: i };
  };

/** A run that was stopped after `done` items, and the path of its journal. */
async function stopped(done: number): Promise<{ folder: string; journal: string }> {
  const folder = newFolder();
  const controller = new AbortController();
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'progress' && event.done === done) controller.abort();
  };
  await expect(run(folder, { signal: controller.signal, onEvent })).rejects.toMatchObject({ code: 'ABORTED' });
  return { folder, journal: join(folder, 'journal.jsonl') };
}

/** How many items a run works on until it is finished. */
async function worked(folder: string): Promise<number[]> {
  const indices: number[] = [];
  await run(folder, {
    work: async (_, i) => {
      indices.push(i);
      return { value: i };
    },
  });
  return indices;
}

it('goes on after any cut of its journal, and works again only on what is missing', async () => {
  const { folder, journal } = await stopped(4);
  const bytes = await readFile(journal);
  const ends = [...bytes.keys()].filter((i) => bytes[i] === 10);
  expect(ends).toHaveLength(4);
  const whole = newFolder();
  await run(whole);
  const expected = await readFile(join(whole, 'results.jsonl'), 'utf8');
  for (let length = bytes.length; length >= 0; length -= 13) {
    await writeFile(journal, bytes.subarray(0, length));
    const kept = ends.filter((end) => end < length).length;
    expect(await worked(folder)).toEqual(items.map((_, i) => i).slice(kept));
    expect(await readFile(join(folder, 'results.jsonl'), 'utf8')).toBe(expected);
    await rm(join(folder, 'results.jsonl'));
  }
});

it.each([
  ['zeros, as a power cut leaves them', Buffer.alloc(3000)],
  ['half a line', Buffer.from('{"crc":"00000000","index":4,"state":"done","item":"pict')],
  ['lines that never got their bytes', Buffer.from('{"crc":"00000000","index":4,"state":"done"}\n\0\0\0\0\n')],
])('cuts off %s', async (_, tail) => {
  const { folder, journal } = await stopped(4);
  await appendFile(journal, tail);
  expect(await worked(folder)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

it('refuses a journal that is damaged above its end, and names the line', async () => {
  const { folder, journal } = await stopped(5);
  const text = await readFile(journal, 'utf8');
  await writeFile(journal, text.replace('"value":2', '"value":7'));
  await expect(run(folder)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('in line 3') });
  await writeFile(journal, text.replace('"value":4', '"value":7')); // in the last line: that item is done again
  expect(await worked(folder)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  expect((await outcomesOf(folder))[4]).toMatchObject({ result: { value: 4 } });
});

it('refuses damaged or cut results', async () => {
  const folder = newFolder();
  await run(folder);
  const results = join(folder, 'results.jsonl');
  const text = await readFile(results, 'utf8');
  await writeFile(results, text.replace('"value":11', '"value":12'));
  await expect(outcomesOf(folder)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('in line 12') });
  await writeFile(results, text);
  await truncate(results, text.indexOf('\n', 500) + 1);
  await expect(outcomesOf(folder)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});

it('names the setting that differs, and refuses other items', async () => {
  const { folder } = await stopped(2);
  const start = (changed: object) => runItems({ folder, items, settings, work: async () => 1, ...changed });
  const expectRefusal = (changed: object, part: string) =>
    expect(start(changed)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(part) });
  await expectRefusal({ settings: { model: 'nano', window: { size: 336, stride: 112 } } }, 'Expected settings.window.stride to be');
  await expectRefusal({ settings: { ...settings, alpha: 0.1 } }, 'Expected settings.alpha to be');
  await expectRefusal({ items: items.slice(1) }, 'Expected total to be');
  await expectRefusal({ items: items.toReversed() }, 'Expected items to be');
  await expectRefusal({ shard: { index: 1, count: 2 } }, 'Expected shard.count to be');
  await expect(start({ settings: { window: { stride: 168, size: 336 }, model: 'nano' } })).resolves.toEqual({ total: 12, broken: 0 });
});

it('counts and names broken items, goes on, and works on them again when asked', async () => {
  const folder = newFolder();
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  expect(await run(folder, { work: failing([3, 8], 'INPUT_UNREADABLE'), onEvent })).toEqual({ total: 12, broken: 2 });
  expect(events.filter(({ kind }) => kind === 'broken')).toEqual(
    [3, 8].map((index) => {
      const item = `picture ${index}.jpg`;
      return { kind: 'broken', index, item, code: 'INPUT_UNREADABLE', message: `Expected ${item} to be whole` };
    }),
  );
  expect(events.at(-1)).toMatchObject({ kind: 'progress', done: 12, total: 12, broken: 2, secondsLeft: 0 });
  expect((await outcomesOf(folder))[3]).toMatchObject({ item: 'picture 3.jpg', error: { code: 'INPUT_UNREADABLE' } });

  expect(await run(folder, { work: () => expect.unreachable() })).toEqual({ total: 12, broken: 2 }); // finished is finished
  const again: number[] = [];
  const mended = async (_: string, i: number): Promise<object> => {
    again.push(i);
    return { value: i };
  };
  expect(await run(folder, { work: mended, retryBroken: true })).toEqual({ total: 12, broken: 0 });
  expect(again).toEqual([3, 8]);
  const whole = newFolder();
  await run(whole);
  expect(await readFile(join(folder, 'results.jsonl'), 'utf8')).toBe(await readFile(join(whole, 'results.jsonl'), 'utf8'));
});

it('stops at an error that is not the item’s own, and keeps what was done', async () => {
  const folder = newFolder();
  await expect(run(folder, { work: failing([6], 'RUNTIME') })).rejects.toMatchObject({ code: 'RUNTIME' });
  await expect(outcomesOf(folder)).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining('Start it again') });
  expect(await worked(folder)).toEqual([6, 7, 8, 9, 10, 11]);
});

it.each([[Number.NaN], [undefined], [10n], [new Float32Array(3)], [{ score: [0, Number.POSITIVE_INFINITY] }]])(
  'refuses the result %s, which JSON would change',
  async (result) => {
    await expect(run(newFolder(), { work: async () => result })).rejects.toMatchObject({ code: 'USAGE' });
  },
);

it('lets the items in work end when it is aborted, and gives the folder back', async () => {
  const folder = newFolder();
  const controller = new AbortController();
  const seen: number[] = [];
  const work = async (_: string, i: number, signal: AbortSignal): Promise<object> => {
    if (i === 3) controller.abort();
    seen.push(i);
    expect(signal.aborted).toBe(i === 3);
    return { value: i };
  };
  await expect(run(folder, { work, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(seen).toEqual([0, 1, 2, 3]);
  expect((await readdir(folder)).toSorted()).toEqual(['journal.jsonl', 'run.json']);
  expect(await worked(folder)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]); // what ended was kept
});
