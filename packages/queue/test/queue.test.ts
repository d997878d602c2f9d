import { runItems } from '@vitamin-vlm/runs';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../src/connection.ts';
import { type QueuedRun, readStatus, type RunStatus, submitRun, work } from '../src/index.ts';
import { filesOf, Fleet, type Plan } from './fleet.ts';
import { hasRedis, Redis } from './redis.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function makeRun(id: string, shards: number, plan: Plan): Promise<QueuedRun> {
  const cwd = join(root, id);
  await mkdir(cwd);
  return { id, shards, cwd, folder: join(cwd, 'run'), args: [JSON.stringify(plan)] };
}

/** What one machine makes of a plan. */
async function alone({ total }: Plan): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(root, 'alone-'));
  const items = Array.from({ length: total }, (_, i) => `item-${i}`);
  await runItems({ folder, items, settings: { total }, work: async (_, i) => ({ square: i * i }) });
  return filesOf(folder);
}

async function statusOf(url: string, id: string): Promise<RunStatus> {
  return (await readStatus(url, id))[0]!;
}

async function untilEnded(url: string, id: string): Promise<RunStatus> {
  for (;;) {
    const status = await statusOf(url, id);
    if (status.state === 'done' || status.state === 'failed') return status;
    await setTimeout(100);
  }
}

/** Returns when so many workers wait for shards or do one. */
async function untilAtWork(url: string, count: number): Promise<void> {
  await using queues = await connect(url);
  while ((await queues.shards.getWorkersCount()) < count) await setTimeout(50);
}

async function makeFleet(name: string, options: object): Promise<Fleet> {
  const folder = join(root, name);
  await mkdir(folder);
  const fleet = new Fleet(folder, { lockMs: 1000, takenMs: 300, silenceMs: 20_000, ...options });
  await fleet.write();
  return fleet;
}

describe.skipIf(!hasRedis)('a queue over a real Redis (skipped without redis-server)', { timeout: 300_000 }, () => {
  /** Longer: VITAMIN_CHAOS=20 does it as often. */
  const rounds = Number(process.env['VITAMIN_CHAOS'] ?? 1);

  it('gives the bytes of one machine, whatever is killed on the way', { timeout: 300_000 * rounds }, async () => {
    for (let round = 0; round < rounds; round++) {
      await using redis = await Redis.start();
      await using fleet = await makeFleet(`chaos-${round}`, { url: redis.url });
      const plans = [
        { total: 60, pauseMs: 40 },
        { total: 25, pauseMs: 60 },
      ];
      const ids = [`first-${round}`, `second-${round}`];
      const shards = [6, 4];
      const queued = await Promise.all(ids.map((id, i) => makeRun(id, shards[i]!, plans[i]!)));
      for (const run of queued) expect(await submitRun(redis.url, run, { backoffMs: 100, attempts: 10 })).toBe(true);
      for (let i = 0; i < 3; i++) fleet.start();
      const workerKills = 4;
      for (let kill = 0; kill < workerKills; kill++) {
        await setTimeout(200 + Math.random() * 500);
        if (kill % 3 === 1) {
          await untilAtWork(redis.url, fleet.size); // a worker that finds no Redis at its start ends with an error
          await redis.kill();
          await setTimeout(Math.random() * 400);
          await redis.start();
        }
        const victim = fleet.any();
        victim.kill('SIGKILL');
        await once(victim, 'close');
        fleet.start();
      }
      const sleeper = fleet.any();
      sleeper.kill('SIGSTOP'); // its lock runs out while its child goes on
      await setTimeout(1500);
      sleeper.kill('SIGCONT');
      for (const [i, { id, folder }] of queued.entries()) {
        expect(await untilEnded(redis.url, id)).toMatchObject({ state: 'done', done: shards[i], failed: 0, fraction: 1 });
        expect(await filesOf(folder)).toEqual(await alone(plans[i]!));
      }
      expect(fleet.size).toBe(3); // none but those that were killed has ended
    }
  });

  it('ends with a list of the shards that could not be done, and does those again when it is submitted again', async () => {
    await using redis = await Redis.start();
    const plan = { total: 20, poison: 7 };
    const run = await makeRun('poisoned', 5, plan);
    const fleet = await makeFleet('healthy', { url: redis.url, untilDone: true });
    await using _ = fleet;
    expect(await submitRun(redis.url, run, { attempts: 3, backoffMs: 50 })).toBe(true);
    expect(await submitRun(redis.url, run)).toBe(false); // is under way
    const [code] = (await once(fleet.start(), 'close')) as [number];
    expect(code).toBe(0);
    const status = await statusOf(redis.url, run.id);
    expect(status).toMatchObject({
      state: 'failed',
      done: 4,
      failed: 1,
      waiting: 0,
      active: 0,
      message: expect.stringContaining('1 failed: 3'),
    });
    expect(status.failures).toEqual([
      { shard: 3, attempts: 3, message: expect.stringContaining('item 7 is poison'), worker: expect.stringMatching(/:\d+$/u) },
    ]);
    expect(fleet.told.filter(({ kind, shard }) => kind === 'failed' && shard === 3)).toHaveLength(3);

    await writeFile(join(run.cwd, 'cured'), '');
    expect(await submitRun(redis.url, run)).toBe(true);
    await once(fleet.start(), 'close');
    expect(await statusOf(redis.url, run.id)).toMatchObject({ state: 'done', failed: 0, failures: [], message: undefined });
    expect(await filesOf(run.folder)).toEqual(await alone(plan));
  });

  it('gives up a shard that kills its workers', async () => {
    await using redis = await Redis.start();
    await using fleet = await makeFleet('mortal', { url: redis.url });
    const run = await makeRun('deadly', 2, { total: 4, kills: 3 });
    await submitRun(redis.url, run);
    let started = 0;
    for (;;) {
      if (fleet.size === 0) {
        fleet.start();
        started++;
      }
      const status = await statusOf(redis.url, run.id);
      if (status.state === 'failed') {
        expect(status).toMatchObject({ done: 1, failed: 1 });
        expect(status.failures[0]).toMatchObject({ shard: 2, message: expect.stringContaining('stalled') });
        break;
      }
      expect(started).toBeLessThan(10);
      await setTimeout(100);
    }
  });

  it('kills a process that gives no sign, and tells progress and the time that is left', async () => {
    await using redis = await Redis.start();
    await using fleet = await makeFleet('silent', { url: redis.url, silenceMs: 5000, untilDone: true });
    const plan = { total: 12, pauseMs: 60, sleepsAt: 9 };
    const run = await makeRun('silent-run', 3, plan);
    await submitRun(redis.url, run, { backoffMs: 50 });
    const ended = once(fleet.start(), 'close');
    for (;;) {
      const { done, active, fraction, secondsLeft, state } = await statusOf(redis.url, run.id);
      expect(state).not.toBe('failed');
      if (done >= 1 && active === 1 && fraction > done / 3) {
        expect(fraction).toBeLessThan(1);
        expect(secondsLeft).toBeGreaterThan(0);
        expect(secondsLeft).toBeLessThan(60);
        break;
      }
      await setTimeout(20);
    }
    await ended;
    expect(fleet.told.filter(({ kind }) => kind === 'failed')).toEqual([
      expect.objectContaining({ shard: 1, message: expect.stringContaining('every 5 s but there was none') }),
    ]);
    expect(await filesOf(run.folder)).toEqual(await alone(plan));
  });

  it('gives a shard back at once when a worker is asked to stop', async () => {
    await using redis = await Redis.start();
    await using fleet = await makeFleet('stopped', { url: redis.url, lockMs: 60_000 });
    const plan = { total: 10, pauseMs: 150 };
    const run = await makeRun('stopped-run', 1, plan);
    await submitRun(redis.url, run, { attempts: 1 });
    const first = fleet.start();
    while (((await statusOf(redis.url, run.id)).fraction ?? 0) === 0) await setTimeout(30);
    first.kill('SIGTERM');
    const [code] = (await once(first, 'close')) as [number];
    expect(code).toBe(0);
    expect(await statusOf(redis.url, run.id)).toMatchObject({ state: 'running', waiting: 1, active: 0 });
    fleet.start();
    expect(await untilEnded(redis.url, run.id)).toMatchObject({ state: 'done' });
    expect(await filesOf(run.folder)).toEqual(await alone(plan));
  });

  it('refuses what in Redis is no run of its own, and a Redis that asks for a password', async () => {
    await using redis = await Redis.start(['--requirepass', 'secret']);
    await expect(readStatus(redis.url)).rejects.toMatchObject({ code: 'AUTH', message: expect.not.stringContaining('secret') });
    const url = redis.url.replace('//', '//:secret@');
    const { Queue } = await import('bullmq');
    const shards = new Queue('shards', { connection: { url }, prefix: 'vitamin' });
    await shards.add('shard', { id: 'a', args: ['x'], cwd: 'relative', folder: '/tmp', shards: 3, index: 9 }, { attempts: 5 });
    const stop = new AbortController();
    let called = 0;
    const working = work({ url, program: '/nowhere.js', argumentsOf: () => [String(called++)], signal: stop.signal });
    while ((await shards.getFailedCount()) === 0) await setTimeout(30);
    const [failed] = await shards.getFailed();
    expect(failed!.failedReason).toContain('Expected an absolute path as cwd of a queued run');
    expect(failed!.attemptsMade).toBe(1);
    expect(called).toBe(0);
    stop.abort();
    await working;
    await shards.close();
  });
});

it.each([
  ['http://127.0.0.1:1', 'USAGE', 'Expected the address of a Redis'],
  ['redis://', 'USAGE', 'Expected the address of a Redis'],
  ['redis://:secret@127.0.0.1:1', 'NETWORK', 'Expected a Redis at redis://127.0.0.1:1 but it cannot be used'],
])('says of %s what is wrong with it', async (url, code, message) => {
  for (const call of [() => readStatus(url), () => work({ url, program: '', argumentsOf: () => [] })])
    await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

it.each([
  [{ id: '12' }, 'an id'],
  [{ id: 'a b' }, 'an id'],
  [{ shards: 0 }, '1 to 10000 shards'],
  [{ shards: 10_001 }, '1 to 10000 shards'],
  [{ folder: 'run' }, 'an absolute path as folder'],
  [{ args: ['x'.repeat(70_000)] }, 'at most 65536 bytes'],
])('refuses a run with %o', async (part, message) => {
  const run = { id: 'a', args: [], cwd: '/', folder: '/run', shards: 2, ...part };
  await expect(submitRun('redis://127.0.0.1:1', run)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) });
});
