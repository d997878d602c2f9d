#!/usr/bin/env node
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { defaultThreads } from '@vitamin-vlm/runtime';
import type { Bench, Setting } from './bench.ts';
import { askBench } from './benches/ask.ts';
import { batchBench } from './benches/batch.ts';
import { detectBench } from './benches/detect.ts';
import { enginesBench } from './benches/engines.ts';
import { evaluationBench } from './benches/evaluation.ts';
import { llamaBench } from './benches/llama.ts';
import { openBench } from './benches/open.ts';
import { precisionBench } from './benches/precision.ts';
import { queueBench } from './benches/queue.ts';
import { resizeBench } from './benches/resize.ts';
import { segmentBench } from './benches/segment.ts';
import { serveBench } from './benches/serve.ts';
import { sessionBench } from './benches/session.ts';
import { streamBench } from './benches/stream.ts';
import { trainingBench } from './benches/training.ts';
import { windowBench } from './benches/window.ts';
import { type Figure, verdict } from './figure.ts';
import { cpuTime, wallTime } from './paired.ts';
import { describeMachine, formatTable } from './report.ts';
import { type WindowModel, windowSides, writeWeights } from './window-model.ts';

const benches: Readonly<Record<string, Bench>> = {
  window: windowBench,
  session: sessionBench,
  batch: batchBench,
  precision: precisionBench,
  engines: enginesBench,
  resize: resizeBench,
  open: openBench,
  evaluation: evaluationBench,
  training: trainingBench,
  detect: detectBench,
  ask: async (setting) => [...(await askBench(setting)), ...(await llamaBench(setting))],
  segment: segmentBench,
  stream: streamBench,
  serve: async (setting) => [...(await serveBench(setting)), ...(await queueBench(setting))],
};

interface Flags {
  readonly json?: boolean;
  readonly threads: number;
  readonly rounds: number;
  readonly cpuTime?: boolean;
  readonly model: WindowModel['size'];
  readonly folder: string;
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1.');
  return Number(text);
}

async function run(names: string[], flags: Flags): Promise<void> {
  const folder = await mkdtemp(join(flags.folder, 'vitamin-bench-'));
  const before = await describeMachine();
  const figures: Figure[] = [];
  try {
    const setting = settingOf(flags, folder);
    for (const name of names.length > 0 ? names : Object.keys(benches)) {
      process.stderr.write(`${name} ...\n`);
      figures.push(...(await benches[name]!(setting)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { load, ...machine } = before;
  const about = {
    ...machine,
    threads: flags.threads,
    clock: flags.cpuTime ? 'CPU time' : 'wall time',
    load: [load, (await describeMachine()).load],
  };
  if (flags.json) {
    console.log(
      JSON.stringify({ schemaVersion: 1, ...about, figures: figures.map((figure) => ({ ...figure, verdict: verdict(figure) })) }),
    );
    return;
  }
  console.log(formatTable(figures));
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, ${flags.threads} threads, ${about.clock}, load ${about.load.join(' to ')}; Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}`,
  );
}

function settingOf({ threads, rounds, cpuTime: cpu, model: size }: Flags, folder: string): Setting {
  const model = { size, side: windowSides[size] };
  let written: Promise<string> | undefined;
  return { folder, threads, rounds, clock: cpu ? cpuTime : wallTime, model, weights: () => (written ??= writeWeights(folder, model)) };
}

await new Command('bench')
  // Commander ends with 1 on a usage error; this repository's commands end with 2.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .description('Speed and memory as ratios to a peer in the same run.')
  .addArgument(new Argument('[names...]', 'benchmarks to run; all by default').choices(Object.keys(benches)))
  .option('--json', 'one JSON document on stdout instead of a table')
  .option('--threads <n>', 'threads of ONNX Runtime', whole, defaultThreads())
  .option('--rounds <n>', 'repetitions of each measurement', whole, 5)
  .option(
    '--cpu-time',
    'time window, batch, precision, engines, resize and detect by the CPU time of the process: for busy machines, with --threads 1',
  )
  .addOption(new Option('--model <size>', 'image tower; the targets hold for large').choices(Object.keys(windowSides)).default('large'))
  .option('--folder <dir>', 'where the weights are written, 1.4 GB, and deleted afterwards', tmpdir())
  .action(run)
  .parseAsync();
