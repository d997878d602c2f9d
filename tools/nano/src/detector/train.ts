import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { classEmbeddings, Detector, initializeHeads, trainDetector, type TrainingPicture } from '@vitamin-vlm/fvit-detection';
import { cosineRate, warmUp } from '@vitamin-vlm/graph';
import { baseKinds, kinds } from '@vitamin-vlm/picture-world';
import type { LogEntry, TrainResult } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import { evaluateDetector } from './evaluate.ts';
import { exportDetector } from './export.ts';
import { config, developmentSeeds, optimizer, read, rules, schedule, sceneSides, shape } from './plan.ts';

/** What a training of the embedded detector needs. */
export interface NanoDetectorOptions {
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

/** Trains the detector of the embedded model, or goes on with a training; leaves `detector.pth` in the folder. */
export async function trainNanoDetector({
  folder,
  tower,
  steps,
  evaluateEvery,
  threads,
  onLog,
  signal,
}: NanoDetectorOptions): Promise<TrainResult> {
  const session = threads === undefined ? {} : { threads };
  await using backbone = await Backbone.load(tower, session);
  const embeddings = await classEmbeddings(
    backbone,
    kinds.map(({ name }) => name),
  );
  const initial = initializeHeads(config, embeddings, 1);
  await using scenes = new DrawnAhead<TrainingPicture>(new URL('scene-worker.js', import.meta.url), 2 * shape.pictures);
  const { peakRate, warmupSteps } = schedule;
  const file = join(folder, 'detector.pth');
  const save = async (parameters: ReadonlyMap<string, Tensor>, step: number): Promise<void> => {
    await rm(file, { force: true });
    await exportDetector(file, new Map([...initial, ...parameters]), { steps: step });
  };
  const result = await trainDetector({
    folder,
    backbone,
    config,
    shape,
    rules,
    optimizer,
    read: { window: read.window, stride: read.stride, windowsAtOnce: 5 },
    seed: 1,
    classes: { embeddings, weights: classWeights() },
    initial,
    pictureAt: (place) => scenes.at(place),
    origin: { kinds: baseKinds, sceneSides, schedule: { ...schedule, steps } },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: steps }), { steps: warmupSteps, start: 0.01 }),
    saveEvery: 25,
    session,
    onLog,
    evaluation: {
      every: evaluateEvery,
      run: async (parameters, step) => {
        await save(parameters, step);
        await using detector = await Detector.load(file, { tower, cacheDir: false, ...session });
        const options = { split: 'train', firstSeed: developmentSeeds, scenes: SCENES, sizes: [read.size], signal } as const;
        const { base, novel, all } = (await evaluateDetector(detector, options)).get(read.size)!;
        return { base, novel, all };
      },
    },
    signal,
  });
  await save(result.parameters, result.step);
  return result;
}

/** Weight of each kind in the loss: novel kinds are hidden. */
function classWeights(): Float32Array {
  return Float32Array.from([...kinds.map(({ novel }) => (novel ? 0 : 1)), rules.background]);
}
