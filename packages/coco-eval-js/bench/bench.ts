import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { evaluateFile, readDataset } from 'coco-eval-js/node';
import { type PeerName, type PeerTimes, peerProgram, RECORDED } from './peers.data.ts';

// Speed and memory on a data set of val2017's size, against pycocotools and faster-coco-eval. Each number is the median of fresh processes.
// Set COCO_EVAL_PYTHON to a Python that has both packages to measure them here; VITAMIN_SHARED to the folder that holds data/val5k; BENCH_RUNS to repeat.

interface Run extends PeerTimes {
  readonly stats: readonly number[];
  readonly wallSeconds?: number;
}

const CASES = ['sparse_bbox', 'dense_bbox', 'sparse_segm'] as const;
const PEERS: readonly PeerName[] = ['pycocotools', 'faster-coco-eval'];
const repository = resolve(import.meta.dirname, '../../../..');
const data = join(process.env['VITAMIN_SHARED'] ?? join(repository, '../shared'), 'data/val5k');
const python = process.env['COCO_EVAL_PYTHON'];
const runs = Number(process.env['BENCH_RUNS'] ?? 3);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function repeat(times: number, run: () => Run): Run {
  const all = Array.from({ length: times }, run);
  const middle = (key: 'seconds' | 'memory' | 'wallSeconds'): number => median(all.map((r) => r[key] ?? NaN));
  return { seconds: middle('seconds'), memory: middle('memory'), wallSeconds: middle('wallSeconds'), stats: all[0]?.stats ?? [] };
}

function child(command: string, args: readonly string[]): Run {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 24 })) as Run;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

function timeCommand(groundTruth: string, results: string): number {
  const bin = resolve(import.meta.dirname, '../../dist/cli/bin.js');
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    execFileSync(process.execPath, [bin, groundTruth, results, '--iou-type', 'bbox'], { stdio: 'ignore' });
    return (performance.now() - start) / 1000;
  });
  return median(times);
}

/** Wall seconds of matching and accumulating a results file with several numbers of worker threads, reading it included. */
async function timeWorkers(groundTruth: string, results: string): Promise<string> {
  const dataset = await readDataset(groundTruth);
  const parts: string[] = [];
  for (const workers of [1, 2, availableParallelism()].filter((n, i, all) => all.indexOf(n) === i)) {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      await evaluateFile(dataset, results, { iouType: 'segm', workers });
      times.push((performance.now() - start) / 1000);
    }
    parts.push(`${workers}: ${median(times).toFixed(3)} s`);
  }
  return parts.join(', ');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function measure(folder: string): Promise<void> {
  const expected = JSON.parse(readFileSync(join(data, 'expected.json'), 'utf8')) as Record<string, { stats: number[] }>;
  for (const name of ['gt', ...CASES]) writeFileSync(join(folder, `${name}.json`), gunzipSync(readFileSync(join(data, `${name}.json.gz`))));
  const groundTruth = join(folder, 'gt.json');
  print(
    `Node ${process.version}, median of ${runs} fresh processes. Seconds: CPU time of the calling thread after the files were parsed, first run in each process.`,
  );
  print('');
  print('| case | program | seconds | ratio | peak MB | largest difference of the 12 numbers |');
  print('|---|---|---|---|---|---|');
  for (const name of CASES) {
    const args = [groundTruth, join(folder, `${name}.json`), name.split('_')[1] ?? ''];
    const own = repeat(runs, () => child(process.execPath, [join(import.meta.dirname, 'one-run.js'), ...args]));
    const difference = largestDifference(own.stats, expected[name]?.stats ?? []);
    print(
      `| ${name} | coco-eval-js (wall ${own.wallSeconds?.toFixed(3)} s) | ${own.seconds.toFixed(3)} | 1 | ${own.memory.toFixed(0)} | ${difference} |`,
    );
    for (const peer of PEERS) {
      const measured = python === undefined ? undefined : repeat(runs, () => child(python, ['-c', peerProgram(peer), ...args]));
      const times = measured ?? RECORDED[peer][name];
      if (times === undefined) continue;
      const origin = measured === undefined ? 'recorded elsewhere' : 'measured here';
      const apart = measured === undefined ? '' : String(largestDifference(own.stats, measured.stats));
      print(
        `| ${name} | ${peer} (${origin}) | ${times.seconds.toFixed(2)} | ${(times.seconds / own.seconds).toFixed(1)} | ${times.memory.toFixed(0)} | ${apart} |`,
      );
    }
  }
  print('');
  print(
    `Whole command on sparse_bbox, from files to table: ${timeCommand(groundTruth, join(folder, 'sparse_bbox.json')).toFixed(3)} s wall.`,
  );
  print(
    `Worker threads on sparse_segm, results file to numbers: ${await timeWorkers(groundTruth, join(folder, 'sparse_segm.json'))} wall.`,
  );
}

if (existsSync(join(data, 'gt.json.gz'))) {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-bench-'));
  try {
    await measure(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  process.stdout.write(`Nothing measured: ${data} is not there. Set VITAMIN_SHARED to the folder that holds data/val5k.\n`);
}
