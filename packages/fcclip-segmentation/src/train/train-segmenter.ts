import type { Backbone } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { TrainingOptions } from '@vitamin-vlm/graph';
import { type Batch, randomStream, train, type TrainOptions, type TrainResult } from '@vitamin-vlm/training';
import { type FcclipConfig, towerLevels } from '../models/config.ts';
import type { ReadSettings } from '../recipe/recipe.ts';
import { drawnPoints, matchBatch, matchedFeeds } from './batch-targets.ts';
import type { Truth } from './matching.ts';
import type { TrainingRules } from './settings.ts';
import { trainingGraphs, type TrainingShape, type TrainingWords } from './training-graphs.ts';

/** A picture as the network's input, with what is true of it. */
export interface TrainingPicture extends Truth {
  /** [1, 3, H, W] of the segmenter's canvas. */
  readonly pixels: Tensor<'float32'>;
}

/** What a training needs beside the folder and the hooks of the loop. */
export interface TrainSegmenterOptions extends Omit<TrainOptions, 'graphs' | 'batch' | 'settings' | 'samplesPerStep'> {
  /** The frozen tower. */
  readonly backbone: Backbone;
  readonly config: FcclipConfig;
  readonly shape: TrainingShape;
  readonly words: TrainingWords;
  readonly rules: TrainingRules;
  readonly optimizer: TrainingOptions;
  /** Batches of a step, whose gradients are averaged. Default 1. */
  readonly batches?: number | undefined;
  /** How the tower reads a picture. */
  readonly read: ReadSettings & { readonly windowsAtOnce?: number };
  /** Of what is drawn by chance in a step: points. */
  readonly seed: number;
  /** Picture of a place in the training, from 0: a pure function, so that a training that was stopped goes on with the same. */
  readonly pictureAt: (place: number) => Promise<TrainingPicture>;
  /**
   * So many pictures are all there are: the first places are taken in order, then all of them by chance. The tower reads each once, and its maps stay in memory, which costs
   * about 9 bytes per pixel of the canvas on the embedded tower. Default: every picture is new, and nothing is kept.
   */
  readonly kept?: number | undefined;
  /** What else the training depends on, as plain data: the pictures, the classes, the model it starts from, the plan of rates. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/**
 * Trains both decoders on a frozen tower, or goes on with the training in the folder: masks of the network as it is, matching in TypeScript, one step from all losses.
 *
 * @throws VitaminError as `train`; `USAGE` for pictures on another canvas and for more segments in a batch than `shape` has pairs.
 * @example
 * ```ts
 * import { trainSegmenter, type TrainSegmenterOptions } from '@vitamin-vlm/fcclip-segmentation';
 * async function learn(options: TrainSegmenterOptions): Promise<void> {
 *   const { parameters } = await trainSegmenter(options);
 *   console.log(parameters.get('sem_seg_head.predictor.logit_scale')?.data);
 * }
 * ```
 */
export function trainSegmenter(options: TrainSegmenterOptions): Promise<TrainResult> {
  const { backbone, config, shape, words, rules, optimizer, batches = 1, read, seed, pictureAt, kept, origin, ...loop } = options;
  const { windowsAtOnce = 1, ...windows } = read;
  const [classes = 0] = words.synonyms.shape;
  const reading = { ...windows, placement: 'floor', batch: windowsAtOnce, levels: towerLevels(config), signal: loop.signal } as const;
  const readNew = async (place: number): Promise<ReadPicture> => {
    const { pixels, ...truth } = await pictureAt(place);
    return { truth, maps: await backbone.windowMaps(pixels, reading) };
  };
  const known = new Map<number, ReadPicture>();
  const readPicture = async (place: number): Promise<ReadPicture> => {
    if (kept === undefined) return await readNew(place);
    const chosen = place < kept ? place : Math.floor(kept * randomStream(seed + 1, place)());
    const picture = known.get(chosen) ?? (await readNew(chosen));
    known.set(chosen, picture);
    return picture;
  };
  const batch = async (index: number): Promise<Batch> => {
    const pictures: ReadPicture[] = [];
    for (let i = 0; i < shape.pictures; i++) pictures.push(await readPicture((index - 1) * shape.pictures + i));
    const truths = pictures.map(({ truth }) => truth);
    const points = drawnPoints(config, shape, rules, randomStream(seed, index));
    const targets = (results: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
      const matches = matchBatch(results, points, truths, config, rules);
      return matchedFeeds(matches, truths, config, shape, classes);
    };
    return { feeds: { ...stackedMaps(pictures, config), ...points }, targets };
  };
  return train({
    ...loop,
    graphs: trainingGraphs(config, shape, words, rules, optimizer, batches),
    settings: { config, shape, batches, rules, read: windows, seed, kept: kept ?? null, tower: backbone.model.identity, ...origin },
    batch,
    samplesPerStep: batches * shape.pictures,
  });
}

/** A picture as the tower sees it. */
interface ReadPicture {
  readonly truth: Truth;
  readonly maps: Readonly<Record<string, Tensor<'float32'>>>;
}

/** Maps of one picture each as a batch, [N, C, h, w] of each level. */
function stackedMaps(pictures: readonly ReadPicture[], config: FcclipConfig): Record<string, Tensor<'float32'>> {
  const { channels, canvas } = config;
  return Object.fromEntries(
    towerLevels(config).map((level, i) => {
      const all = tensor('float32', [pictures.length, channels[i]!, canvas.height / (4 << i), canvas.width / (4 << i)]);
      const length = all.data.length / pictures.length;
      for (const [n, { maps }] of pictures.entries()) {
        const { shape, data } = maps[level]!;
        if (data.length !== length) {
          throw new VitaminError(
            'USAGE',
            `Expected training pictures of ${canvas.width} x ${canvas.height} but found maps of ${shape.join(' x ')}`,
          );
        }
        all.data.set(data, n * length);
      }
      return [level, all];
    }),
  );
}
