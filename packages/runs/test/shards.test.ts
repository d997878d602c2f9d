import { VitaminError } from '@vitamin-vlm/core';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mergeRuns, parseShard, runItems, type RunSummary, type Shard } from '../src/index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'runs-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const items = Array.from({ length: 11 }, (_, i) => `picture ${i}`);

const work = async (item: string, i: number): Promise<object> => {
  if (i === 7) throw new VitaminError('INPUT_NOT_FOUND', `Expected ${item}`);
  return { value: i / 7 };
};

function run(folder: string, shard?: Shard, settings: object = { size: 896 }): Promise<RunSummary> {
  return runItems({ folder: join(root, folder), items, settings: { ...settings }, work, shard });
}

const textsOf = (folder: string): Promise<string[]> =>
  Promise.all(['run.json', 'results.jsonl'].map((name) => readFile(join(root, folder, name), 'utf8')));

it.each([1, 2, 3, 4, 11, 15])('joins %i shards, in any order, to the bytes of one run', async (count) => {
  await run(`whole-${count}`);
  const folders = Array.from({ length: count }, (_, i) => `part-${count}-${i + 1}`);
  const sizes: number[] = [];
  for (const [i, folder] of folders.entries()) sizes.push((await run(folder, { index: i + 1, count })).total);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(11);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  for (const order of [folders, folders.toReversed(), folders.toSorted(() => Math.random() - 0.5)]) {
    const paths = order.map((folder) => join(root, folder));
    expect(await mergeRuns(join(root, `merged-${count}`), paths)).toEqual({ total: 11, broken: 1 });
    expect(await textsOf(`merged-${count}`)).toEqual(await textsOf(`whole-${count}`));
  }
  expect((await readdir(join(root, `merged-${count}`))).toSorted()).toEqual(['results.jsonl', 'run.json']);
});

it('refuses shards that are missing, doubled, unfinished or of another run', async () => {
  for (const index of [1, 2, 3]) await run(`p${index}`, { index, count: 3 });
  await run('other', { index: 2, count: 3 }, { size: 672 });
  await run('half', { index: 2, count: 2 });
  const refused = async (folders: readonly string[], code: string, part = ''): Promise<void> => {
    const paths = folders.map((folder) => join(root, folder));
    await expect(mergeRuns(join(root, 'no'), paths)).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
  };
  await refused(['p1', 'p3'], 'USAGE', '2/3 missing');
  await refused(['p1', 'p2', 'p2', 'p3'], 'USAGE', '2/3 once');
  await refused(['p1', 'other', 'p3'], 'USAGE', 'settings.size 896');
  await refused(['p1', 'half'], 'USAGE', 'shards 3');
  await refused(['p1', 'absent'], 'INPUT_NOT_FOUND');
  await refused([], 'USAGE');
  expect(await readdir(root)).not.toContain('no');
});

it('reads shards as people write them', () => {
  expect(parseShard('2/4')).toEqual({ index: 2, count: 4 });
  for (const text of ['0/4', '5/4', '1', 'a/b', '1/0', '-1/4', '1.5/4', ''])
    expect(() => parseShard(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
