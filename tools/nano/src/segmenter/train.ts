import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { initializeSegmenter, Segmenter, synonymTable, trainSegmenter, type TrainingPicture } from '@vitamin-vlm/fcclip-segmentation';
import { cosineRate, warmUp } from '@vitamin-vlm/graph';
import type { LogEntry, TrainResult } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import { evaluateSegmenter } from './evaluate.ts';
import { exportSegmenter } from './export.ts';
import { classNames, config, developmentSeeds, optimizer, read, rules, schedule, sceneSides, shape, trainingScenes } from './plan.ts';

/** What a training of the embedded segmenter needs. */
export interface NanoSegmenterOptions {
  readonly folder: string;
  /** Address of the model whose tower is used. */
  readonly tower: string;
  readonly steps: number;
  /** Steps between two evaluations. */
  readonly evaluateEvery: number;
  readonly threads?: number | undefined;
  readonly onLog: (entry: LogEntry) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Scenes of an evaluation on the way. */
const SCENES = 40;

/** Trains the segmenter of the embedded model, or goes on with a training; leaves `segmenter.pth` in the folder. */
export async function trainNanoSegmenter({
  folder,
  tower,
  steps,
  evaluateEvery,
  threads,
  onLog,
  signal,
}: NanoSegmenterOptions): Promise<TrainResult> {
  const session = threads === undefined ? {} : { threads };
  await using backbone = await Backbone.load(tower, session);
  const labels = classNames.map((name) => ({ name, synonyms: [name] }));
  const { embeddings } = await backbone.vocabulary(labels, { prompts: 'fcclip', cacheDir: false });
  await using scenes = new DrawnAhead<TrainingPicture>(new URL('scene-worker.js', import.meta.url), 2 * shape.pictures);
  const { peakRate, warmupSteps } = schedule;
  const file = join(folder, 'segmenter.pth');
  const save = async (parameters: ReadonlyMap<string, Tensor>, step: number): Promise<void> => {
    await rm(file, { force: true });
    await exportSegmenter(file, parameters, { steps: step });
  };
  const result = await trainSegmenter({
    folder,
    backbone,
    config,
    shape,
    rules,
    optimizer,
    read: { ...read, windowsAtOnce: 5 },
    seed: 1,
    words: { embeddings, synonyms: synonymTable(labels) },
    initial: initial(),
    kept: trainingScenes,
    pictureAt: (place) => scenes.at(place),
    origin: { classNames, sceneSides, schedule: { ...schedule, steps } },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: steps }), { steps: warmupSteps, start: 0.01 }),
    saveEvery: 25,
    session,
    onLog,
    evaluation: {
      every: evaluateEvery,
      run: async (parameters, step) => {
        await save(parameters, step);
        await using segmenter = await Segmenter.load(file, { tower, cacheDir: false, ...session });
        const options = { split: 'train', firstSeed: developmentSeeds, scenes: SCENES, size: config.canvas.width, signal } as const;
        return { ...(await evaluateSegmenter(segmenter, options)) };
      },
    },
    signal,
  });
  await save(result.parameters, result.step);
  return result;
}

/** FC-CLIP's start, except for the learned positions: so short a training has no time to forget noise, so they start at 0. */
function initial(): Map<string, Tensor<'float32'>> {
  const tensors = initializeSegmenter(config, 1);
  for (const [path, { data }] of tensors) if (path.startsWith('global_pos_embed.')) data.fill(0);
  return tensors;
}
