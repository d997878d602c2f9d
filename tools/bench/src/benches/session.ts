import { fork } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Setting, targetOfLarge } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { median, medianRatio } from '../paired.ts';
import type { ProcessMemory } from '../process-memory.ts';
import type { SessionJob, SessionReport } from '../session-worker.ts';

/** Processes of each kind: starting one is slow, and its time varies little beside the machine's own noise. */
const ROUNDS = 3;

/** From the command to a session that can run, and what the session then holds, each in a fresh process. */
export async function sessionBench({ folder, threads, model, weights: write }: Setting): Promise<Figure[]> {
  const weights = await write();
  const cacheDir = join(folder, 'session');
  // Two windows, because the first one makes the runtime plan its memory. This also fills the cache: the graph file, the disk's pages.
  const { peak, mapped } = await runInProcess({ threads, cacheDir, weights, windows: 2 });
  const graph = join(cacheDir, 'graphs', (await readdir(join(cacheDir, 'graphs')))[0]!, 'graph.onnx');
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push((await runInProcess({ threads, cacheDir, weights, windows: 0 })).ready);
    bare.push((await runInProcess({ threads, graph, windows: 0 })).ready);
  }
  const { size } = await stat(weights);
  return [
    {
      bench: 'session',
      what: `from the command to a ready session, ${(size / 1e9).toFixed(2)} GB`,
      unit: 's',
      ours: median(ours),
      peerName: 'ONNX Runtime alone, graph and links made before',
      peer: median(bare),
      ratio: medianRatio({ ours, peer: bare }),
      ...targetOfLarge(model, { on: 'ours', bound: 'at most', value: 3 }),
      note: 'weights in the page cache',
    },
    {
      bench: 'session',
      what: 'largest resident memory of the process, two windows run',
      unit: 'MB',
      ours: peak / 1e6,
      peerName: 'weight file',
      peer: size / 1e6,
      ratio: peak / size,
      ...targetOfLarge(model, { on: 'ratio', bound: 'at most', value: 1.6 }),
      ...(mapped === undefined ? {} : { note: `${Math.round(mapped / 1e6)} MB of it are mapped files` }),
    },
  ];
}

interface Outcome extends ProcessMemory {
  /** Seconds from the command. */
  readonly ready: number;
}

function runInProcess(job: SessionJob): Promise<Outcome> {
  const start = performance.now();
  const script = fileURLToPath(new URL('../session-worker.js', import.meta.url));
  const child = fork(script, [JSON.stringify(job)], { execArgv: [] });
  return new Promise((resolve, reject) => {
    let ready = Number.NaN;
    let outcome: Outcome | undefined;
    child.on('message', (report: SessionReport) => {
      if (report.kind === 'ready') ready = (performance.now() - start) / 1000;
      else outcome = { ready, ...report };
    });
    child.once('error', reject);
    child.once('exit', (code) => (outcome && code === 0 ? resolve(outcome) : reject(new Error(`${script} ended with code ${code}`))));
  });
}
