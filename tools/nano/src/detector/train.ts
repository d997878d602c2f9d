import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, openWeights } from '@vitamin-vlm/backbone';
import { type Tensor, toFloat32 } from '@vitamin-vlm/core';
import {
  classEmbeddings,
  declaredHeads,
  Detector,
  initializeHeads,
  trainDetector,
  type TrainingPicture,
} from '@vitamin-vlm/fvit-detection';
import { cosineRate, warmUp } from '@vitamin-vlm/graph';
import { baseKinds, kinds } from '@vitamin-vlm/picture-world';
import { plotLogs, type TrainResult } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import type { HeadTraining } from '../head-commands.ts';
import { evaluateDetector } from './evaluate.ts';
import { exportDetector } from './export.ts';
import { config, developmentSeeds, optimizer, read, type Round, rounds, rulesOf, shapeOf } from './plan.ts';

/** What a training of the embedded detector needs. */
export interface NanoDetectorOptions extends HeadTraining {
  /** A detector that the rounds before the last have ended with: only the last is made, from there. */
  readonly from?: string | undefined;
}

/** Scenes of an evaluation on the way. */
const SCENES = 40;

/** Trains the detector of the embedded model in rounds, or goes on with a training; leaves `detector.pth` in the folder. */
export async function trainNanoDetector(options: NanoDetectorOptions): Promise<void> {
  const { folder, tower, threads, from } = options;
  await using backbone = await Backbone.load(tower, threads === undefined ? {} : { threads });
  const embeddings = await classEmbeddings(
    backbone,
    kinds.map(({ name }) => name),
  );
  const file = join(folder, 'detector.pth');
  let parameters: ReadonlyMap<string, Tensor> = from === undefined ? initializeHeads(config, embeddings, 1) : await headsOf(from);
  let before: Before = { steps: 0, places: 0 };
  const logs = new Map<string, string>();
  for (const [index, round] of rounds.entries()) {
    const ended = { steps: before.steps + round.steps, places: before.places + round.steps * round.pictures };
    if (from === undefined || index === rounds.length - 1) {
      const initial = parameters;
      const start = before;
      const save = async (current: ReadonlyMap<string, Tensor>, step: number): Promise<void> => {
        await rm(file, { force: true });
        await exportDetector(file, new Map([...initial, ...current]), { steps: start.steps + step });
      };
      const own = join(folder, `round-${index + 1}`);
      const result = await trainRound(round, { ...options, folder: own }, { backbone, embeddings, initial, before, save, file });
      await save(result.parameters, result.step);
      parameters = new Map([...initial, ...result.parameters]);
      logs.set(`round ${index + 1}`, join(own, 'log.jsonl'));
    }
    before = ended;
  }
  const panels = ['loss', 'regionClasses', 'regionBoxes', 'all'];
  await plotLogs(logs, join(folder, 'log.svg'), { title: 'Training of the embedded detector', panels });
}

/** Adapters, pyramid and heads of a detector's file. */
async function headsOf(file: string): Promise<Map<string, Tensor>> {
  await using weights = await openWeights(file);
  const heads = new Map<string, Tensor>();
  for (const path of declaredHeads(config).keys()) heads.set(path, toFloat32(await weights.read(path)));
  return heads;
}

/** Steps of all rounds before, and the pictures that they have seen. */
interface Before {
  readonly steps: number;
  readonly places: number;
}

/** What a round goes on from. */
interface RoundStart {
  readonly backbone: Backbone;
  readonly embeddings: Tensor<'float32'>;
  readonly initial: ReadonlyMap<string, Tensor>;
  readonly before: Before;
  readonly save: (parameters: ReadonlyMap<string, Tensor>, step: number) => Promise<void>;
  /** Where that writes to. */
  readonly file: string;
}

async function trainRound(
  round: Round,
  { folder, tower, evaluateEvery, threads, onLog, signal }: NanoDetectorOptions,
  { backbone, embeddings, initial, before, save, file }: RoundStart,
): Promise<TrainResult> {
  const session = threads === undefined ? {} : { threads };
  const { steps, peakRate, warmupSteps } = round;
  await using scenes = new DrawnAhead<TrainingPicture>(new URL('scene-worker.js', import.meta.url), 2 * round.pictures, round);
  return await trainDetector({
    folder,
    backbone,
    config,
    shape: shapeOf(round),
    rules: rulesOf(round),
    optimizer,
    read: { window: read.window, stride: read.stride, windowsAtOnce: 5 },
    seed: 1 + before.steps,
    classes: { embeddings, weights: classWeights(rulesOf(round).background) },
    initial,
    pictureAt: (place) => scenes.at(before.places + place),
    origin: { kinds: baseKinds, round, before },
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
        const scope = { split: 'train', firstSeed: developmentSeeds, scenes: SCENES, sizes: [round.side], signal } as const;
        const { base, novel, all } = (await evaluateDetector(detector, scope)).get(round.side)!;
        return { base, novel, all };
      },
    },
    signal,
  });
}

/** Weight of each kind in the loss: novel kinds are hidden. */
function classWeights(background: number): Float32Array {
  return Float32Array.from([...kinds.map(({ novel }) => (novel ? 0 : 1)), background]);
}
