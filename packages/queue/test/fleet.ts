import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkEvent } from '../src/index.ts';

/** What the test's program is told, as the only argument that `submitRun` passes on. */
export interface Plan {
  readonly total: number;
  readonly pauseMs?: number;
  /** This item ends its process. */
  readonly poison?: number;
  /** This item ends the worker. */
  readonly kills?: number;
  /** The first to reach this item sleeps for ever. */
  readonly sleepsAt?: number;
}

const queue = new URL('../dist/index.js', import.meta.url).href;
const runs = import.meta.resolve('@vitamin-vlm/runs');

/** A program as workers start it: runs a shard with `runItems`, or joins shards. */
const program = `
  import { closeSync, existsSync, openSync } from 'node:fs';
  import { setTimeout } from 'node:timers/promises';
  import { mergeRuns, runItems } from ${JSON.stringify(runs)};
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
  const [what, folder, rest, ...parts] = process.argv.slice(2);
  if (what === 'merge') await mergeRuns(folder, [rest, ...parts]);
  else {
    const { total, pauseMs = 0, poison = -1, kills = -1, sleepsAt = -1 } = JSON.parse(rest);
    const [index, count] = parts.map(Number);
    await runItems({
      folder, shard: { index, count }, items: Array.from({ length: total }, (_, i) => 'item-' + i), settings: { total },
      work: async (item, i) => {
        await setTimeout(pauseMs * Math.random() * 2);
        if (i === poison && !existsSync('cured')) { console.error('item ' + i + ' is poison'); process.exit(7); }
        if (i === kills) { process.kill(process.ppid, 'SIGKILL'); await setTimeout(1e8); }
        if (i === sleepsAt) {
          let first = true;
          try { closeSync(openSync('slept', 'wx')); } catch { first = false; }
          if (first) await setTimeout(1e8);
        }
        return { square: i * i };
      },
      onEvent: ({ kind, done, total, broken }) => { if (kind === 'progress') process.send?.({ progress: { done, total, broken } }); },
    });
  }
`;

const worker = `
  import { work } from ${JSON.stringify(queue)};
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const argumentsOf = (task) => task.kind === 'merge'
    ? ['merge', task.run.folder, ...task.folders]
    : ['shard', task.folder, ...task.run.args, task.shard.index, task.shard.count].map(String);
  const told = ({ task, ...event }) => process.stdout.write(JSON.stringify({ ...event, run: task?.run.id, shard: task?.shard?.index, at: task?.kind }) + '\\n');
  await work({ ...JSON.parse(process.argv[2]), argumentsOf, signal: stop.signal, onEvent: told });
`;

/** An event as a worker of the test prints it. */
export type Told = { readonly kind: WorkEvent['kind']; readonly run?: string; readonly shard?: number; readonly message?: string };

/** Workers, each a process with processes of its own. */
export class Fleet implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: object;
  readonly #started: Set<ChildProcess> = new Set();
  readonly told: Told[] = [];

  constructor(folder: string, options: object) {
    this.#folder = folder;
    this.#options = options;
  }

  async write(): Promise<void> {
    await writeFile(join(this.#folder, 'program.mjs'), program);
    await writeFile(join(this.#folder, 'worker.mjs'), worker);
  }

  get size(): number {
    return this.#started.size;
  }

  start(): ChildProcess {
    const options = JSON.stringify({ ...this.#options, program: join(this.#folder, 'program.mjs') });
    const child = spawn(process.execPath, [join(this.#folder, 'worker.mjs'), options], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#started.add(child);
    child.once('close', () => this.#started.delete(child));
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.told.push(JSON.parse(line) as Told);
    });
    return child;
  }

  /** One of those that run. */
  any(): ChildProcess {
    return [...this.#started][Math.floor(Math.random() * this.#started.size)]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = [...this.#started];
    for (const child of left) child.kill('SIGKILL');
    await Promise.all(left.map(async (child) => (child.exitCode ?? child.signalCode) === null && (await once(child, 'close'))));
  }
}

/** The files of a run, without those of its shards. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name !== 'shards').toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)));
}
