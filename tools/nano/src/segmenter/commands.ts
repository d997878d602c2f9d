import process from 'node:process';
import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import type { Split } from '@vitamin-vlm/picture-world';
import type { LogEntry } from '@vitamin-vlm/training';
import { Command } from 'commander';
import { evaluateSegmenter } from './evaluate.ts';
import { exportRun } from './export-run.ts';
import { trainNanoSegmenter } from './train.ts';

interface TrainFlags {
  readonly output: string;
  readonly tower: string;
  readonly evaluate: number;
  readonly threads?: number;
}

interface EvaluateFlags {
  readonly model: string;
  readonly tower: string;
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
  readonly size: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly overlap?: number;
}

/** `segmenter train`, `segmenter export` and `segmenter evaluate`. */
export function segmenterCommands(): Command {
  const group = new Command('segmenter').description('the segmenter of the embedded model');
  group
    .command('train')
    .description('trains both decoders on the frozen tower; goes on where an earlier run of the same folder stopped')
    .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--evaluate <n>', 'steps between two evaluations', Number, 500)
    .option('--threads <n>', 'threads of each session', Number)
    .action(async ({ output: folder, tower, evaluate, threads }: TrainFlags) => {
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      await trainNanoSegmenter({ folder, tower, evaluateEvery: evaluate, threads, onLog: report, signal: controller.signal });
    });
  group
    .command('export')
    .description('writes the segmenter of a round as it stands, ended or not')
    .argument('<run>', 'folder of the round')
    .requiredOption('-o, --output <file>', 'segmenter')
    .action(async (run: string, { output }: { output: string }) => await exportRun(run, output));
  group
    .command('evaluate')
    .description("panoptic quality of all, base and novel kinds by COCO's rules, and mIoU; prints JSON")
    .requiredOption('-m, --model <file>', 'segmenter')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--split <name>', 'val: the held-out stream of the reported figures; train: for development', 'val')
    .option('--first-seed <n>', 'first seed', Number, 0)
    .option('--scenes <n>', 'scenes', Number, 500)
    .option('--size <n>', 'side of the scenes in pixels', Number, 256)
    .option('--alpha <share>', "weight of CLIP's opinion on base kinds and stuff", Number)
    .option('--beta <share>', "weight of CLIP's opinion on novel kinds", Number)
    .option('--overlap <share>', 'a mask of which a smaller share is left by the others is dropped', Number)
    .action(async ({ model, tower, alpha, beta, overlap, ...options }: EvaluateFlags) => {
      await using segmenter = await Segmenter.load(model, { tower });
      console.log(JSON.stringify(await evaluateSegmenter(segmenter, { ...options, segment: { alpha, beta, overlap } }), null, 2));
    });
  return group;
}

function report(entry: LogEntry): void {
  if ('evaluation' in entry) {
    const figures = Object.entries(entry.evaluation).map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`);
    console.error(`step ${entry.step}  ${figures.join('  ')}`);
  } else if (entry.step % 10 === 0) {
    const values = Object.entries(entry.values ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.error(
      `step ${entry.step}  loss ${entry.loss.toFixed(3)}  ${values.join('  ')}  norm ${entry.gradientNorm.toFixed(2)}  ${entry.seconds.toFixed(0)} s`,
    );
  }
}
