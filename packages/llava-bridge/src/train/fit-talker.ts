import { openModel, type OpenModelOptions } from '@vitamin-vlm/backbone';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { accumulatedStep, addAccumulation, addTrainingStep, Graph, toOnnx, type TrainingOptions } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { type LogEntry, type StepGraphs, train, type TrainResult } from '@vitamin-vlm/training';
import { openLlama } from '../load/open-llama.ts';
import type { TokenOptions } from '../tokens/token-maker.ts';
import { initialWeights } from './initial-weights.ts';
import { llavaRate } from './rate.ts';
import { saveProjector, saveTalker } from './save-talker.ts';
import { readTrainingData } from './training-data.ts';
import { trainingLoss, type TrainingModel, type TrainingSize } from './training-graph.ts';
import { TrainingSource } from './training-source.ts';

/** What a training of projector or language model needs. */
export interface FitTalkerOptions extends WorkOptions, TokenOptions, Pick<OpenModelOptions, 'offline' | 'hub'> {
  /** Where the training lives, and what it leaves. */
  readonly folder: string;
  /** 1: the projector alone, from captions. 2: the language model as well, from conversations. */
  readonly stage: 1 | 2;
  /** LLaVA's data file. */
  readonly data: string;
  /** Folder of its pictures. */
  readonly images: string;
  /** Address of the frozen tower. */
  readonly tower: string;
  /** Address of the language model that the training begins with. */
  readonly llm: string;
  /** Address of the projector that the training begins with. Default: a fresh one, which the second stage does not take. */
  readonly projector?: string | undefined;
  /** Samples of a step. Default LLaVA's: 256, in the second stage 128. */
  readonly batch?: number | undefined;
  /** Samples in memory at once; divides the batch. Default 1. */
  readonly atOnce?: number | undefined;
  /** Default 1. */
  readonly epochs?: number | undefined;
  /** Default LLaVA's: 1e-3, in the second stage 2e-5. */
  readonly rate?: number | undefined;
  /** Longer samples are cut. Default 2048. */
  readonly maxLength?: number | undefined;
  readonly seed?: number | undefined;
  readonly saveEvery?: number | undefined;
  readonly session?: Omit<SessionOptions, 'signal' | 'onProgress'> | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
}

/** What a training leaves. */
export interface FitTalkerResult extends TrainResult {
  /** `mm_projector.bin`, or the folder of the merged model. */
  readonly output: string;
  readonly steps: number;
  /** Samples of which nothing is learned, because LLaVA's counting of their ids does not add up. */
  readonly unlearned: number;
}

/** LLaVA's settings of each stage. */
const STAGES = { 1: { batch: 256, rate: 1e-3 }, 2: { batch: 128, rate: 2e-5 } } as const;

/** LLaVA's longest sample. */
const MAX_LENGTH = 2048;

/** LLaVA's AdamW; no clipping acts in its published runs. */
const OPTIMIZER: TrainingOptions = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/**
 * Trains a projector, or projector and language model, on a frozen tower, or goes on with the training in the folder: LLaVA-1.5's labels, loss, rate and optimizer.
 * The first stage leaves `mm_projector.bin`, the second a merged model in `model`.
 *
 * @throws VitaminError as `readTrainingData`, `openLlama`, `openProjector`, `openModel` and `train`; `USAGE` for a batch that does not divide.
 * @example
 * ```ts
 * import { fitTalker } from '@vitamin-vlm/llava-bridge';
 * const { output } = await fitTalker({
 *   folder: 'stage-1',
 *   stage: 1,
 *   data: 'blip_laion_cc_sbu_558k.json',
 *   images: 'images',
 *   tower: 'vitamin-large-336',
 *   llm: 'tiny-llama',
 * });
 * console.log(output); // stage-1/mm_projector.bin
 * ```
 */
export async function fitTalker(options: FitTalkerOptions): Promise<FitTalkerResult> {
  const { folder, stage, llm, tower, seed = 0, epochs = 1, signal, onProgress, onLog, session = {} } = options;
  const { batch = STAGES[stage].batch, atOnce = 1, rate = STAGES[stage].rate } = options;
  if (batch % atOnce !== 0) throw new VitaminError('USAGE', `Expected a batch that divides by ${atOnce} but received ${batch}`);
  const samples = await readTrainingData(options.data);
  const opened = await openLlama(llm, options);
  await using source = await TrainingSource.open(samples, opened, await openModel(tower, options), options);
  const size = source.sizeOf(atOnce, options.maxLength ?? MAX_LENGTH);
  const steps = Math.ceil((epochs * samples.length) / batch);
  const { graphs, trained } = graphsOf(source.model, size, stage, batch / atOnce);
  const { identity, recipe } = source.maker;
  const result = await train({
    folder,
    graphs,
    initial: await initialWeights(trained, source.model, { ...options, seed }),
    settings: {
      stage,
      data: options.data,
      samples: samples.length,
      batch,
      atOnce,
      steps,
      rate,
      seed,
      size,
      recipe,
      identity,
      llm: opened.identity,
    },
    steps,
    rate: llavaRate(rate, steps),
    batch: async (index) => ({ feeds: await source.batchOf(index, size, seed) }),
    samplesPerStep: batch,
    saveEvery: options.saveEvery ?? 100,
    session,
    signal,
    ...(onLog && { onLog }),
    ...(onProgress && { onProgress }),
  });
  const save = { folder, llm: opened, recipe, projector: source.model.projector };
  const output = stage === 1 ? await saveProjector(result.parameters, save) : await saveTalker(result.parameters, save);
  return { ...result, output, steps, unlearned: source.unlearned };
}

function graphsOf(
  model: TrainingModel,
  size: TrainingSize,
  stage: 1 | 2,
  batches: number,
): { readonly graphs: StepGraphs; readonly trained: ReadonlyMap<string, readonly number[]> } {
  const { graph, parameters, loss } = trainingLoss(model, size, stage);
  const trained = new Map([...parameters.trained].map(([path, { shape }]) => [path, shape as readonly number[]]));
  if (batches === 1) {
    addTrainingStep(loss, parameters.trained, OPTIMIZER);
    return { graphs: { step: toOnnx(graph) }, trained };
  }
  addAccumulation(loss, parameters.trained);
  const apply = new Graph('update');
  accumulatedStep(apply, parameters.trained, OPTIMIZER);
  return { graphs: { accumulate: toOnnx(graph), apply: toOnnx(apply), batches }, trained };
}
