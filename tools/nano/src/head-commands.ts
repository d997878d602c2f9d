import process from 'node:process';
import type { Split } from '@vitamin-vlm/picture-world';
import type { LogEntry } from '@vitamin-vlm/training';
import { Command } from 'commander';

/** What every training of a part on the frozen tower needs. */
export interface HeadTraining {
  readonly folder: string;
  /** Address of the model whose tower is used. */
  readonly tower: string;
  /** Steps between two evaluations. */
  readonly evaluateEvery: number;
  /** Threads of each session. */
  readonly threads?: number | undefined;
  readonly onLog: (entry: LogEntry) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The command `train` of a part, with the flags that all parts have. */
export function trainCommand(
  description: string,
  evaluateEvery: number,
  run: (training: HeadTraining, flags: { readonly from?: string }) => Promise<void>,
): Command {
  return new Command('train')
    .description(`${description}; goes on where an earlier run of the same folder stopped`)
    .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--evaluate <n>', 'steps between two evaluations', Number, evaluateEvery)
    .option('--threads <n>', 'threads of each session', Number)
    .action(async (flags: { output: string; tower: string; evaluate: number; threads?: number; from?: string }) => {
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      const { output: folder, tower, evaluate, threads } = flags;
      await run({ folder, tower, evaluateEvery: evaluate, threads, onLog: report, signal: controller.signal }, flags);
    });
}

/** Which model is evaluated on which scenes. */
export interface EvaluateFlags {
  readonly model: string;
  readonly tower: string;
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
}

/** The command `evaluate` of a part, with the flags that all parts have. */
export function evaluateCommand(description: string, scenes: number): Command {
  return new Command('evaluate')
    .description(`${description}; prints JSON`)
    .requiredOption('-m, --model <path>', 'what was trained')
    .option('--tower <model>', 'model whose tower is used', 'nano')
    .option('--split <name>', 'val: the held-out stream of the reported figures; train: for development', 'val')
    .option('--first-seed <n>', 'first seed', Number, 0)
    .option('--scenes <n>', 'scenes', Number, scenes);
}

/** The command `export` of a part. */
export function exportCommand(part: string, run: (folder: string, output: string) => Promise<void>): Command {
  return new Command('export')
    .description(`writes the ${part} of a round as it stands, ended or not`)
    .argument('<run>', 'folder of the round')
    .requiredOption('-o, --output <path>', part)
    .action(async (folder: string, { output }: { output: string }) => await run(folder, output));
}

function report(entry: LogEntry): void {
  if ('evaluation' in entry) {
    const figures = Object.entries(entry.evaluation).map(([name, value]) => `${name} ${(100 * value).toFixed(1)}`);
    console.error(`step ${entry.step}  ${figures.join('  ')}`);
  } else if (entry.step % 10 === 0) {
    const values = Object.entries(entry.values ?? {}).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    const loss = `loss ${entry.loss.toFixed(3)}  ${values.join('  ')}  norm ${entry.gradientNorm.toFixed(2)}`;
    console.error(`step ${entry.step}  ${loss}  ${entry.seconds.toFixed(0)} s`);
  }
}
