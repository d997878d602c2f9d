import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backbone, openWeights } from '@vitamin-vlm/backbone';
import { floatToHalf, halfToFloat, type Tensor, tensor, toFloat32 } from '@vitamin-vlm/core';
import { addTrainingStep, cosineRate, toOnnx, warmUp } from '@vitamin-vlm/graph';
import { type LlamaTokenizer, packedLoss, type PackedSize } from '@vitamin-vlm/llava-bridge';
import { type Batch, type LogEntry, randomStream, train, type TrainResult } from '@vitamin-vlm/training';
import { DrawnAhead } from '../drawn-ahead.ts';
import { evaluateTalker } from './evaluate.ts';
import { exportTalker } from './export.ts';
import { groundedStart } from './grounded-start.ts';
import * as plan from './plan.ts';
import { idsBefore, packTurns } from './rows.ts';
import type { TrainingScene } from './scenes.ts';
import { drawTurns, type SceneTexts } from './turns.ts';
import { talkerTokenizer } from './vocabulary.ts';

/** What a training of the embedded talker needs. */
export interface NanoTalkerOptions {
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

/** Trains the talker of the embedded model, or goes on with a training; leaves a model in `talker` of the folder. */
export async function trainNanoTalker(options: NanoTalkerOptions): Promise<TrainResult> {
  const { folder, tower, steps, evaluateEvery, threads, onLog, signal } = options;
  const session = threads === undefined ? {} : { threads };
  await mkdir(folder, { recursive: true });
  const tokenizer = await talkerTokenizer(folder);
  await using backbone = await Backbone.load(tower, session);
  await using scenes = new KeptScenes(backbone);
  const size: PackedSize = { rows: plan.shape.rows, text: plan.shape.text, ...plan.cells, before: idsBefore(tokenizer) };
  const { llama, projector, grid } = plan;
  const { graph, parameters, loss } = packedLoss({ llama, projector, grid, weights: new Map(), norm: backbone.model.weights }, size, 2);
  addTrainingStep(loss, parameters.trained, plan.optimizer);
  const model = join(folder, 'talker');
  const save = async (trained: ReadonlyMap<string, Tensor>): Promise<void> => exportTalker(model, trained, join(folder, 'tokenizer.model'));
  const { peakRate, warmupSteps } = plan.schedule;
  const result = await train({
    folder,
    graphs: { step: toOnnx(graph) },
    initial: await groundedStart(backbone, tokenizer, parameters.declared, await someCells(scenes, backbone), 1),
    settings: {
      llama,
      projector,
      grid,
      read: plan.read,
      prompt: plan.prompt,
      size,
      steps,
      schedule: plan.schedule,
      tower: backbone.model.identity,
    },
    steps,
    rate: warmUp(cosineRate(peakRate, { from: warmupSteps, to: steps }), { steps: warmupSteps, start: 0.01 }),
    batch: (index) => batchOf(index, scenes, tokenizer, size),
    samplesPerStep: plan.shape.rows,
    saveEvery: 100,
    session,
    onLog,
    evaluation: {
      every: evaluateEvery,
      run: async (trained) => {
        await save(trained);
        const { accuracy, kinds } = await evaluateTalker(model, tower, {
          split: 'train',
          firstSeed: plan.developmentSeeds,
          scenes: SCENES,
          signal,
          ...session,
        });
        return { accuracy, ...kinds };
      },
    },
    signal,
  });
  await save(result.parameters);
  return result;
}

/** Cells of the first scenes, normed as the graph norms them. */
async function someCells(scenes: KeptScenes, backbone: Backbone): Promise<Float32Array[]> {
  const channels = plan.projector.input / plan.grid.merge ** 2;
  const count = plan.cells.height * plan.cells.width;
  await using weights = await openWeights(backbone.model.address);
  const [scale, shift] = await Promise.all(
    ['weight', 'bias'].map(async (name) => toFloat32(await weights.read(`visual.trunk.fc_norm.${name}`)).data),
  );
  const cells: Float32Array[] = [];
  const features = new Float32Array(count * channels);
  for (let number = 0; number < CELL_SCENES; number++) {
    (await scenes.at(number)).writeFeatures(features);
    for (let cell = 0; cell < count; cell++) cells.push(normed(features.subarray(cell * channels, (cell + 1) * channels), scale!, shift!));
  }
  return cells;
}

/** Scenes whose cells say where the joint space has its middle. */
const CELL_SCENES = 12;

function normed(x: Float32Array, scale: Float32Array, shift: Float32Array): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length + 1e-6);
  return x.map((value, i) => ((value - mean) / deviation) * scale[i]! + shift[i]!);
}

/** The batch of a number: scenes in order the first time, then by chance; other questions at every visit. */
async function batchOf(index: number, scenes: KeptScenes, tokenizer: LlamaTokenizer, size: PackedSize): Promise<Batch> {
  const { rows, height, width, text, before } = size;
  const channels = plan.projector.input / plan.grid.merge ** 2;
  const start = before.length + (height * width) / plan.grid.merge ** 2;
  const features = tensor('float32', [rows, height * width, channels]);
  const names = ['ids', 'positions', 'segments', 'labels'] as const;
  const shares = tensor('float32', [rows, text]);
  const all = Object.fromEntries(names.map((name) => [name, tensor('int64', [rows, text])])) as Record<
    (typeof names)[number],
    Tensor<'int64'>
  >;
  for (let row = 0; row < rows; row++) {
    const place = (index - 1) * rows + row;
    const random = randomStream(4, place);
    const scene = await scenes.at(place < plan.trainingScenes ? place : Math.floor(plan.trainingScenes * random()));
    scene.writeFeatures(features.data.subarray(row * height * width * channels, (row + 1) * height * width * channels));
    const packed = packTurns(tokenizer, drawTurns(scene.texts, random), text, start);
    for (const name of names) all[name].data.set(packed[name], row * text);
    shares.data.set(packed.shares, row * text);
  }
  return { feeds: { features, shares, ...all } };
}

/** A scene as the tower sees it; its features in half precision, for many are kept. */
class KeptScene {
  readonly texts: SceneTexts;
  readonly #features: Uint16Array;

  constructor(texts: SceneTexts, features: Float32Array) {
    this.texts = texts;
    this.#features = Uint16Array.from(features, floatToHalf);
  }

  writeFeatures(target: Float32Array): void {
    for (let i = 0; i < target.length; i++) target[i] = halfToFloat(this.#features[i]!);
  }
}

/** Scenes that the tower has read, and those that it reads when they are first asked for. */
class KeptScenes implements AsyncDisposable {
  readonly #backbone: Backbone;
  readonly #known = new Map<number, KeptScene>();
  readonly #drawn = new DrawnAhead<TrainingScene>(new URL('scene-worker.js', import.meta.url), 2 * plan.shape.rows);

  constructor(backbone: Backbone) {
    this.#backbone = backbone;
  }

  async at(number: number): Promise<KeptScene> {
    const scene = this.#known.get(number) ?? (await this.#read(number));
    this.#known.set(number, scene);
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drawn[Symbol.asyncDispose]();
  }

  async #read(number: number): Promise<KeptScene> {
    const { pixels, texts } = await this.#drawn.at(number);
    const side = plan.read.imageSize;
    const maps = await this.#backbone.windowMaps(tensor('float32', [1, 3, side, side], pixels.data), {
      window: side,
      stride: side,
      levels: ['final'],
    });
    const { shape, data } = maps['final']!;
    const [channels, count] = [shape[1]!, shape[2]! * shape[3]!];
    const features = new Float32Array(channels * count);
    for (let c = 0; c < channels; c++) for (let i = 0; i < count; i++) features[i * channels + c] = data[c * count + i]!;
    return new KeptScene(texts, features);
  }
}
