import process from 'node:process';
import type { Split } from '@vitamin-vlm/picture-world';
import type { LogEntry } from '@vitamin-vlm/training';
import { Command } from 'commander';
import { describeScenes, evaluateTalker } from './evaluate.ts';
import { exportRun } from './export-run.ts';
import { trainNanoTalker } from './train.ts';

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
  readonly captions?: boolean;
}

/** `talker train`, `talker evaluate` and `talker export`. */
export function talkerCommands(): Command {
  const group = new Command('talker').description('the talker of the embedded model');
  group
    .command('train')
    .description('trains projector and language model on the frozen tower; goes on where an earlier run of the same folder stopped')
    .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--evaluate <n>', 'steps between two evaluations', Number, 1000)
    .option('--threads <n>', 'threads of each session', Number)
    .action(async ({ output: folder, tower, evaluate, threads }: TrainFlags) => {
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      await trainNanoTalker({ folder, tower, evaluateEvery: evaluate, threads, onLog: report, signal: controller.signal });
    });
  group
    .command('evaluate')
    .description("share of picture-world's questions answered right, by kind of question; prints JSON")
    .requiredOption('-m, --model <dir>', 'talker')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--split <name>', 'val: the held-out stream of the reported figures; train: for development', 'val')
    .option('--first-seed <n>', 'first seed', Number, 0)
    .option('--scenes <n>', 'scenes', Number, 200)
    .option('--captions', 'tell what it says of the scenes, beside what they are')
    .action(async ({ model, tower, captions, ...options }: EvaluateFlags) => {
      const figures = captions
        ? await describeScenes(model, tower, options)
        : await evaluateTalker(model, tower, { ...options, blind: true });
      console.log(JSON.stringify(figures, null, 2));
    });
  group
    .command('export')
    .description('writes the talker of a round as it stands, ended or not')
    .argument('<run>', 'folder of the round')
    .requiredOption('-o, --output <dir>', 'folder of the talker')
    .action(async (run: string, { output }: { output: string }) => await exportRun(run, output));
  return group;
}

function report(entry: LogEntry): void {
  if ('evaluation' in entry) {
    const figures = Object.entries(entry.evaluation).map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`);
    console.error(`step ${entry.step}  ${figures.join('  ')}`);
  } else if (entry.step % 20 === 0) {
    const { step, loss, rate, gradientNorm, seconds } = entry;
    console.error(
      `step ${step}  loss ${loss.toFixed(3)}  rate ${rate.toExponential(2)}  norm ${gradientNorm.toFixed(2)}  ${seconds.toFixed(0)} s`,
    );
  }
}
