import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { initializeSegmenter, Segmenter, synonymTable, trainSegmenter, type TrainingPicture } from '@vitamin-vlm/fcclip-segmentation';
import { cosineRate, warmUp } from '@vitamin-vlm/graph';
import { plotLogs, type TrainResult } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import type { HeadTraining } from '../head-commands.ts';
import { evaluateSegmenter } from './evaluate.ts';
import { exportSegmenter } from './export.ts';
import { classNames, config, developmentSeeds, optimizer, read, type Round, rounds, rules, sceneSides, shape } from './plan.ts';

/** Scenes of an evaluation on the way. */
const SCENES = 40;

/** Trains the segmenter of the embedded model in rounds, or goes on with a training; leaves `segmenter.pth` and a plot in the folder. */
export async function trainNanoSegmenter(options: HeadTraining): Promise<void> {
  const { folder, tower, threads } = options;
  await using backbone = await Backbone.load(tower, threads === undefined ? {} : { threads });
  const logs = new Map<string, string>();
  let start: RoundStart = { parameters: initial(), steps: 0, scenes: 0 };
  for (const [index, round] of rounds.entries()) {
    const own = join(folder, `round-${index + 1}`);
    const { parameters } = await trainRound(round, start, backbone, { ...options, folder: own });
    await saveRound(folder, parameters, start.steps + round.steps);
    start = { parameters, steps: start.steps + round.steps, scenes: start.scenes + round.scenes };
    logs.set(`round ${index + 1}`, join(own, 'log.jsonl'));
  }
  const panels = ['loss', 'classes', 'dice', 'PQ'];
  await plotLogs(logs, join(folder, 'log.svg'), { title: 'Training of the embedded segmenter', panels });
}

/** What a round goes on from: parameters, and the steps and scenes of all rounds before. */
interface RoundStart {
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly steps: number;
  readonly scenes: number;
}

async function saveRound(folder: string, parameters: ReadonlyMap<string, Tensor>, steps: number): Promise<string> {
  const file = join(folder, 'segmenter.pth');
  await rm(file, { force: true });
  await exportSegmenter(file, parameters, { steps });
  return file;
}

async function trainRound(
  round: Round,
  start: RoundStart,
  backbone: Backbone,
  { folder, tower, evaluateEvery, threads, onLog, signal }: HeadTraining,
): Promise<TrainResult> {
  const session = threads === undefined ? {} : { threads };
  const { steps, peakRate, warmupSteps } = round;
  const labels = classNames.map((name) => ({ name, synonyms: [name] }));
  const { embeddings } = await backbone.vocabulary(labels, { prompts: 'fcclip', cacheDir: false });
  await using scenes = new DrawnAhead<TrainingPicture>(new URL('scene-worker.js', import.meta.url), 2 * shape.pictures);
  return await trainSegmenter({
    folder,
    backbone,
    config,
    shape,
    rules,
    optimizer,
    read: { ...read, windowsAtOnce: 5 },
    seed: 1 + start.steps,
    words: { embeddings, synonyms: synonymTable(labels) },
    initial: start.parameters,
    kept: round.scenes,
    pictureAt: (place) => scenes.at(start.scenes + place),
    origin: { classNames, sceneSides, round, before: { steps: start.steps, scenes: start.scenes } },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: steps }), { steps: warmupSteps, start: 0.01 }),
    saveEvery: 25,
    session,
    onLog,
    evaluation: {
      every: evaluateEvery,
      run: async (parameters, step) => {
        const file = await saveRound(folder, parameters, start.steps + step);
        await using segmenter = await Segmenter.load(file, { tower, cacheDir: false, ...session });
        const options = { split: 'train', firstSeed: developmentSeeds, scenes: SCENES, size: config.canvas.width, signal } as const;
        return { ...(await evaluateSegmenter(segmenter, options)) };
      },
    },
    signal,
  });
}

/** FC-CLIP's start, except for the learned positions: so short a training has no time to forget noise, so they start at 0. */
function initial(): Map<string, Tensor<'float32'>> {
  const tensors = initializeSegmenter(config, 1);
  for (const [path, { data }] of tensors) if (path.startsWith('global_pos_embed.')) data.fill(0);
  return tensors;
}
