import process from 'node:process';
import { defaultReadSettings, Detector } from '@vitamin-vlm/fvit-detection';
import type { Split } from '@vitamin-vlm/picture-world';
import type { LogEntry } from '@vitamin-vlm/training';
import { Command } from 'commander';
import { evaluateDetector } from './evaluate.ts';
import { trainNanoDetector } from './train.ts';

interface TrainFlags {
  readonly output: string;
  readonly tower: string;
  readonly evaluate: number;
  readonly threads?: number;
  readonly from?: string;
}

/** `detector train` and `detector evaluate`. */
export function detectorCommands(): Command {
  const group = new Command('detector').description('the detector of the embedded model');
  group
    .command('train')
    .description('trains adapters, pyramid and heads on the frozen tower; goes on where an earlier run of the same folder stopped')
    .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--evaluate <n>', 'steps between two evaluations', Number, 250)
    .option('--threads <n>', 'threads of each session', Number)
    .option('--from <detector>', 'file of a detector that the rounds before the last have ended with: only the last is made, from there')
    .action(async ({ output: folder, tower, evaluate, threads, from }: TrainFlags) => {
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      await trainNanoDetector({ folder, tower, evaluateEvery: evaluate, threads, from, onLog: report, signal: controller.signal });
    });
  group
    .command('evaluate')
    .description("AP50 of base, novel and all kinds by COCO's rules; prints JSON")
    .requiredOption('-m, --model <file>', 'detector')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--split <name>', 'val: the held-out stream of the reported figures; train: for development', 'val')
    .option('--first-seed <n>', 'first seed', Number, 0)
    .option('--scenes <n>', 'scenes', Number, 500)
    .option('--sizes <list>', 'sides of the scenes in pixels', '256,384')
    .option(
      '--read <px>',
      "side that scenes are scaled to before they are read, with the detector's own windows (default: each at its own size)",
      Number,
    )
    .action(
      async (flags: { model: string; tower: string; split: Split; firstSeed: number; scenes: number; sizes: string; read?: number }) => {
        await using detector = await Detector.load(flags.model, { tower: flags.tower });
        const { window, stride } = { ...defaultReadSettings(detector.model.tower.tower, detector.model.family), ...detector.model.read };
        const detect = flags.read === undefined ? {} : { size: flags.read, window, stride };
        const figures = await evaluateDetector(detector, { ...flags, sizes: flags.sizes.split(',').map(Number), detect });
        console.log(JSON.stringify(Object.fromEntries(figures), null, 2));
      },
    );
  return group;
}

function report(entry: LogEntry): void {
  if ('evaluation' in entry) {
    console.error(
      `step ${entry.step}  ${Object.entries(entry.evaluation)
        .map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`)
        .join('  ')}`,
    );
  } else if (entry.step % 10 === 0) {
    const values = Object.entries(entry.values ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.error(
      `step ${entry.step}  loss ${entry.loss.toFixed(3)}  ${values.join('  ')}  norm ${entry.gradientNorm.toFixed(2)}  ${entry.seconds.toFixed(0)} s`,
    );
  }
}
