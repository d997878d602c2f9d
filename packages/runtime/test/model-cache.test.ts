import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { tensor, type ProgressEvent } from '@vitamin-vlm/core';
import { defaultCacheDir, Session, type SessionOptions } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { externalScaleModel, scaleModel } from './models.ts';

const LENGTH = 1000;
/** Published files keep a header before the numbers. */
const OFFSET = 64;
/** A file system other than the temporary folder's, where there is one. */
const OTHER_FILE_SYSTEM = '/dev/shm';

let root: string;
let folder: string;
let weights: string;
let cacheDir: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vitamin-runtime-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
  weights = join(folder, 'weights.bin');
  cacheDir = join(folder, 'cache');
  await writeWeights(2);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function writeWeights(value: number): Promise<void> {
  const numbers = new Float32Array(LENGTH).fill(value);
  await writeFile(weights, Buffer.concat([Buffer.alloc(OFFSET), Buffer.from(numbers.buffer)]));
}

/** What the network multiplies by, read through a new session, and which weights were copied for it. */
async function readBack(options: SessionOptions = {}, file: string = weights): Promise<{ factor: number; copied: readonly string[] }> {
  await using session = await Session.create(externalScaleModel(file, OFFSET, LENGTH), { cacheDir, threads: 1, ...options });
  const { y } = await session.run({ x: tensor('float32', [LENGTH], new Float32Array(LENGTH).fill(1)) });
  return { factor: Number(y!.data[LENGTH - 1]), copied: session.copied };
}

const graphs = (): Promise<string[]> => readdir(join(cacheDir, 'graphs'));

it('loads weights where they are, through a hard link', async () => {
  expect(await readBack()).toEqual({ factor: 2, copied: [] });
  expect((await stat(weights)).nlink).toBe(2);
  expect(await readBack()).toEqual({ factor: 2, copied: [] });
  expect((await stat(weights)).nlink).toBe(2);
  expect(await graphs()).toHaveLength(1);
});

it('follows a symbolic link to the weights, as in the Hugging Face cache', async () => {
  const link = join(folder, 'snapshot.bin');
  await symlink(weights, link);
  expect(await readBack({}, link)).toEqual({ factor: 2, copied: [] });
});

it('notices replaced weights, even with equal size and time, and drops the old link', async () => {
  expect((await readBack()).factor).toBe(2);
  const { atime, mtime } = await stat(weights);
  await rename(weights, join(folder, 'old.bin'));
  await writeWeights(3);
  await utimes(weights, atime, mtime);
  expect((await readBack()).factor).toBe(3);
  expect(await graphs()).toHaveLength(1);
  expect((await stat(join(folder, 'old.bin'))).nlink).toBe(1);
});

it('notices weights changed in place', async () => {
  expect((await readBack()).factor).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 10));
  await writeWeights(4);
  await appendFile(weights, 'more');
  expect((await readBack()).factor).toBe(4);
});

it('repairs a damaged entry', async () => {
  await readBack();
  const [entry] = await graphs();
  const link = join(cacheDir, 'graphs', entry!, 'weights-0.bin');
  await rm(link);
  await writeFile(link, 'something else');
  expect((await readBack()).factor).toBe(2);
});

it('repairs a graph that was cut short, or damaged without a change of its size', async () => {
  await readBack();
  const [entry] = await graphs();
  const graph = join(cacheDir, 'graphs', entry!, 'graph.onnx');
  const whole = await readFile(graph);
  const flipped = Buffer.from(whole);
  flipped[whole.length - 1]! ^= 1;
  for (const damaged of [whole.subarray(0, whole.length - 1), Buffer.concat([whole, whole]), flipped, Buffer.alloc(0)]) {
    await writeFile(graph, damaged);
    expect((await readBack()).factor).toBe(2);
    expect(await readFile(graph)).toEqual(whole);
    expect(await graphs()).toEqual([entry]);
  }
});

it('gives back the disk space of deleted weights when the next graph is cached', async () => {
  await readBack();
  const other = join(folder, 'other.bin');
  await copyFile(weights, other);
  await rm(weights);
  await readBack({}, other);
  expect(await graphs()).toHaveLength(1);
});

function daysAgo(count: number): Date {
  return new Date(Date.now() - count * 86_400_000);
}

it('removes words, digests and drafts that were unused for long', async () => {
  await mkdir(join(cacheDir, 'digests'), { recursive: true });
  const old = ['words-1.safetensors', 'words-2.safetensors.tmp', 'digests/1.json'];
  const young = ['words-3.safetensors', 'words-4.safetensors.tmp', 'digests/2.json', 'other.bin'];
  for (const name of [...old, ...young]) await writeFile(join(cacheDir, name), '');
  for (const name of old) await utimes(join(cacheDir, name), daysAgo(31), daysAgo(31));
  await utimes(join(cacheDir, 'words-3.safetensors'), daysAgo(29), daysAgo(29));
  await utimes(join(cacheDir, 'other.bin'), daysAgo(99), daysAgo(99));
  await readBack();
  for (const name of old) await expect(stat(join(cacheDir, name))).rejects.toMatchObject({ code: 'ENOENT' });
  for (const name of young) expect((await stat(join(cacheDir, name))).size).toBe(0);
});

it('copies once where a link cannot reach, says so, and can be aborted', async (context) => {
  const there = await mkdtemp(join(OTHER_FILE_SYSTEM, 'vitamin-runtime-')).catch(() => undefined);
  const isOther = there !== undefined && (await stat(there)).dev !== (await stat(root)).dev;
  context.skip(!isOther, `${OTHER_FILE_SYSTEM} is not a second file system that can be written`);
  try {
    cacheDir = there!;
    await expect(readBack({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const stopper = new AbortController();
    await expect(readBack({ signal: stopper.signal, onProgress: () => stopper.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(join(cacheDir, 'weights'))).toEqual([]);
    const events: ProgressEvent[] = [];
    expect(await readBack({ onProgress: (event) => events.push(event) })).toEqual({ factor: 2, copied: [weights] });
    const total = OFFSET + LENGTH * 4;
    expect(events).toEqual([
      { phase: 'copy', file: weights, loaded: 0, total },
      { phase: 'copy', file: weights, loaded: total, total },
      { phase: 'session' },
    ]);
    // Another graph over the same weights shares the copy.
    await using shorter = await Session.create(externalScaleModel(weights, OFFSET, 10), { cacheDir, threads: 1 });
    expect(shorter.copied).toEqual([]);
    const [copy, ...others] = await readdir(join(cacheDir, 'weights'));
    expect(others).toEqual([]);
    // Weights may be private: nobody else may read the copy.
    const modeOf = async (...path: string[]): Promise<number> => (await stat(join(cacheDir, ...path))).mode & 0o777;
    expect([await modeOf('weights'), await modeOf('weights', copy!)]).toEqual([0o700, 0o600]);
    await writeWeights(5);
    await utimes(weights, new Date(), new Date(Date.now() + 5000));
    expect(await readBack()).toEqual({ factor: 5, copied: [weights] });
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
});

it('serves several processes that build one entry at once', async () => {
  const model = externalScaleModel(weights, OFFSET, LENGTH);
  const script = `
    import { Session } from '@vitamin-vlm/runtime';
    const model = { bytes: Buffer.from('${Buffer.from(model.bytes).toString('base64')}', 'base64'), externalFiles: new Map([['weights-0.bin', ${JSON.stringify(weights)}]]) };
    for (let i = 0; i < 3; i++) {
      const session = await Session.create(model, { cacheDir: ${JSON.stringify(cacheDir)}, threads: 1 });
      const { y } = await session.run({ x: { dtype: 'float32', shape: [${LENGTH}], data: new Float32Array(${LENGTH}).fill(1) } });
      if (y.data[0] !== 2) throw new Error('wrong weights');
      await session.close();
    }`;
  const runs = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: import.meta.dirname }),
  );
  await Promise.all(runs);
  expect(await graphs()).toHaveLength(1);
});

it('refuses what it cannot serve, before writing anything', async () => {
  const { bytes } = externalScaleModel(weights, OFFSET, LENGTH);
  const create = (location: string, path: string) => Session.create({ bytes, externalFiles: new Map([[location, path]]) }, { cacheDir });
  for (const location of ['../weights-0.bin', '/weights-0.bin', 'a/b.bin', 'a\\b.bin', '..', '', 'graph.onnx', 'sources.json']) {
    await expect(create(location, weights)).rejects.toMatchObject({ code: 'USAGE' });
  }
  await expect(create('weights-0.bin', join(folder, 'none.bin'))).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
  await expect(stat(cacheDir)).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(cacheDir, 'a file where a folder should be');
  await expect(create('weights-0.bin', weights)).rejects.toMatchObject({ name: 'VitaminError', code: 'RUNTIME' });
});

it('reports weights that are shorter than the graph says', async () => {
  await writeFile(weights, Buffer.alloc(100));
  await expect(readBack()).rejects.toMatchObject({ name: 'VitaminError' });
});

it('loads an embedded model from an .onnx file as from its bytes, without a cache', async () => {
  const path = join(folder, 'model.onnx');
  const model = scaleModel([2, 3]);
  await writeFile(path, model.bytes);
  const x = tensor('float32', [2], new Float32Array([1, 1]));
  for (const source of [{ path }, model.bytes, model]) {
    await using session = await Session.create(source, { cacheDir, threads: 1 });
    expect((await session.run({ x }))['y']!.data).toEqual(new Float32Array([2, 3]));
  }
  await expect(stat(cacheDir)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('follows XDG_CACHE_HOME, and ignores it when relative', async () => {
  const before = process.env['XDG_CACHE_HOME'];
  try {
    await mkdir(join(folder, 'xdg'));
    process.env['XDG_CACHE_HOME'] = join(folder, 'xdg');
    expect(defaultCacheDir()).toBe(join(folder, 'xdg', 'vitamin'));
    await readBack({ cacheDir: undefined });
    expect(await readdir(join(folder, 'xdg', 'vitamin', 'graphs'))).toHaveLength(1);
    process.env['XDG_CACHE_HOME'] = 'relative';
    expect(defaultCacheDir()).toMatch(/[/\\]\.cache[/\\]vitamin$/);
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  }
});
