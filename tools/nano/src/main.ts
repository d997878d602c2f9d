import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { ClipTokenizer } from '@vitamin-vlm/backbone';
import { Command } from 'commander';
import { modelShapes } from './contrastive.ts';
import { initialise } from './initialise.ts';
import { contrastive } from './nano-config.ts';
import { SamplerPool } from './sampler-pool.ts';
import { train, type LogEntry } from './train.ts';

const program = new Command('nano').description('Trains the embedded models on picture-world.');

program
  .command('train')
  .description('contrastive training of both towers from scratch; goes on where an earlier run of the same folder stopped')
  .requiredOption('-o, --output <dir>', 'folder for checkpoints and the log')
  .option('--steps <n>', 'training steps', Number, contrastive.steps)
  .option('--batch <n>', 'samples of a step', Number, contrastive.batch)
  .option('--threads <n>', 'threads of the runtime', Number)
  .option('--seed <n>', 'seed of the initial weights', Number, 1)
  .action(
    async ({ output, steps, batch, threads, seed }: { output: string; steps: number; batch: number; threads?: number; seed: number }) => {
      await mkdir(output, { recursive: true });
      const controller = new AbortController();
      process.once('SIGINT', () => controller.abort());
      await using sampler = new SamplerPool(batch);
      await train({
        schedule: { ...contrastive, steps, batch },
        initial: initialise(modelShapes(), seed),
        batchOf: (step) => sampler.batchOf(step),
        tokenizer: await ClipTokenizer.load(),
        checkpoint: path.join(output, 'state.safetensors'),
        saveEvery: 250,
        log: path.join(output, 'log.jsonl'),
        onStep: report,
        signal: controller.signal,
        ...(threads && { threads }),
      });
    },
  );

function report({ step, loss, rate, samples, seconds }: LogEntry): void {
  if (step % 20 === 0)
    console.error(`step ${step}  loss ${loss.toFixed(3)}  rate ${rate.toExponential(2)}  ${samples} samples  ${seconds.toFixed(0)} s`);
}

await program.parseAsync();
