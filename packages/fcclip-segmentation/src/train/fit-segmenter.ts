import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { multiStepRate, type TrainingOptions } from '@vitamin-vlm/graph';
import { plotLogs, type TrainResult } from '@vitamin-vlm/training';
import { synonymTable } from '../encoding/vocabulary.ts';
import { saveSegmenter } from '../load/save-segmenter.ts';
import { type FcclipConfig, LEVELS } from '../models/config.ts';
import { type ReadSettings, tierStride, TOWER_STRIDE } from '../recipe/recipe.ts';
import { TOWER_LEVELS } from '../segment/graphs.ts';
import type { FitSegmenterOptions } from './fit-options.ts';
import { initializeSegmenter } from './initialize.ts';
import { type PanopticTrainingSet, readPanopticSet } from './panoptic-set.ts';
import { panopticSource } from './panoptic-source.ts';
import { trainingRules } from './settings.ts';
import { trainSegmenter } from './train-segmenter.ts';

/** FC-CLIP's plan: a tenth of the rate after 8/9 of the steps, and again after 26/27. */
const MILESTONES = [327_778 / 368_750, 355_092 / 368_750];
const EPOCHS = 50;
const BATCH = 16;
/** Widths of the feed-forward networks, in widths of the decoders. */
const FEED_FORWARD = { encoder: 4, decoder: 8 };

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
 * Trains a segmenter on a data set, or goes on with the training in the folder. The folder then holds, beside what `train` writes, `segmenter.pth` and, where the package
 * `echarts` is installed, `log.svg`.
 *
 * @throws VitaminError as `readPanopticSet`, `Backbone.load` and `train`; `USAGE` for sizes that do not divide.
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
  const config = configOf(options, backbone);
  const window = backbone.imageSize;
  const read = { window, stride: options.stride ?? tierStride('exact', window) };
  const { embeddings } = await backbone.vocabulary(set.labels, { prompts: 'fcclip', signal });
  const steps = Math.ceil(((options.epochs ?? EPOCHS) * set.images.length) / batch);
  const segments = set.images.map((image) => image.segments.length);
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
    origin: originOf(options, set, steps, rate),
    initial: initializeSegmenter(config, seed),
    steps,
    rate: multiStepRate(rate, { milestones: MILESTONES.map((share) => Math.round(share * steps)) }),
    saveEvery: options.saveEvery ?? 100,
    session,
    signal,
    ...hooks,
  });
  const segmenter = join(folder, 'segmenter.pth');
  await rm(segmenter, { force: true });
  await writeSegmenter(segmenter, result, set, read);
  return { ...result, segmenter, steps, plot: await draw(folder) };
}

async function writeSegmenter(
  path: string,
  { parameters, step }: TrainResult,
  { labels, things }: PanopticTrainingSet,
  read: ReadSettings,
): Promise<void> {
  await saveSegmenter(path, parameters, { classes: labels, things, settings: read, iteration: step });
}

function configOf(options: FitSegmenterOptions, backbone: Backbone): FcclipConfig {
  const { width = 256, heads = 8, encoderLayers = 6, decoderLayers = 9, queries = 250 } = options;
  const { levels, embedDim } = backbone.model.tower;
  const side = options.size ?? 4 * backbone.imageSize;
  // Both group norms and positions of two axes divide the channels, and four strides the canvas.
  if (width % 32 !== 0 || width % heads !== 0) {
    throw new VitaminError('USAGE', `Expected a width that is a multiple of 32 and of ${heads} heads but received ${width}`);
  }
  if (side % (2 * TOWER_STRIDE) !== 0 || side < backbone.imageSize) {
    throw new VitaminError('USAGE', `Expected a canvas of at least ${backbone.imageSize} pixels, a multiple of 32, but received ${side}`);
  }
  if (decoderLayers < LEVELS) {
    throw new VitaminError(
      'USAGE',
      `Expected at least ${LEVELS} layers of the mask decoder, one for each level, but received ${decoderLayers}`,
    );
  }
  if (embedDim === undefined) throw new VitaminError('UNSUPPORTED', `Expected a tower with a head but ${backbone.model.tower.id} has none`);
  return {
    channels: TOWER_LEVELS.map((name) => levels.find((level) => level.name === name)?.channels ?? 0) as unknown as FcclipConfig['channels'],
    width,
    heads,
    encoderLayers,
    encoderHidden: FEED_FORWARD.encoder * width,
    decoderLayers,
    decoderHidden: FEED_FORWARD.decoder * width,
    queries,
    embedDim,
    canvas: { width: side, height: side },
  };
}

/** What a training depends on beside its sizes. */
function originOf(
  { annotations, vocabulary }: FitSegmenterOptions,
  { labels, images }: PanopticTrainingSet,
  steps: number,
  rate: number,
): Record<string, unknown> {
  return {
    annotations,
    vocabulary: vocabulary ?? null,
    classes: labels.map(({ synonyms }) => synonyms.join()),
    pictures: images.length,
    steps,
    rate,
  };
}

async function draw(folder: string): Promise<string | undefined> {
  const plot = join(folder, 'log.svg');
  try {
    const panels = ['loss', 'classes', 'masks', 'dice'];
    await plotLogs(new Map([['segmenter', join(folder, 'log.jsonl')]]), plot, { title: 'Training of a segmenter', panels });
  } catch (error) {
    if (error instanceof VitaminError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
  return plot;
}
