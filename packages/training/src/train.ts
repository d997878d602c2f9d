import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { removeUnfinished, throwIfAborted, type Tensor, VitaminError, type WorkOptions, makeFolder } from '@vitamin-vlm/core';
import type { Rate } from '@vitamin-vlm/graph';
import { bindSettings, lockFolder } from '@vitamin-vlm/runs';
import type { SessionOptions } from '@vitamin-vlm/runtime';

import { join } from 'node:path';
import { appendLog, type LogEntry, rewindLog } from './log.ts';
import { type BatchSource, Prefetch } from './prefetch.ts';
import { type Best, initialState, parametersOf, resumeState, saveState, type TrainingState } from './state.ts';
import { type Batch, type StepGraphs, Stepper } from './stepper.ts';

/** How a training is evaluated on its way. */
export interface Evaluation {
  /** Steps between two evaluations. The last step is always evaluated. */
  readonly every: number;
  /**
   * Gives figures by name. `parameters` (running statistics included) belong to the loop: they must not be kept after this returns.
   */
  readonly run: (
    parameters: ReadonlyMap<string, Tensor>,
    step: number,
    signal: AbortSignal | undefined,
  ) => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** The figure by which the best parameters are kept in `best.safetensors`. Default: none are kept. */
  readonly best?: { readonly figure: string; readonly better: 'higher' | 'lower' };
}

/** What `train` needs to know. */
export interface TrainOptions extends WorkOptions {
  /** Where the training lives: made when missing. One process at a time. */
  readonly folder: string;
  readonly graphs: StepGraphs;
  /** Values before the first step, by name, for every `name:next` of the graphs that has no colon in its name. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** What the training depends on, as plain data. It goes on only with equal settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly steps: number;
  /** Learning rate of a step, from 1. */
  readonly rate: Rate;
  /** Called one ahead, in order. With graphs that accumulate, step s takes batches (s - 1)·n + 1 to s·n. */
  readonly batch: BatchSource;
  /** Samples of a step, for the log. */
  readonly samplesPerStep?: number;
  /** Steps between two saved states: what a death loses at most. */
  readonly saveEvery: number;
  readonly evaluation?: Evaluation;
  /** Called after each line of the log. */
  readonly onLog?: (entry: LogEntry) => void;
  /** Threads, provider, execution of the sessions. */
  readonly session?: Omit<SessionOptions, 'signal' | 'onProgress'>;
}

/** How a training ended. */
export interface TrainResult {
  readonly step: number;
  /** Parameters and running statistics. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** The best evaluation, when one was asked for. */
  readonly best: Best | undefined;
}

/**
 * Runs a training, or goes on with the one in the folder: after a stop by the signal or an error of the data exactly where it was, after
 * a death where the state was last saved. Either way the numbers are bit for bit those of an undisturbed training on this machine with as
 * many threads.
 *
 * The folder holds `training.json` (the settings), `state.safetensors` (parameters, optimizer, running statistics, step), `log.jsonl` (a line
 * per step and evaluation) and `best.safetensors`. Files are replaced whole.
 *
 * @throws VitaminError `USAGE` when the folder's training has other settings (the field is named), another process works there, or feeds
 * do not fit; `WEIGHTS_MISSING`, `WEIGHTS_MISMATCH` for initial values or a saved state that do not fit the graphs; `RUNTIME` when the loss is
 * no longer finite; `ABORTED` on the signal; and whatever `batch`, `targets` and `evaluation.run` throw. The state is saved first, unless the
 * engine lost it.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { addTrainingStep, cosineRate, Graph, linear, mul, Parameters, reduceMean, reshape, sub, toOnnx } from '@vitamin-vlm/graph';
 * import { train } from '@vitamin-vlm/training';
 *
 * const graph = new Graph('fit');
 * const parameters = new Parameters(graph, { trainable: () => true });
 * const y = linear(parameters.root.at('fc'), graph.input('x', 'float32', [32, 4]), 1);
 * const miss = sub(y, graph.input('target', 'float32', [32, 1]));
 * const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clipNorm: 1 };
 * addTrainingStep(reshape(reduceMean(mul(miss, miss), [0, 1]), []), parameters.trained, optimizer);
 *
 * const { parameters: trained } = await train({
 *   folder: 'run',
 *   graphs: { step: toOnnx(graph) },
 *   initial: new Map([...parameters.declared].map(([path, shape]) => [path, tensor('float32', shape)])),
 *   settings: { data: 'sines', steps: 200, optimizer },
 *   steps: 200,
 *   rate: cosineRate(0.05, { to: 200 }),
 *   batch: (index) => {
 *     const x = Float32Array.from({ length: 128 }, (_, i) => Math.sin(index * 128 + i));
 *     const target = Float32Array.from({ length: 32 }, (_, i) => x[4 * i]! - x[4 * i + 1]!);
 *     return { feeds: { x: tensor('float32', [32, 4], x), target: tensor('float32', [32, 1], target) } };
 *   },
 *   saveEvery: 50,
 * });
 * console.log(trained.get('fc.weight')?.data);
 * ```
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { folder, signal } = options;
  throwIfAborted(signal);
  await makeFolder(folder);
  await using lock = await lockFolder(folder);
  for (const file of FILES) await removeUnfinished(join(folder, file));
  await bindSettings(join(folder, 'training.json'), options.settings);
  await using stepper = await Stepper.create(options.graphs, options.session ?? {});
  const known = await resumeState(join(folder, 'state.safetensors'), stepper.state);
  const state = known ?? initialState(stepper.state, options.initial);
  await rewindLog(join(folder, 'log.jsonl'), state);
  await new Training(options, stepper, state, lock.lost).run();
  return { step: state.step, parameters: parametersOf(state.tensors), best: state.best };
}

/** What stands in the folder, each written whole or not at all. */
const FILES = ['training.json', 'log.jsonl', 'state.safetensors', 'best.safetensors'];

/** One call of `train`. */
class Training {
  readonly #options: TrainOptions;
  readonly #stepper: Stepper;
  readonly #state: TrainingState;
  readonly #lost: AbortSignal;
  readonly #start = performance.now();
  /** Whether the state is ahead of its file. */
  #unsaved = false;

  constructor(options: TrainOptions, stepper: Stepper, state: TrainingState, lost: AbortSignal) {
    this.#options = options;
    this.#stepper = stepper;
    this.#state = state;
    this.#lost = lost;
  }

  async run(): Promise<void> {
    try {
      await this.#loop();
    } catch (error) {
      if (this.#stepper.whole) await this.#save();
      throw error;
    }
  }

  async #loop(): Promise<void> {
    const { steps, batch, signal, saveEvery } = this.#options;
    const state = this.#state;
    const perStep = this.#stepper.batches;
    const prefetch = new Prefetch(batch, state.step * perStep + 1, steps * perStep, signal);
    for (;;) {
      throwIfAborted(signal);
      if (this.#evaluationIsDue()) await this.#evaluate();
      if (state.step >= steps || state.step % saveEvery === 0) await this.#save();
      if (state.step >= steps) return;
      await this.#step(await prefetch.take(perStep));
    }
  }

  async #step(batches: readonly Batch[]): Promise<void> {
    const { rate, samplesPerStep, onProgress, steps } = this.#options;
    const step = this.#state.step + 1;
    const values = await this.#stepper.run(this.#state.tensors, batches, rate(step)).catch((error: unknown) => {
      if (!(error instanceof VitaminError)) throw error;
      throw new VitaminError(error.code, `Step ${step}: ${error.message}`, { ...(error.hint && { hint: error.hint }), cause: error });
    });
    this.#state.step = step;
    this.#unsaved = true;
    const { loss, gradientNorm, ...others } = values;
    const samples = samplesPerStep === undefined ? {} : { samples: step * samplesPerStep };
    const seconds = (performance.now() - this.#start) / 1000;
    const more = Object.keys(others).length > 0 ? { values: others } : {};
    await this.#log({ step, ...samples, loss, rate: rate(step), gradientNorm, ...more, seconds });
    onProgress?.({ phase: 'run', done: step, total: steps });
  }

  #evaluationIsDue(): boolean {
    const { evaluation, steps } = this.#options;
    const { step, evaluated } = this.#state;
    return evaluation !== undefined && step > evaluated && (step % evaluation.every === 0 || step >= steps);
  }

  async #evaluate(): Promise<void> {
    const { evaluation, signal, samplesPerStep, folder } = this.#options;
    const { step, tensors } = this.#state;
    const parameters = parametersOf(tensors);
    const figures = await evaluation!.run(parameters, step, signal);
    if (evaluation!.best) {
      const { figure, better } = evaluation!.best;
      const value = figures[figure];
      if (value === undefined) {
        throw new VitaminError('USAGE', `Expected the evaluation to give "${figure}" but found ${Object.keys(figures).join(', ')}`);
      }
      const best = this.#state.best?.value;
      if (Number.isFinite(value) && (best === undefined || (better === 'higher' ? value > best : value < best))) {
        this.#expectOwn();
        await writeSafetensors(join(folder, 'best.safetensors'), parameters, { step: `${step}`, [figure]: `${value}` });
        this.#state.best = { step, value };
      }
    }
    const samples = samplesPerStep === undefined ? {} : { samples: step * samplesPerStep };
    await this.#log({ step, ...samples, evaluation: figures });
    this.#state.evaluated = step;
    this.#unsaved = true;
  }

  async #log(entry: LogEntry): Promise<void> {
    this.#expectOwn();
    await appendLog(join(this.#options.folder, 'log.jsonl'), entry);
    this.#options.onLog?.(entry);
  }

  async #save(): Promise<void> {
    if (!this.#unsaved) return;
    this.#expectOwn();
    await saveState(join(this.#options.folder, 'state.safetensors'), this.#state);
    this.#unsaved = false;
  }

  #expectOwn(): void {
    if (this.#lost.aborted) throw new VitaminError('RUNTIME', `Expected to keep ${this.#options.folder} but another process took it`);
  }
}
