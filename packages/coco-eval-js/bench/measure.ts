import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { writeDenseMasks } from './dense-masks.ts';
import { PEERS, type PeerName, type PeerTimes, peerProgram, RECORDED } from './peers.data.ts';

/** What is measured: `dense_segm` is made here, the others are data. */
export const CASES = ['sparse_bbox', 'dense_bbox', 'sparse_segm', 'dense_segm'] as const;
export type CaseName = (typeof CASES)[number];

/** Where the data lie and how often everything is run. */
export interface BenchSetting {
  /** Folder of the unpacked files. */
  readonly folder: string;
  readonly runs: number;
  /** A Python with both peers, or undefined to use their recorded times. */
  readonly python: string | undefined;
}

/** What one process says of its run. */
interface Run extends PeerTimes {
  readonly wallSeconds?: number;
  readonly stats: readonly number[];
}

/** Medians of one program on one case. */
export interface ProgramResult extends PeerTimes {
  readonly program: 'coco-eval-js' | PeerName;
  /** CPU seconds may have been measured on another machine. */
  readonly recorded: boolean;
  readonly wallSeconds?: number;
  /** Largest difference of its 12 numbers from the recorded ones; a peer's from ours. Absent where there is nothing to compare. */
  readonly difference?: number;
}

export interface CaseResult {
  readonly name: CaseName;
  readonly own: ProgramResult;
  readonly peers: readonly ProgramResult[];
}

/** Wall seconds of one call, and of these until the last result was read. */
interface ThreadsRun {
  readonly seconds: number;
  readonly reading: number;
}

/** Wall seconds of an evaluation with several threads, reading on one thread taken off. */
export interface ThreadsResult {
  readonly threads: number;
  readonly oneThread: number;
  readonly seconds: number;
  /** Median of the rounds' ratios. */
  readonly timesFaster: number;
  /** The same with reading. */
  readonly callTimesFaster: number;
  /** What the machine gives to as many processes that have nothing to do with each other: their work, in times of one. */
  readonly ceiling: number;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Unpacks the data and makes what is not there. Returns the recorded 12 numbers of each case. */
export function prepareFiles(data: string, folder: string): Record<string, { readonly stats: readonly number[] }> {
  for (const name of ['gt', 'sparse_bbox', 'dense_bbox', 'sparse_segm']) {
    writeFileSync(join(folder, `${name}.json`), gunzipSync(readFileSync(join(data, `${name}.json.gz`))));
  }
  writeDenseMasks(join(folder, 'sparse_segm.json'), join(folder, 'dense_segm.json'));
  return JSON.parse(readFileSync(join(data, 'expected.json'), 'utf8')) as ReturnType<typeof prepareFiles>;
}

export function measureCase(name: CaseName, expected: readonly number[] | undefined, { folder, runs, python }: BenchSetting): CaseResult {
  const args = [join(folder, 'gt.json'), join(folder, `${name}.json`), name.split('_')[1] ?? ''];
  const own = repeat(runs, process.execPath, [join(import.meta.dirname, 'one-run.js'), ...args]);
  const peers = PEERS.flatMap((program): ProgramResult[] => {
    const recorded = RECORDED[program][name];
    if (python === undefined) return recorded === undefined ? [] : [{ program, recorded: true, ...recorded }];
    const { stats, ...times } = repeat(runs, python, ['-c', peerProgram(program), ...args]);
    return [{ program, recorded: false, ...times, difference: largestDifference(own.stats, stats) }];
  });
  const { stats, ...times } = own;
  const difference = expected === undefined ? {} : { difference: largestDifference(stats, expected) };
  return { name, own: { program: 'coco-eval-js', recorded: false, ...times, ...difference }, peers };
}

function repeat(runs: number, command: string, args: readonly string[]): Run {
  const all = Array.from({ length: runs }, () => JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 24 })) as Run);
  const middle = (key: 'seconds' | 'memory' | 'wallSeconds'): number => median(all.map((run) => run[key] ?? NaN));
  return { seconds: middle('seconds'), memory: middle('memory'), wallSeconds: middle('wallSeconds'), stats: all[0]?.stats ?? [] };
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

function wallSeconds(args: readonly string[]): number {
  const start = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore' });
  return (performance.now() - start) / 1000;
}

/** Wall seconds of the whole command on sparse_bbox, from files to table, and of a `node` that does nothing. */
export function measureCommand({ folder, runs }: BenchSetting): { readonly seconds: number; readonly emptyProcess: number } {
  const bin = resolve(import.meta.dirname, '../../dist/cli/bin.js');
  const rounds = Array.from({ length: runs }, () => ({
    seconds: wallSeconds([bin, join(folder, 'gt.json'), join(folder, 'sparse_bbox.json')]),
    emptyProcess: wallSeconds(['-e', '0']),
  }));
  return { seconds: median(rounds.map((r) => r.seconds)), emptyProcess: median(rounds.map((r) => r.emptyProcess)) };
}

/**
 * dense_segm with more and more threads. Reading on one thread is taken off everything, so work that threads do while results are read, and what reading loses
 * to them, counts.
 */
export async function measureThreads({ folder, runs }: BenchSetting): Promise<ThreadsResult[]> {
  const script = join(import.meta.dirname, 'threads-run.js');
  const run = async (threads: number): Promise<ThreadsRun> => {
    const args = [script, join(folder, 'gt.json'), join(folder, 'dense_segm.json'), String(threads)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as ThreadsRun;
  };
  const results: ThreadsResult[] = [];
  for (const threads of [2, 4, 8, 16].filter((n) => n === 2 || n <= availableParallelism())) {
    const rounds: { alone: number; together: number; call: number; work: number }[] = [];
    for (let i = 0; i < runs; i++) {
      // Close together, because the speed of a shared machine changes from minute to minute.
      const [one, many] = [await run(1), await run(threads)];
      const sideBySide = await Promise.all(Array.from({ length: threads }, async () => run(1)));
      const alone = one.seconds - one.reading;
      const slowest = Math.max(...sideBySide.map(({ seconds, reading }) => seconds - reading));
      rounds.push({ alone, together: many.seconds - one.reading, call: one.seconds / many.seconds, work: (threads * alone) / slowest });
    }
    results.push({
      threads,
      oneThread: median(rounds.map(({ alone }) => alone)),
      seconds: median(rounds.map(({ together }) => together)),
      timesFaster: median(rounds.map(({ alone, together }) => alone / together)),
      callTimesFaster: median(rounds.map(({ call }) => call)),
      ceiling: median(rounds.map(({ work }) => work)),
    });
  }
  return results;
}
