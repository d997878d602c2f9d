import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { multiStepRate, type TrainingOptions } from '@vitamin-vlm/graph';
import { plotLogs, type TrainResult } from '@vitamin-vlm/training';
import { synonymTable } from '../encoding/vocabulary.ts';
import { saveSegmenter } from '../load/save-segmenter.ts';
import { evaluateOnSet } from './evaluate-on-set.ts';
import type { FitSegmenterOptions } from './fit-options.ts';
import { type FitSegmenterStart, startOf } from './fit-start.ts';
import { type PanopticTrainingSet, readPanopticSet } from './panoptic-set.ts';
import { panopticSource } from './panoptic-source.ts';
import { trainingRules } from './settings.ts';
import { trainSegmenter } from './train-segmenter.ts';

/** FC-CLIP's plan: a tenth of the rate after 8/9 of the steps, and again after 26/27. */
const MILESTONES = [327_778 / 368_750, 355_092 / 368_750];
const EPOCHS = 50;
const BATCH = 16;

/** AdamW; norms and embeddings do not decay, biases do. */
const OPTIMIZER: TrainingOptions = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: (path) =>
    /norm\d?\.|input_proj\.\d\.1\.|_mask_pooling_proj\.0\.|query_(?:feat|embed)\.|predictor\.level_embed\.|void_embedding\./u.test(path)
      ? 0
      : 0.05,
  clipNorm: 0.01,
};

/** What a training leaves. */
export interface FitSegmenterResult extends TrainResult {
  /** The segmenter in the published layout: what was trained, without the CLIP model. */
  readonly segmenter: string;
  readonly steps: number;
  /** `log.svg`; undefined where the package `echarts` is not installed. */
  readonly plot: string | undefined;
}

/**
 * Trains a segmenter on a data set, from the start or from another segmenter, or goes on with the training in the folder. The folder then holds, beside what `train` writes,
 * `segmenter.pth` (the best by PQ where there is an evaluation, else the last) and, where the package `echarts` is installed, `log.svg`.
 *
 * @throws VitaminError as `readPanopticSet`, `Backbone.load`, `openSegmenter` and `train`; `USAGE` for sizes that do not divide, and for a segmenter to go on from with other
 *   sizes than asked for.
 * @example
 * ```ts
 * import { fitSegmenter } from '@vitamin-vlm/fcclip-segmentation';
 * const { segmenter } = await fitSegmenter({
 *   folder: 'run',
 *   annotations: 'panoptic_train2017.json',
 *   images: 'train2017',
 *   vocabulary: 'coco-panoptic',
 *   tower: 'vitamin-large-336',
 * });
 * console.log(segmenter);
 * ```
 */
export async function fitSegmenter(options: FitSegmenterOptions): Promise<FitSegmenterResult> {
  const { folder, tower, batch = BATCH, atOnce = 1, seed = 0, rate = 1e-4, signal, session = {}, onLog, onProgress } = options;
  const hooks = { ...(onLog && { onLog }), ...(onProgress && { onProgress }) };
  if (batch % atOnce !== 0) throw new VitaminError('USAGE', `Expected a batch that divides by ${atOnce} but received ${batch}`);
  const set = await readPanopticSet(options.annotations, options);
  await using backbone = await Backbone.load(tower, { ...session, signal });
  const start = await startOf(options, backbone);
  const { config, read, initial } = start;
  const { embeddings } = await backbone.vocabulary(set.labels, { prompts: 'fcclip', signal });
  const steps = Math.ceil(((options.epochs ?? EPOCHS) * set.images.length) / batch);
  const segments = set.images.map((image) => image.segments.length);
  const segmenter = join(folder, 'segmenter.pth');
  const save = async (parameters: ReadonlyMap<string, Tensor>, step: number): Promise<void> => {
    await rm(segmenter, { force: true });
    await saveSegmenter(segmenter, new Map([...initial, ...parameters]), {
      classes: set.labels,
      things: set.things,
      settings: { ...start.settings, ...read },
      iteration: step,
    });
  };
  const { evaluation } = options;
  const result = await trainSegmenter({
    folder,
    backbone,
    config,
    shape: { pictures: atOnce, pairs: atOnce * segments.reduce((a, b) => Math.max(a, b), 1) },
    words: { embeddings, synonyms: synonymTable(set.labels) },
    rules: { ...trainingRules, points: options.points ?? trainingRules.points },
    optimizer: OPTIMIZER,
    batches: batch / atOnce,
    read,
    seed,
    pictureAt: panopticSource(set.images, { canvas: config.canvas, seed, signal }),
    origin: originOf(options, set, start, { steps, rate }),
    initial,
    steps,
    rate: multiStepRate(rate, { milestones: MILESTONES.map((share) => Math.round(share * steps)) }),
    saveEvery: options.saveEvery ?? 100,
    session,
    ...(evaluation && {
      evaluation: {
        every: evaluation.every,
        best: { figure: 'PQ', better: 'higher' as const },
        run: async (parameters: ReadonlyMap<string, Tensor>, step: number) => {
          await save(parameters, step);
          return await evaluateOnSet(segmenter, { vocabulary: options.vocabulary, ...evaluation }, { tower, session, signal });
        },
      },
    }),
    signal,
    ...hooks,
  });
  await save(await bestOf(folder, result), result.best?.step ?? result.step);
  const panels = ['loss', 'classes', 'masks', 'dice', ...(evaluation ? ['PQ', 'mIoU'] : [])];
  return { ...result, segmenter, steps, plot: await draw(folder, panels) };
}

async function bestOf(folder: string, { best, parameters }: TrainResult): Promise<ReadonlyMap<string, Tensor>> {
  if (!best) return parameters;
  await using weights = await openWeights(join(folder, 'best.safetensors'));
  const all = new Map<string, Tensor>();
  for (const name of weights.tensors.keys()) all.set(name, await weights.read(name));
  return all;
}

/** What a training depends on beside its sizes. */
function originOf(
  { annotations, vocabulary, from }: FitSegmenterOptions,
  { labels, images }: PanopticTrainingSet,
  { heads }: FitSegmenterStart,
  plan: { readonly steps: number; readonly rate: number },
): Record<string, unknown> {
  return {
    annotations,
    vocabulary: vocabulary ?? null,
    classes: labels.map(({ synonyms }) => synonyms.join()),
    pictures: images.length,
    ...(from !== undefined && { from: heads }),
    ...plan,
  };
}

async function draw(folder: string, panels: readonly string[]): Promise<string | undefined> {
  const plot = join(folder, 'log.svg');
  try {
    await plotLogs(new Map([['segmenter', join(folder, 'log.jsonl')]]), plot, { title: 'Training of a segmenter', panels });
  } catch (error) {
    if (error instanceof VitaminError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
  return plot;
}
