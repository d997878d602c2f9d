import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { submitRun, work } from '@vitamin-vlm/queue';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { cpuTime, median } from '../paired.ts';

const SHARDS = 12;
/** Pictures of a shard that works: about a second of the embedded model. */
const PICTURES = 60;
const program = fileURLToPath(new URL('../shard-worker.js', import.meta.url));

/** What the queue adds to a shard, and what a second worker on this machine brings. Needs redis-server. */
export async function queueBench({ folder, rounds }: Setting): Promise<Figure[]> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    process.stderr.write('queue: left out, there is no redis-server here\n');
    return [];
  }
  const { url, redis } = await startRedis(folder);
  try {
    const [empty, bare, one, two]: [number[], number[], number[], number[]] = [[], [], [], []];
    await run(url, folder, 1, 0); // connections, and what is loaded once
    for (let round = 0; round < rounds; round++) {
      empty.push((await run(url, folder, 1, 0)).cpu / SHARDS);
      bare.push((await processes(SHARDS)) / SHARDS);
      one.push((await run(url, folder, 1, PICTURES)).seconds);
      two.push((await run(url, folder, 2, PICTURES)).seconds);
    }
    return [
      {
        bench: 'queue',
        what: 'CPU time of a worker for a shard that does nothing',
        unit: 'ms',
        ours: median(empty),
        peerName: 'to start a process',
        peer: median(bare),
        ratio: median(empty.map((ms, i) => ms / bare[i]!)),
      },
      {
        bench: 'queue',
        what: `two workers of one thread, ${SHARDS} shards of ${PICTURES} pictures`,
        unit: 'pictures/s',
        ours: (SHARDS * PICTURES) / median(two),
        peerName: 'one worker',
        peer: (SHARDS * PICTURES) / median(one),
        ratio: median(one.map((seconds, i) => seconds / two[i]!)),
        target: { on: 'ratio', bound: 'at least', value: 1.7 },
      },
    ];
  } finally {
    redis.kill('SIGKILL');
    await once(redis, 'close');
  }
}

let count = 0;

interface Spent {
  readonly seconds: number;
  /** Milliseconds of this process, in which the workers are. */
  readonly cpu: number;
}

/** From putting a run into the queue to its end, with workers that wait for it already. */
async function run(url: string, folder: string, workers: number, pictures: number): Promise<Spent> {
  const stop = new AbortController();
  const joined = new EventEmitter();
  const working = Array.from({ length: workers }, () =>
    work({
      url,
      program,
      argumentsOf: (task) => [task.kind === 'shard' ? String(pictures) : '0'],
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'failed') throw new Error(event.message);
        if (event.kind === 'done' && event.task.kind === 'merge') joined.emit('joined');
      },
    }),
  );
  await setTimeout(1000);
  const end = once(joined, 'joined');
  const [start, cpu] = [performance.now(), cpuTime()];
  await submitRun(url, { id: `bench-${count++}`, args: [], cwd: folder, folder, shards: SHARDS });
  await end;
  const spent = { seconds: (performance.now() - start) / 1000, cpu: cpuTime() - cpu };
  stop.abort();
  await Promise.all(working);
  return spent;
}

/** CPU time of this process for as many others, one after the other. */
async function processes(number: number): Promise<number> {
  const start = cpuTime();
  for (let i = 0; i < number; i++) await once(fork(program, ['0'], { execArgv: [] }), 'close');
  return cpuTime() - start;
}

async function startRedis(folder: string): Promise<{ readonly url: string; readonly redis: ChildProcess }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--dir', folder];
  const redis = spawn('redis-server', [...flags, '--maxmemory-policy', 'noeviction'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of redis.stdout.setEncoding('utf8')) if (String(text).includes('Ready to accept connections')) break;
  return { url: `redis://127.0.0.1:${port}`, redis };
}
