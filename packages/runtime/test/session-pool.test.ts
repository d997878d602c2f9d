import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { tensor } from '@vitamin-vlm/core';
import { add, Graph, matmul } from '@vitamin-vlm/graph';
import { afterEach, expect, it, vi } from 'vitest';
import { estimateBytes, Session, SessionPool } from '@vitamin-vlm/runtime';
import { externalScaleGraph } from './models.ts';

/** What an empty graph is taken to need. */
const THREAD = 20 * 2 ** 20;
/** Floats whose doubling takes a thread and a half, and more. */
const LARGE = THREAD / 8;
const pools: SessionPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function newPool(maxBytes?: number): SessionPool {
  const pool = new SessionPool({ maxBytes, threads: 1, execution: 'inline' });
  pools.push(pool);
  return pool;
}

/** x + x: x and y of `length` floats are held at one time. */
function doubling(length: number): Graph {
  const graph = new Graph('doubling');
  const x = graph.input('x', 'float32', [length]);
  graph.output('y', add(x, x));
  return graph;
}

function noGraph(): Graph {
  throw new Error('no graph');
}

async function use(pool: SessionPool, length: number): Promise<Session> {
  using lease = await pool.lease({ length }, () => doubling(length));
  const { y } = await lease.session.run({ x: tensor('float32', [length], new Float32Array(length).fill(2)) });
  expect(y!.data[length - 1]).toBe(4);
  return lease.session;
}

it('estimates weights and the results that are held at one time', () => {
  expect(estimateBytes(doubling(100))).toBe(THREAD + 2 * 800);
  const graph = new Graph('chain');
  const w = graph.initializer('w', tensor('float16', [10, 10]));
  let y = graph.input('x', 'float32', [5, 10]);
  const half = graph.initializer('half', tensor('float32', [10, 10]));
  for (let i = 0; i < 4; i++) y = matmul(y, half);
  graph.output('y', y);
  graph.initializer('bytes', tensor('int8', [3, 7]));
  graph.initializer('places', tensor('int64', [9]));
  // Two matrices, the half one widened, and whole numbers as they are; x, which stays, and two results of a step.
  expect(estimateBytes(graph)).toBe(THREAD + 4 * (100 + 100) + 21 + 72 + 2 * 4 * 3 * 50);
  expect(w.shape).toEqual([10, 10]);
});

it('shares one session between callers that ask at once, whatever the order of the fields', async () => {
  const pool = newPool();
  const build = vi.fn<() => Graph>(() => doubling(3));
  const leases = await Promise.all([
    pool.lease({ kind: 'a', size: 1 }, build),
    pool.lease({ size: 1, kind: 'a' }, build),
    pool.lease({ kind: 'a', size: 1 }, build),
  ]);
  expect(build).toHaveBeenCalledTimes(1);
  expect(new Set(leases.map(({ session }) => session)).size).toBe(1);
  expect(pool.keys).toEqual([{ kind: 'a', size: 1 }]);
  for (const lease of leases) lease.release();
});

it('makes a session on the provider that its lease asks for, instead of its own', async () => {
  const pool = new SessionPool({ threads: 1, provider: 'coreml' });
  pools.push(pool);
  await expect(pool.lease({ kind: 'own' }, () => doubling(3))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  using lease = await pool.lease({ kind: 'other' }, () => doubling(3), { provider: 'cpu' });
  expect((await lease.session.run({ x: tensor('float32', [3]) }))['y']?.shape).toEqual([3]);
});

it('holds its bound: the session unused for longest goes, one in use stays', async () => {
  const pool = newPool(2.5 * THREAD);
  const first = await use(pool, 100);
  await use(pool, 101);
  expect(await use(pool, 100)).toBe(first);
  await use(pool, 102);
  expect(pool.keys).toEqual([{ length: 100 }, { length: 102 }]);
  expect(pool.bytes).toBeLessThanOrEqual(2.5 * THREAD);

  const held = await pool.lease({ length: 100 }, () => doubling(100));
  expect(held.session).toBe(first);
  await use(pool, LARGE);
  await use(pool, LARGE + 1);
  expect(pool.keys).toEqual([{ length: 100 }]);
  expect((await held.session.run({ x: tensor('float32', [100]) }))['y']?.shape).toEqual([100]);
  held.release();
  held.release();
  expect(await use(pool, 100)).toBe(first);
  await use(pool, LARGE - 1);
  await use(pool, LARGE / 2);
  expect(pool.keys).toEqual([{ length: LARGE / 2 }]);
  await expect(first.run({ x: tensor('float32', [100]) })).rejects.toMatchObject({ code: 'USAGE' });
});

it('keeps what fills its bound to the last byte', async () => {
  const pool = newPool(estimateBytes(doubling(100)) + estimateBytes(doubling(200)));
  await use(pool, 100);
  await use(pool, 200);
  expect(pool.keys).toEqual([{ length: 100 }, { length: 200 }]);
  await use(pool, 201);
  expect(pool.keys).toEqual([{ length: 201 }]);
});

it('runs what alone is larger than the bound, and keeps nothing of it', async () => {
  const pool = newPool(THREAD);
  await use(pool, 1000);
  expect(pool.keys).toEqual([]);
});

it('does not keep a session that failed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitamin-pool-'));
  try {
    const pool = new SessionPool({ threads: 1, cacheDir: folder });
    pools.push(pool);
    const broken = (): Graph => externalScaleGraph(join(folder, 'gone.bin'), 0, 4);
    await expect(pool.lease({ kind: 'scale' }, broken)).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
    expect(pool.keys).toEqual([]);
    await expect(pool.lease({ kind: 'scale' }, noGraph)).rejects.toThrow('no graph');
    using lease = await pool.lease({ kind: 'scale' }, () => doubling(2));
    expect(lease.session.failed).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('drops a session whose thread has died when it is given back, and makes another', async () => {
  const threads: Worker[] = [];
  const note = (worker: Worker): number => threads.push(worker);
  process.on('worker', note);
  try {
    const pool = new SessionPool({ threads: 1 });
    pools.push(pool);
    const build = vi.fn<() => Graph>(() => doubling(3));
    const x = tensor('float32', [3], new Float32Array([1, 2, 3]));
    const lease = await pool.lease({ length: 3 }, build);
    expect([threads.length, lease.session.failed]).toEqual([1, false]);
    await threads[0]!.terminate();
    expect(lease.session.failed).toBe(true);
    await expect(lease.session.run({ x })).rejects.toMatchObject({
      code: 'RUNTIME',
      message: expect.stringContaining('thread ended') as string,
    });
    lease.release();
    expect(pool.keys).toEqual([]);
    using next = await pool.lease({ length: 3 }, build);
    expect([...(await next.session.run({ x }))['y']!.data]).toEqual([2, 4, 6]);
    expect([build.mock.calls.length, threads.length]).toEqual([2, 2]);
  } finally {
    process.off('worker', note);
  }
});

it('stops waiting when the signal fires; the session is there for the next caller', async () => {
  const pool = newPool();
  const build = vi.fn<() => Graph>(() => doubling(5));
  await expect(pool.lease({ n: 5 }, build, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(build).not.toHaveBeenCalled();
  const controller = new AbortController();
  const waiting = pool.lease({ n: 5 }, build, { signal: controller.signal });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  using lease = await pool.lease({ n: 5 }, build);
  expect(build).toHaveBeenCalledTimes(1);
  expect(lease.session.inputs[0]?.shape).toEqual([5]);
});

it('waits for what is lent before it closes, and lends nothing more', async () => {
  const pool = newPool();
  const lease = await pool.lease({ length: 4 }, () => doubling(4));
  let closed = false;
  const closing = pool.close().then(() => (closed = true));
  await expect(pool.lease({ length: 4 }, () => doubling(4))).rejects.toMatchObject({ code: 'USAGE' });
  expect((await lease.session.run({ x: tensor('float32', [4]) }))['y']?.shape).toEqual([4]);
  expect(closed).toBe(false);
  lease.release();
  await closing;
  await expect(lease.session.run({ x: tensor('float32', [4]) })).rejects.toMatchObject({ code: 'USAGE' });
  await pool.close();
});

it('warns of no leak when many calls wait, for the session or under one signal', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  try {
    const pool = newPool();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 40 }, async () => {
      using lease = await pool.lease({ length: 8 }, () => doubling(8), { signal });
      await lease.session.run({ x: tensor('float32', [8]) }, { signal });
    });
    await Promise.all(calls);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', note);
  }
});

it('refuses a bound that is none', () => {
  for (const maxBytes of [0, -1, Number.NaN]) expect(() => new SessionPool({ maxBytes })).toThrow('positive maxBytes');
});
