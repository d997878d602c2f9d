import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { writeDenseMasks } from './dense-masks.ts';
import { type PeerName, type PeerTimes, peerProgram, RECORDED } from './peers.data.ts';

// Speed and memory on a data set of val2017's size, against pycocotools and faster-coco-eval. Each number is the median of fresh processes.
// Arguments pick cases. Set COCO_EVAL_PYTHON to a Python that has both packages to measure them here; VITAMIN_SHARED to the folder that holds
// data/val5k; BENCH_RUNS to repeat.

interface Run extends PeerTimes {
  readonly stats: readonly number[];
  readonly wallSeconds?: number;
}

const CASES = ['sparse_bbox', 'dense_bbox', 'sparse_segm', 'dense_segm'] as const;
const PEERS: readonly PeerName[] = ['pycocotools', 'faster-coco-eval'];
const repository = resolve(import.meta.dirname, '../../../..');
const data = join(process.env['VITAMIN_SHARED'] ?? join(repository, '../shared'), 'data/val5k');
const python = process.env['COCO_EVAL_PYTHON'];
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const wanted = CASES.filter((name) => process.argv.length === 2 || process.argv.includes(name));

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function repeat(run: () => Run): Run {
  const all = Array.from({ length: runs }, run);
  const middle = (key: 'seconds' | 'memory' | 'wallSeconds'): number => median(all.map((r) => r[key] ?? NaN));
  return { seconds: middle('seconds'), memory: middle('memory'), wallSeconds: middle('wallSeconds'), stats: all[0]?.stats ?? [] };
}

function child(command: string, args: readonly string[]): Run {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 24 })) as Run;
}

function largestDifference(a: readonly number[], b: readonly number[] | undefined): string {
  return b === undefined ? '' : String(Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN)))));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function measureCase(name: (typeof CASES)[number], folder: string, expected: readonly number[] | undefined): void {
  const args = [join(folder, 'gt.json'), join(folder, `${name}.json`), name.split('_')[1] ?? ''];
  const own = repeat(() => child(process.execPath, [join(import.meta.dirname, 'one-run.js'), ...args]));
  const wall = own.wallSeconds?.toFixed(3);
  const row = (program: string, { seconds, memory }: PeerTimes, difference: string): void => {
    const ratio = (seconds / own.seconds).toFixed(1);
    print(`| ${name} | ${program} | ${seconds.toFixed(3)} | ${ratio} | ${memory.toFixed(0)} | ${difference} |`);
  };
  row(`coco-eval-js (wall ${wall} s)`, own, largestDifference(own.stats, expected));
  for (const peer of PEERS) {
    const measured = python === undefined ? undefined : repeat(() => child(python, ['-c', peerProgram(peer), ...args]));
    const recorded = RECORDED[peer][name];
    if (measured !== undefined) row(`${peer} (measured here)`, measured, largestDifference(own.stats, measured.stats));
    else if (recorded !== undefined) row(`${peer} (recorded elsewhere)`, recorded, '');
  }
}

function measureCommand(folder: string): void {
  const args = [resolve(import.meta.dirname, '../../dist/cli/bin.js'), join(folder, 'gt.json'), join(folder, 'sparse_bbox.json')];
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    execFileSync(process.execPath, args, { stdio: 'ignore' });
    return (performance.now() - start) / 1000;
  });
  print(`Whole command on sparse_bbox, from files to table: ${median(times).toFixed(3)} s wall.`);
}

/** Wall seconds with more and more threads, and what the machine gives to as many processes that have nothing to do with each other. */
async function measureThreads(folder: string): Promise<void> {
  const script = join(import.meta.dirname, 'threads-run.js');
  const run = async (threads: number): Promise<number> => {
    const args = [script, join(folder, 'gt.json'), join(folder, 'dense_segm.json'), String(threads)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return (JSON.parse(stdout) as Run).seconds;
  };
  const counts = [2, 4, 8, 16].filter((n) => n === 2 || n <= availableParallelism());
  print('| threads | one thread, seconds | these, seconds | times faster | as many single runs side by side: times the work of one |');
  print('|---|---|---|---|---|');
  for (const threads of counts) {
    const rounds: [alone: number, together: number, work: number][] = [];
    for (let i = 0; i < runs; i++) {
      // Close together, because the speed of a shared machine changes from minute to minute.
      const [alone, together] = [await run(1), await run(threads)];
      const sideBySide = await Promise.all(Array.from({ length: threads }, async () => run(1)));
      rounds.push([alone, together, (threads * alone) / Math.max(...sideBySide)]);
    }
    const middle = (number: (round: (typeof rounds)[number]) => number): string => median(rounds.map(number)).toFixed(2);
    const faster = middle(([alone, together]) => alone / together);
    print(`| ${threads} | ${middle((r) => r[0])} | ${middle((r) => r[1])} | ${faster} | ${middle((r) => r[2])} |`);
  }
}

async function measure(folder: string): Promise<void> {
  const expected = JSON.parse(readFileSync(join(data, 'expected.json'), 'utf8')) as Record<string, { stats: number[] }>;
  for (const name of ['gt', 'sparse_bbox', 'dense_bbox', 'sparse_segm']) {
    writeFileSync(join(folder, `${name}.json`), gunzipSync(readFileSync(join(data, `${name}.json.gz`))));
  }
  writeDenseMasks(join(folder, 'sparse_segm.json'), join(folder, 'dense_segm.json'));
  print(`Node ${process.version}, median of ${runs} fresh processes.`);
  print('Seconds: CPU time of the calling thread after the files were parsed, first run in each process. Ratio: to coco-eval-js.');
  print('');
  print('| case | program | seconds | ratio | peak MB | largest difference of the 12 numbers |');
  print('|---|---|---|---|---|---|');
  for (const name of wanted) measureCase(name, folder, expected[name]?.stats);
  if (wanted.includes('sparse_bbox')) {
    print('');
    measureCommand(folder);
  }
  if (wanted.includes('dense_segm')) {
    print('');
    print('Worker threads on dense_segm, wall seconds from the last byte read to the numbers:');
    print('');
    await measureThreads(folder);
  }
}

if (existsSync(join(data, 'gt.json.gz'))) {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-bench-'));
  try {
    await measure(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  print(`Nothing measured: ${data} is not there. Set VITAMIN_SHARED to the folder that holds data/val5k.`);
}
