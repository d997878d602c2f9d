import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

/** What a child works on: `total` items, every `brokenEvery`th of them broken, each `pauseMs` long. */
export interface ChildRun {
  readonly folder: string;
  readonly total: number;
  readonly pauseMs?: number;
  readonly brokenEvery?: number;
  readonly concurrency?: number;
  readonly resultBytes?: number;
  readonly shard?: { readonly index: number; readonly count: number };
}

/** The result of item `i`, as the child makes it. */
export const resultOf = (i: number, bytes = 20): object => ({ square: i * i, third: i / 3, text: 'ü'.repeat((i * 7) % bytes) });

const library = new URL('../dist/index.js', import.meta.url).href;
const core = import.meta.resolve('@vitamin-vlm/core');

const script = `
  const { runItems } = await import(${JSON.stringify(library)});
  const { VitaminError } = await import(${JSON.stringify(core)});
  const { folder, total, pauseMs = 0, brokenEvery = Infinity, concurrency, shard, resultBytes } = JSON.parse(process.argv[1]);
  const resultOf = ${resultOf.toString()};
  let most = 0;
  const summary = await runItems({
    folder, concurrency, shard,
    items: Array.from({ length: total }, (_, i) => 'item-' + i),
    settings: { model: 'squares', window: [336, 168] },
    work: async (item, i) => {
      if (pauseMs) await new Promise((done) => setTimeout(done, pauseMs * Math.random() * 2));
      if (i % brokenEvery === brokenEvery - 1) throw new VitaminError('INPUT_UNREADABLE', 'Expected a picture in ' + item + ' but found none');
      if (i % 1000 === 0) most = Math.max(most, process.memoryUsage().rss);
      return resultOf(i, resultBytes);
    },
    onEvent: (event) => { if (pauseMs) process.stdout.write(JSON.stringify(event) + '\\n'); },
  });
  process.stdout.write(JSON.stringify({ summary, most }) + '\\n');
`;

/** Starts a process that runs `runItems` of the built package. */
export function startChild(run: ChildRun, nodeFlags: readonly string[] = []): ChildProcess {
  const flags = [...nodeFlags, '--input-type=module', '-e', script];
  return spawn(process.execPath, [...flags, JSON.stringify(run)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Ended {
  readonly code: number | null;
  readonly lines: string[];
  readonly stderr: string;
}

/** What a child wrote, once it is gone. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let [out, stderr] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: out.split('\n').filter(Boolean), stderr };
}
