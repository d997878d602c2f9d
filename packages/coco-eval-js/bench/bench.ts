import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type BenchSetting,
  type CaseResult,
  CASES,
  measureCase,
  measureCommand,
  measureThreads,
  prepareFiles,
  type ProgramResult,
  type ThreadsResult,
} from './measure.ts';

// Speed and memory on a data set of val2017's size, against pycocotools and faster-coco-eval. Each number is the median of fresh processes.
// Arguments pick cases; --json prints one document. Set COCO_EVAL_PYTHON to a Python that has both packages to measure them here; VITAMIN_SHARED to the
// folder that holds data/val5k; BENCH_RUNS to repeat.

const data = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared'), 'data/val5k');
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const json = process.argv.includes('--json');
const named = CASES.filter((name) => process.argv.includes(name));
const wanted = named.length === 0 ? CASES : named;

/** What `--json` prints. */
export interface BenchDocument {
  readonly cases: readonly CaseResult[];
  readonly command?: { readonly seconds: number; readonly emptyProcess: number };
  readonly threads?: readonly ThreadsResult[];
}

/** Lines for people; nothing beside one document. */
function say(line: string): void {
  if (!json) process.stdout.write(`${line}\n`);
}

function row(name: string, { program, recorded, seconds, memory, difference }: ProgramResult, own: ProgramResult): void {
  const origin = program === 'coco-eval-js' ? '' : recorded ? ' (recorded elsewhere)' : ' (measured here)';
  const ratio = (seconds / own.seconds).toFixed(1);
  say(`| ${name} | ${program}${origin} | ${seconds.toFixed(3)} | ${ratio} | ${memory.toFixed(0)} | ${difference ?? ''} |`);
}

async function measure(setting: BenchSetting): Promise<BenchDocument> {
  const expected = prepareFiles(data, setting.folder);
  say(`Node ${process.version}, median of ${runs} fresh processes.`);
  say('Seconds: CPU time of the calling thread after the files were parsed, first run in each process. Ratio: to coco-eval-js.');
  say('');
  say('| case | program | seconds | ratio | peak MB | largest difference of the 12 numbers |');
  say('|---|---|---|---|---|---|');
  const cases = wanted.map((name) => {
    const result = measureCase(name, expected[name]?.stats, setting);
    for (const program of [result.own, ...result.peers]) row(name, program, result.own);
    return result;
  });
  const command = wanted.includes('sparse_bbox') ? measureCommand(setting) : undefined;
  if (command !== undefined) {
    say('');
    say(
      `Whole command on sparse_bbox, from files to table: ${command.seconds.toFixed(3)} s wall, of which an empty node takes ${command.emptyProcess.toFixed(3)} s.`,
    );
  }
  const threads = wanted.includes('dense_segm') ? await measureThreads(setting) : undefined;
  if (threads !== undefined) {
    say('');
    say('Worker threads on dense_segm, wall seconds to the numbers, reading on one thread taken off:');
    say('');
    say('| threads | one thread | these | times faster | with reading | as many single runs side by side: times the work of one |');
    say('|---|---|---|---|---|---|');
    for (const { threads: n, oneThread, seconds, timesFaster, callTimesFaster, ceiling } of threads) {
      const ratios = [timesFaster, callTimesFaster, ceiling].map((ratio) => ratio.toFixed(2)).join(' | ');
      say(`| ${n} | ${oneThread.toFixed(2)} s | ${seconds.toFixed(2)} s | ${ratios} |`);
    }
  }
  return { cases, ...(command && { command }), ...(threads && { threads }) };
}

if (existsSync(join(data, 'gt.json.gz'))) {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-bench-'));
  try {
    const document = await measure({ folder, runs, python: process.env['COCO_EVAL_PYTHON'] });
    if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  process.stderr.write(`Nothing measured: ${data} is not there. Set VITAMIN_SHARED to the folder that holds data/val5k.\n`);
  if (json) process.stdout.write(`${JSON.stringify({ cases: [] } satisfies BenchDocument)}\n`);
}
