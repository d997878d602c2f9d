import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import { asWeights, locateOptions } from '../model.ts';

/** The flags of both stages. */
export const fitFlags = {
  data: { kind: 'text', value: 'file', help: "LLaVA's data: [{id, image, conversations: [{from, value}]}], .json or .jsonl" },
  images: { kind: 'text', value: 'dir', help: 'folder of its pictures' },
  llm: { kind: 'text', value: 'folder', help: 'language model to begin with, in float32 or float16' },
  model: { kind: 'text', value: 'model', short: 'm', default: 'nano', help: 'image tower; it stays as it is' },
  rule: {
    kind: 'choice',
    choices: ['pad', 'square'],
    value: 'rule',
    help: "how a picture becomes a square (default: the stage's in LLaVA)",
  },
  layer: { kind: 'number', value: 'n', help: "which result of the tower's blocks, from the last (default: -2)" },
  batch: { kind: 'whole', least: 1, value: 'n', help: 'samples of a step (default: 256; of the second stage 128)' },
  atOnce: { kind: 'whole', least: 1, value: 'n', help: 'samples in memory at once (default: 1)' },
  epochs: { kind: 'whole', least: 1, value: 'n', help: 'times that every sample is seen (default: 1)' },
  rate: { kind: 'number', value: 'n', help: 'learning rate (default: 0.001; of the second stage 0.00002)' },
  maxLength: { kind: 'whole', least: 2, value: 'n', help: 'tokens of a sample at most (default: 2048)' },
  seed: { kind: 'whole', value: 'n', default: 0, help: 'of everything that is drawn by chance' },
  saveEvery: { kind: 'whole', least: 1, value: 'n', help: 'steps between two saved states (default: 100)' },
} as const;

/** What is asked beside the flags of both stages. */
interface SecondStage {
  readonly projector?: string | undefined;
  readonly captions?: string | undefined;
}

/** Runs a stage; the second with the first before it where there are captions for that. */
export async function runFit(context: Context<typeof fitFlags>, stage: 1 | 2, second: SecondStage = {}): Promise<number> {
  const { flags, output, progress, signal } = context;
  const { data = '', images = '', llm = '', output: folder, model: tower, threads, cacheDir, rate, ...others } = flags;
  if (folder === undefined) throw new VitaminError('USAGE', 'Expected -o DIR for the training but received none');
  if (rate !== undefined && !(rate > 0)) throw new VitaminError('USAGE', `Expected a positive --rate but received ${rate}`);
  const { fitTalker } = await import('@vitamin-vlm/llava-bridge');
  const { rule, layer, batch, atOnce, epochs, maxLength, seed, saveEvery } = others;
  const common = {
    images,
    tower,
    llm,
    rule,
    layer,
    batch,
    atOnce,
    epochs,
    maxLength,
    seed,
    saveEvery,
    session: { threads, cacheDir },
    signal,
  };
  const located = locateOptions(context, tower);
  const fit = async (options: { stage: 1 | 2; folder: string; data: string; projector?: string | undefined; rate?: number | undefined }) =>
    await fitTalker({ ...located, ...common, ...options, onProgress: progress.reporter(`stage ${options.stage}`) }).catch(
      (error: unknown) => {
        throw asWeights(error);
      },
    );
  const first = second.captions === undefined ? undefined : await fit({ stage: 1, folder: join(folder, 'stage-1'), data: second.captions });
  const { output: result, step, unlearned } = await fit({ stage, folder, data, projector: first?.output ?? second.projector, rate });
  if (unlearned > 0) output.note(`Of ${unlearned} samples nothing is learned: LLaVA's counting of their tokens does not add up.`);
  output.path(result);
  await output.whole(undefined, { [stage === 1 ? 'projector' : 'model']: result, step });
  return 0;
}
