import type { Backbone } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { TrainingOptions } from '@vitamin-vlm/graph';
import { type Batch, randomStream, train, type TrainOptions, type TrainResult } from '@vitamin-vlm/training';
import type { FVitConfig } from '../models/config.ts';
import type { ReadSettings } from '../recipe/recipe.ts';
import { readTower } from '../detect/read-tower.ts';
import { TOWER_MAPS } from '../models/tower-levels.ts';
import { batchTargets, targetFeeds, type Truth } from './batch-targets.ts';
import { takeAtRandom } from './sample.ts';
import type { TrainingRules } from './settings.ts';
import { type TrainingClasses, trainingGraphs, type TrainingShape } from './training-graphs.ts';

/** A picture as the network's input, with what is true of it. */
export interface TrainingPicture extends Truth {
  /** [1, 3, H, W] of the training's canvas. */
  readonly pixels: Tensor<'float32'>;
}

/** What a training needs beside the folder and the hooks of the loop. */
export interface TrainDetectorOptions extends Omit<TrainOptions, 'graphs' | 'batch' | 'settings' | 'samplesPerStep'> {
  /** The frozen tower. */
  readonly backbone: Backbone;
  readonly config: FVitConfig;
  readonly shape: TrainingShape;
  readonly classes: TrainingClasses;
  readonly rules: TrainingRules;
  readonly optimizer: TrainingOptions;
  /** Batches of a step, whose gradients are averaged. Default 1. */
  readonly batches?: number | undefined;
  /** How the tower reads a picture. */
  readonly read: Pick<ReadSettings, 'window' | 'stride'> & { readonly windowsAtOnce?: number };
  /** Of what is drawn by chance in a step: anchors and regions. */
  readonly seed: number;
  /** Picture of a place in the training, from 0: a pure function, so that a training that was stopped goes on with the same. */
  readonly pictureAt: (place: number) => Promise<TrainingPicture>;
  /** What else the training depends on, as plain data: the pictures, the model it starts from, the plan of rates. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/**
 * Trains adapters, pyramid and heads on a frozen tower, or goes on with the training in the folder: proposals of the network as it is, assignment and samples in
 * TypeScript, one step from all losses.
 *
 * @throws VitaminError as `train`; `USAGE` for pictures on different canvases.
 * @example
 * ```ts
 * import { trainDetector, type TrainDetectorOptions } from '@vitamin-vlm/fvit-detection';
 * async function learn(options: TrainDetectorOptions): Promise<void> {
 *   const { parameters } = await trainDetector(options);
 *   console.log(parameters.get('roi_head.bbox_head.detect_temperature')?.data);
 * }
 * ```
 */
export function trainDetector(options: TrainDetectorOptions): Promise<TrainResult> {
  const { backbone, config, shape, classes, rules, optimizer, batches = 1, read, seed, pictureAt, origin, ...loop } = options;
  const { windowsAtOnce = 1, ...windows } = read;
  const mapsOf = async ({ pixels }: TrainingPicture): Promise<Record<string, Tensor<'float32'>>> => ({
    ...(await readTower(backbone, pixels, { ...windows, placement: 'floor', batch: windowsAtOnce, only: 'maps', signal: loop.signal }))
      .maps,
  });
  const batch = async (index: number): Promise<Batch> => {
    const pictures: TrainingPicture[] = [];
    const maps: Record<string, Tensor<'float32'>>[] = [];
    for (let i = 0; i < shape.pictures; i++) {
      const picture = await pictureAt((index - 1) * shape.pictures + i);
      pictures.push(picture);
      maps.push(await mapsOf(picture));
    }
    const targets = (results: Parameters<typeof batchTargets>[0]): ReturnType<typeof targetFeeds> => {
      const found = batchTargets(results, pictures, rules, shape, takeAtRandom(randomStream(seed, index)));
      return targetFeeds(found, pictures, shape, { background: config.classes, masks: config.masks });
    };
    return { feeds: Object.fromEntries(TOWER_MAPS.map((level) => [level, stacked(maps.map((map) => map[level]!))])), targets };
  };
  return train({
    ...loop,
    graphs: trainingGraphs(config, shape, classes, optimizer, batches),
    settings: {
      config,
      shape,
      batches,
      rules,
      read: windows,
      seed,
      classWeights: [...classes.weights],
      tower: backbone.model.identity,
      ...origin,
    },
    batch,
    samplesPerStep: batches * shape.pictures,
  });
}

/** Maps of one picture each as a batch. */
function stacked(maps: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const [, ...rest] = maps[0]!.shape;
  const all = tensor('float32', [maps.length, ...rest]);
  const length = all.data.length / maps.length;
  for (const [n, map] of maps.entries()) {
    if (map.data.length !== length) throw new VitaminError('USAGE', 'Expected training pictures on one canvas but found another');
    all.data.set(map.data, n * length);
  }
  return all;
}
