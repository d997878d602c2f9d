import { join } from 'node:path';
import process from 'node:process';
import { Backbone, ClipTokenizer, type Recipe } from '@vitamin-vlm/backbone';
import type { Split } from '@vitamin-vlm/picture-world';
import { VitaminError } from '@vitamin-vlm/core';
import { type LogEntry, plotLogs } from '@vitamin-vlm/training';
import { Command, Option } from 'commander';
import { detectorCommands } from './detector/commands.ts';
import { segmenterCommands } from './segmenter/commands.ts';
import { talkerCommands } from './talker/commands.ts';
import { modelShapes } from './contrastive.ts';
import { evaluate } from './evaluate.ts';
import { exportModel } from './export-model.ts';
import { familiarCommand } from './familiar.ts';
import { initialize } from './initialize.ts';
import { contrastive } from './nano-config.ts';
import { textTowerOf } from './locked-text.ts';
import type { Samples } from './batch.ts';
import { DrawnAhead } from './drawn-ahead.ts';
import { trainContrastive } from './train.ts';

const program = new Command('nano').description('Trains the embedded models on picture-world.');

interface TrainFlags {
  readonly output: string;
  readonly steps: number;
  readonly batch: number;
  readonly threads?: number;
  readonly seed: number;
  readonly text?: string;
}

program
  .command('train')
  .description('contrastive training of both towers from scratch; goes on where an earlier run of the same folder stopped')
  .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
  .option('--steps <n>', 'training steps', Number, contrastive.steps)
  .option('--batch <n>', 'samples of a step', Number, contrastive.batch)
  .option('--threads <n>', 'threads of the runtime', Number)
  .option('--seed <n>', 'seed of the initial weights', Number, 1)
  .option('--text <checkpoint>', 'locked-text tuning: keep the text tower of this model and train the image tower against it')
  .action(async ({ output, steps, batch, threads, seed, text }: TrainFlags) => {
    const controller = new AbortController();
    process.once('SIGINT', () => controller.abort());
    const locked = text === undefined ? undefined : await textTowerOf(text);
    await using sampler = new DrawnAhead<Samples>(new URL('sampler-worker.js', import.meta.url), 3, batch);
    const { parameters } = await trainContrastive({
      folder: output,
      schedule: { ...contrastive, steps, batch },
      initial: new Map([...initialize(modelShapes(), seed), ...(locked?.scale ?? [])]),
      ...(locked && { frozen: locked.text }),
      origin: { seed, lockedText: text ?? null },
      batchOf: (step) => sampler.at(step),
      tokenizer: await ClipTokenizer.load(),
      saveEvery: 250,
      onLog: report,
      signal: controller.signal,
      ...(threads && { threads }),
    });
    await exportModel(join(output, 'model'), new Map([...parameters, ...(locked?.text ?? [])]));
  });

function report(entry: LogEntry): void {
  if ('evaluation' in entry || entry.step % 20 !== 0) return;
  const { step, loss, rate, samples, seconds } = entry;
  console.error(`step ${step}  loss ${loss.toFixed(3)}  rate ${rate.toExponential(2)}  ${samples} samples  ${seconds.toFixed(0)} s`);
}

interface EvaluateFlags {
  readonly model: string;
  readonly split: Split;
  readonly firstSeed: number;
  readonly perKind: number;
  readonly retrievalSets: number;
  readonly scenes: number;
  readonly precision: Recipe['precision'];
}

program
  .command('evaluate')
  .description('zero-shot classification, retrieval and training-free segmentation; prints JSON')
  .requiredOption('-m, --model <dir>', 'folder of the model')
  .option('--split <name>', 'val: the held-out stream of the reported figures; train: for development', 'val')
  .option('--first-seed <n>', 'first seed', Number, 0)
  .option('--per-kind <n>', 'single things of each kind', Number, 16)
  .option('--retrieval-sets <n>', 'sets of 100 scenes', Number, 5)
  .option('--scenes <n>', 'scenes for segmentation', Number, 100)
  .addOption(new Option('--precision <type>', 'what the towers multiply in').choices(['float32', 'int8']).default('float32'))
  .action(async (options: EvaluateFlags) => {
    await using backbone = await Backbone.load(options.model, { precision: options.precision });
    const figures = await evaluate(backbone, { ...options, segmentationScenes: options.scenes });
    console.log(JSON.stringify(figures, null, 2));
  });

program
  .command('plot')
  .description('draws the loss and the learning rate of runs as an SVG')
  .argument('<runs...>', 'name=log.jsonl')
  .requiredOption('-o, --output <file>', 'SVG file')
  .action(async (runs: string[], { output }: { output: string }) => {
    const logs = new Map(runs.map((run) => run.split('=', 2) as [string, string]));
    await plotLogs(logs, output, { title: 'Contrastive training on picture-world', over: 'samples' });
  });

program.addCommand(familiarCommand());
program.addCommand(detectorCommands());
program.addCommand(segmenterCommands());
program.addCommand(talkerCommands());

await program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof VitaminError)) throw error;
  console.error([error.message, error.hint].filter(Boolean).join('\n'));
  process.exitCode = 1;
});
