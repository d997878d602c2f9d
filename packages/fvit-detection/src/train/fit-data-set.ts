import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { constantRate, multiStepRate, type Rate, warmUp } from '@vitamin-vlm/graph';
import { plotLogs, type TrainResult } from '@vitamin-vlm/training';
import type { Family } from '../load/families.ts';
import { saveDetector } from '../load/save-detector.ts';
import { towerTensors } from '../load/tower-tensors.ts';
import { detectorNormalization, type ReadSettings } from '../recipe/recipe.ts';
import { classEmbeddings } from './class-embeddings.ts';
import { readTrainingSet, type TrainingSet } from './data-set.ts';
import { evaluateOnSet } from './evaluate-on-set.ts';
import type { FitOptions } from './fit-options.ts';
import { startOf } from './fit-start.ts';
import { photoSource } from './photo-source.ts';
import { trainingRules } from './settings.ts';
import { trainDetector } from './train-detector.ts';

/** F-ViT's plan of rates: a warm-up, and for OV-LVIS a tenth after two and eleven parts in three and twelve. */
const BASE_BATCH = 64;
const EPOCHS: Readonly<Record<Family, number>> = { 'ov-coco': 3, 'ov-lvis': 48 };
const WARM_UP = { steps: 250, start: 0.001 };
const OPTIMIZER = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, clipNorm: 1 };

/** What a training leaves. */
export interface FitResult extends TrainResult {
  /** The detector in mmcv's layout, tower included. */
  readonly detector: string;
  readonly steps: number;
  /** `log.svg`; undefined where the package `echarts` is not installed. */
  readonly plot: string | undefined;
}

/**
 * Trains a detector on a data set, from the start or from another detector, or goes on with the training in the folder. The folder then holds, beside what `train`
 * writes, `detector.pth` (the best by AP50 of all classes where there is an evaluation, else the last) and, where the package
 * `echarts` is installed, `log.svg`.
 *
 * @throws VitaminError as `readTrainingSet`, `Backbone.load`, `openDetector` and `train`; `USAGE` for a batch that does not divide, for a tower without what a detector needs, and
 *   for a detector to go on from with other sizes than asked for.
 * @example
 * ```ts
 * import { fitDataSet } from '@vitamin-vlm/fvit-detection';
 * const { detector } = await fitDataSet({
 *   folder: 'run',
 *   annotations: 'instances_train2017.json',
 *   images: 'train2017',
 *   split: 'ov-coco',
 *   tower: 'vitamin-large-336',
 * });
 * console.log(detector);
 * ```
 */
export async function fitDataSet(options: FitOptions): Promise<FitResult> {
  const { folder, tower, batch = BASE_BATCH, atOnce = Math.min(batch, 2), seed = 0, signal, session = {}, onLog, onProgress } = options;
  const hooks = { ...(onLog && { onLog }), ...(onProgress && { onProgress }) };
  if (batch % atOnce !== 0) throw new VitaminError('USAGE', `Expected a batch that divides by ${atOnce} but received ${batch}`);
  const set = await readTrainingSet(options.annotations, { images: options.images, split: options.split, signal });
  await using backbone = await Backbone.load(tower, { ...session, signal });
  const embeddings = await classEmbeddings(backbone, set.classes, { signal });
  const { config, family, initial, read } = await startOf(options, set.classes.length, backbone, embeddings);
  const rules = trainingRules[family];
  const steps = Math.ceil(((options.epochs ?? EPOCHS[family]) * set.images.length) / batch);
  const detector = join(folder, 'detector.pth');
  const save = async (parameters: ReadonlyMap<string, Tensor>, step: number): Promise<void> => {
    await rm(detector, { force: true });
    // With what no gradient reaches: the words, and a layer that stands in the file unused.
    await writeDetector(detector, { heads: new Map([...initial, ...parameters]), backbone, set, read, step });
  };
  const { evaluation } = options;
  const result = await trainDetector({
    folder,
    backbone,
    config,
    shape: {
      pictures: atOnce,
      canvas: { width: read.size, height: read.size },
      patch: config.patch,
      regions: atOnce * rules.regions.count,
      maskRegions: atOnce * Math.floor(rules.regions.count * rules.regions.positiveShare),
    },
    classes: { embeddings, weights: Float32Array.from([...set.base.map(Number), rules.background]) },
    rules,
    optimizer: OPTIMIZER,
    batches: batch / atOnce,
    read,
    seed,
    pictureAt: photoSource(set.images, {
      size: read.size,
      filter: read.resize,
      normalization: detectorNormalization(config),
      masks: config.masks,
      seed,
      signal,
    }),
    origin: originOf(options, set, steps),
    initial,
    steps,
    rate: rateOf(family, options, steps),
    saveEvery: options.saveEvery ?? 100,
    session,
    ...(evaluation && {
      evaluation: {
        every: evaluation.every,
        best: { figure: 'AP50', better: 'higher' as const },
        run: async (parameters: ReadonlyMap<string, Tensor>, step: number) => {
          await save(parameters, step);
          return await evaluateOnSet(detector, evaluation, { tower, session, signal });
        },
      },
    }),
    signal,
    ...hooks,
  });
  await save(await bestOf(folder, result), result.best?.step ?? result.step);
  const panels = ['loss', 'objectness', 'anchorBoxes', 'regionClasses', 'regionBoxes', ...(evaluation ? ['AP50'] : [])];
  return { ...result, detector, steps, plot: await draw(folder, panels) };
}

async function draw(folder: string, panels: readonly string[]): Promise<string | undefined> {
  const plot = join(folder, 'log.svg');
  try {
    await plotLogs(new Map([['detector', join(folder, 'log.jsonl')]]), plot, { title: 'Training of a detector', panels });
  } catch (error) {
    if (error instanceof VitaminError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
  return plot;
}

/** What a training depends on beside its sizes. */
function originOf({ annotations, split, from, rate }: FitOptions, { images }: TrainingSet, steps: number): Record<string, unknown> {
  return { annotations, split: split ?? null, from: from ?? null, rate: rate ?? null, pictures: images.length, steps };
}

function rateOf(family: Family, { rate: peak = 1e-4, batch = BASE_BATCH }: FitOptions, steps: number): Rate {
  const rate = (peak * batch) / BASE_BATCH;
  const plan =
    family === 'ov-lvis'
      ? multiStepRate(rate, { milestones: [Math.round((steps * 32) / 48), Math.round((steps * 44) / 48)] })
      : constantRate(rate);
  return warmUp(plan, { ...WARM_UP, steps: Math.min(WARM_UP.steps, steps) });
}

async function bestOf(folder: string, { best, parameters }: TrainResult): Promise<ReadonlyMap<string, Tensor>> {
  if (!best) return parameters;
  await using weights = await openWeights(join(folder, 'best.safetensors'));
  const all = new Map<string, Tensor>();
  for (const name of weights.tensors.keys()) all.set(name, await weights.read(name));
  return all;
}

async function writeDetector(
  path: string,
  {
    heads,
    backbone,
    set,
    read,
    step,
  }: {
    readonly heads: ReadonlyMap<string, Tensor>;
    readonly backbone: Backbone;
    readonly set: TrainingSet;
    readonly read: ReadSettings;
    readonly step: number;
  },
): Promise<void> {
  const counters = [...heads.keys()].flatMap((name): [string, Tensor][] =>
    name.endsWith('.running_var')
      ? [[name.replace('running_var', 'num_batches_tracked'), tensor('int64', [], BigInt64Array.of(BigInt(step)))]]
      : [],
  );
  await saveDetector(path, [...towerTensors(backbone.model), ...heads, ...counters], {
    classes: set.classes,
    base: set.classes.filter((_, i) => set.base[i]),
    settings: read,
    more: { iter: step },
  });
}
