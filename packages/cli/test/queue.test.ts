import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hasRedis, Redis } from '../../queue/test/redis.ts';
import { type Run, tinyClasses, temporaryFolder, vitamin, writePicture, writeTinyDetector, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const temporary = temporaryFolder();
const data = ['--root', 'world', '--model', 'detector.pth', '--tower', 'model'];
const env = (): Record<string, string> => ({ VITAMIN_CACHE_DIR: temporary('cache') });

/** What is told of a run in the queue. */
interface Status {
  readonly id: string;
  readonly state: string;
  readonly done: number;
  readonly failures: readonly { readonly shard: number; readonly message: string }[];
}

async function run(...args: string[]): Promise<Run> {
  return vitamin(args, { cwd: temporary(), env: env() });
}

async function statusOf(url: string): Promise<readonly Status[]> {
  const { status, stdout } = await run('status', '--queue', url, '--json');
  expect(status).toBe(0);
  return (JSON.parse(stdout) as { runs: readonly Status[] }).runs;
}

/** A worker's process, and what became of it. */
function worker(url: string): { readonly child: ChildProcess; readonly ended: Promise<Run> } {
  const args = ['work', '--queue', url, '--until-done', '--lock', '3', '--threads', '1'];
  let child: ChildProcess | undefined;
  const ended = vitamin(args, { cwd: temporary(), env: { ...env(), VITAMIN_SCORE: '0.9' }, onStart: (started) => (child = started) });
  return { ended, child: child! };
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(temporary(folder))).filter((name) => name !== 'shards');
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(temporary(folder, name), 'utf8')] as const)));
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyDetector(temporary('detector.pth'));
  await mkdir(temporary('world', 'images'), { recursive: true });
  await mkdir(temporary('world', 'annotations'));
  const names = Array.from({ length: 12 }, (_, i) => `${i}.png`);
  for (const [i, name] of names.entries()) await writePicture(temporary('world', 'images', name), 80 + 7 * i, 60, i);
  const set = {
    images: names.map((name, i) => ({ id: i, width: 80 + 7 * i, height: 60, file_name: name })),
    categories: tinyClasses.map((name, i) => ({ id: i + 1, name })),
    annotations: names.map((_, i) => ({ id: i + 1, image_id: i, category_id: 1 + (i % 5), bbox: [5, 5, 30, 30], area: 900, iscrowd: 0 })),
  };
  await writeFile(temporary('world', 'annotations', 'instances.json'), JSON.stringify(set));
});

describe.skipIf(!hasRedis)('submit, work and status over a real Redis (skipped without redis-server)', () => {
  it('give the files of one machine, with a worker and Redis killed on the way', async () => {
    for (const [folder, ...more] of [['whole'], ['whole-5', '--max', '5']])
      expect(await run('eval', 'detect', ...data, ...more, '-o', folder!)).toMatchObject({ status: 0 });
    await using redis = await Redis.start();
    const { url } = redis;
    for (const [folder, ...more] of [['queued'], ['queued-5', '--max', '5']]) {
      const submitted = await run('submit', 'eval', 'detect', ...data, ...more, '-o', folder!, '--shards', '4', '--queue', url);
      expect(submitted).toMatchObject({ status: 0, stdout: expect.stringContaining('waits in 4 shards') });
    }
    const twice = await run('submit', 'eval', 'detect', ...data, '-o', 'queued', '--shards', '4', '--queue', url);
    expect(twice.stdout).toContain('is under way already');
    const [first, second, third] = [worker(url), worker(url), worker(url)];
    while (!(await statusOf(url)).some(({ done }) => done > 0)) await setTimeout(100);
    first.child.kill('SIGKILL');
    await redis.kill();
    await setTimeout(300);
    await redis.start();
    const ends = await Promise.all([second.ended, third.ended]);
    expect(ends.map(({ status }) => status)).toEqual([0, 0]);
    expect(ends.map(({ stdout }) => stdout).join('')).toMatch(/^queued-[\da-f]{8} {2}shard \d of 4 {2}3 items {2}\d+ s$/mu);
    expect(await statusOf(url)).toMatchObject([
      { state: 'done', done: 4 },
      { state: 'done', done: 4 },
    ]);
    expect(await bytesOf('queued')).toEqual(await bytesOf('whole'));
    expect(await bytesOf('queued-5')).toEqual(await bytesOf('whole-5'));
    expect(await bytesOf('queued-5')).not.toEqual(await bytesOf('queued'));
  });

  it('tell what failed, and of which shard', async () => {
    await using redis = await Redis.start();
    const queue = ['--queue', redis.url];
    const lost = ['--root', 'world', '--model', 'lost.pth', '--tower', 'model'];
    await run('submit', 'eval', 'detect', ...lost, '-o', 'lost', '--shards', '2', '--attempts', '1', ...queue);
    const { status, stderr } = await worker(redis.url).ended;
    expect(status).toBe(3);
    expect(stderr).toContain('shard 1 of 2  given up: WEIGHTS_MISSING');
    const [failed] = await statusOf(redis.url);
    expect(failed).toMatchObject({ state: 'failed', done: 0 });
    expect(failed!.failures.map(({ shard }) => shard)).toEqual([1, 2]);
    const asked = await run('status', failed!.id, ...queue);
    expect(asked.status).toBe(3);
    expect(asked.stdout).toMatch(/^lost-[\da-f]{8} {2}shard 1, 1 tries, last on .+: WEIGHTS_MISSING: /mu);
    expect(await run('status', 'other', ...queue)).toMatchObject({ status: 3, stderr: expect.stringContaining('found lost-') });
    await rm(temporary('lost'), { recursive: true });
  });
});

it('say at once what is missing', async () => {
  expect(await run('submit', 'eval', 'detect', '--root', 'world', '-o', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Expected --queue URL but received none'),
  });
  expect(await run('submit', 'eval', 'detect', '--queue', 'redis://127.0.0.1:1', '-o', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Expected --root DIR or --annotations FILE'),
  });
  expect(await run('work', '--queue', 'redis://127.0.0.1:1')).toMatchObject({ status: 5, stderr: expect.stringContaining('NETWORK') });
});

it('do a shard for Kubernetes, by the variable that it sets', async () => {
  const args = ['eval', 'detect', ...data, '--shard', 'auto/4', '-o', 'task'];
  const done = await vitamin(args, { cwd: temporary(), env: { ...env(), JOB_COMPLETION_INDEX: '3' } });
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('Shard 4 of 4 is done: 3 items') });
});

it('end with the worker that has started them, and keep what they have', async () => {
  const command = fileURLToPath(new URL('../bin/vitamin.js', import.meta.url));
  const args = ['eval', 'detect', ...data, '--shard', '1/2', '-o', 'orphan'];
  const child = fork(command, args, {
    cwd: temporary(),
    env: { ...process.env, ...env() },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await once(child, 'message'); // it has begun
  child.disconnect(); // as the death of the worker does
  await once(child, 'exit'); // `close` never comes behind a disconnect of one's own
  expect(await readdir(temporary('orphan'))).toContain('journal.jsonl');
});
