import { VitaminError } from '@vitamin-vlm/core';
import { gradients } from '../gradient.ts';
import type { Graph, Value } from '../graph.ts';
import { add, div, mul } from '../ops/arithmetic.ts';
import { adamW, type AdamWOptions, runningMean } from './adamw.ts';
import { clipGradients } from './clip.ts';

/** A value for all parameters, or one for each. */
export type PerParameter = number | ((path: string, shape: readonly number[]) => number);

/** How parameters are updated: AdamW on clipped gradients. */
export interface TrainingOptions extends Omit<AdamWOptions, 'weightDecay'> {
  /** Share of a parameter that a step of rate 1 takes away. Usual: 0 for parameters of one dimension (biases, norms). */
  readonly weightDecay: PerParameter;
  /** Factor on the learning rate. Default: 1. */
  readonly rateFactor?: PerParameter;
  /** Largest joint L2 norm of all gradients. Default: no limit. */
  readonly clipNorm?: number;
}

/**
 * Adds a whole training step to the graph of a loss: gradients, clipping, AdamW.
 *
 * Inputs it declares: `rate`, a float32 scalar; and state that starts at 0: `p:mean` and `p:square` for every trained parameter `p`,
 * and the scalars `adamw:mean` and `adamw:square`, by which the means of the first steps are corrected. Outputs: `loss`, `gradientNorm`
 * (before clipping), and `x:next` for every parameter and all state, to be fed as `x` to the next step. A graph may have more of them, such
 * as the running statistics of batch norms.
 *
 * @param trained `Parameters.trained`: the graph inputs to be learned, at least one.
 * @example
 * ```ts
 * import { addTrainingStep, Graph, linear, mul, Parameters, reduceMean, reshape, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('fit');
 * const parameters = new Parameters(graph, { trainable: () => true });
 * const y = linear(parameters.root.at('fc'), graph.input('x', 'float32', [32, 4]), 1);
 * const loss = reshape(reduceMean(mul(y, y), [0, 1]), []);
 * addTrainingStep(loss, parameters.trained, {
 *   beta1: 0.9,
 *   beta2: 0.98,
 *   eps: 1e-6,
 *   weightDecay: (_, shape) => (shape.length > 1 ? 0.1 : 0),
 *   rateFactor: (path) => (path.startsWith('tower.') ? 0.1 : 1),
 *   clipNorm: 1,
 * });
 * const model = toOnnx(graph); // outputs fc.weight:next and so on
 * console.log(model.bytes.length);
 * ```
 */
export function addTrainingStep(loss: Value, trained: ReadonlyMap<string, Value>, options: TrainingOptions): void {
  loss.graph.output('loss', loss);
  addUpdate(trained, gradients(loss, [...trained.values()]), options);
}

/**
 * `addTrainingStep` for gradients that were made otherwise, for example from seeds: the same inputs and outputs, without `loss`.
 *
 * @param parts one gradient for each of `trained`, in its order
 * @throws VitaminError `USAGE` when their numbers differ.
 * @example
 * ```ts
 * import { addUpdate, Graph, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('update');
 * const weight = graph.input('fc.weight', 'float32', [1, 4]);
 * const gradient = graph.input('gradient', 'float32', [1, 4]);
 * addUpdate(new Map([['fc.weight', weight]]), [gradient], { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 });
 * console.log(toOnnx(graph).bytes.length);
 * ```
 */
export function addUpdate(trained: ReadonlyMap<string, Value>, parts: readonly Value[], options: TrainingOptions): void {
  if (parts.length !== trained.size)
    throw new VitaminError('USAGE', `Expected a gradient for each of ${trained.size} parameters but received ${parts.length}`);
  const { clipNorm = Number.POSITIVE_INFINITY, weightDecay, rateFactor = 1 } = options;
  const clipped = clipGradients(parts, clipNorm);
  const graph = clipped.norm.graph;
  const rate = graph.input('rate', 'float32', []);
  graph.output('gradientNorm', clipped.norm);
  // 1 - betaᵗ is the running mean of ones: kept as state, it is as exact as the means it corrects, and no step number is needed.
  const correction = (name: string, beta: number): Value => {
    const next = runningMean(graph.input(name, 'float32', []), 1, beta);
    graph.output(`${name}:next`, next);
    return next;
  };
  const corrections = {
    meanCorrection: correction('adamw:mean', options.beta1),
    squareCorrection: correction('adamw:square', options.beta2),
  };
  [...trained].forEach(([path, parameter], i) => {
    const shape = parameter.shape as readonly number[];
    const state = {
      parameter,
      mean: graph.input(`${path}:mean`, 'float32', shape),
      square: graph.input(`${path}:square`, 'float32', shape),
    };
    const factor = valueOf(rateFactor, path, shape);
    const step = { rate: factor === 1 ? rate : mul(rate, factor), ...corrections };
    const next = adamW(state, clipped.gradients[i]!, step, { ...options, weightDecay: valueOf(weightDecay, path, shape) });
    graph.output(`${path}:next`, next.parameter);
    graph.output(`${path}:mean:next`, next.mean);
    graph.output(`${path}:square:next`, next.square);
  });
}

/**
 * The first half of a step over several batches: adds `loss` and, for every parameter, `p:sum:next` = input `p:sum` + gradient.
 * `accumulatedStep` makes the second half.
 *
 * @example
 * ```ts
 * import { addAccumulation, Graph, linear, mul, Parameters, reduceMean, reshape, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('fit');
 * const parameters = new Parameters(graph, { trainable: () => true });
 * const y = linear(parameters.root.at('fc'), graph.input('x', 'float32', [32, 4]), 1);
 * const loss = reshape(reduceMean(mul(y, y), [0, 1]), []);
 * addAccumulation(loss, parameters.trained); // feeds fc.weight:sum, first 0; outputs fc.weight:sum:next
 * console.log(toOnnx(graph).bytes.length);
 * ```
 */
export function addAccumulation(loss: Value, trained: ReadonlyMap<string, Value>): void {
  const graph = loss.graph;
  graph.output('loss', loss);
  const parts = gradients(loss, [...trained.values()]);
  [...trained].forEach(([path, value], i) => {
    graph.output(`${path}:sum:next`, add(graph.input(`${path}:sum`, 'float32', value.shape), parts[i]!));
  });
}

/**
 * The second half: takes `p:sum` and `batches` (float32 scalar: how many were added up), and outputs what `addTrainingStep` does, without
 * `loss`. The gradient is the mean over the batches.
 *
 * @param trained the same as of the first half, from its graph
 * @example
 * ```ts
 * import { accumulatedStep, Graph, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('apply');
 * const shapes = new Map([['fc.weight', { shape: [1, 4] }]]); // or Parameters.trained of the first half
 * accumulatedStep(graph, shapes, { beta1: 0.9, beta2: 0.98, eps: 1e-6, weightDecay: 0.1, clipNorm: 1 });
 * console.log(toOnnx(graph).bytes.length);
 * ```
 */
export function accumulatedStep(graph: Graph, trained: ReadonlyMap<string, Pick<Value, 'shape'>>, options: TrainingOptions): void {
  const batches = graph.input('batches', 'float32', []);
  const parameters = new Map([...trained].map(([path, { shape }]) => [path, graph.input(path, 'float32', shape)]));
  const parts = [...trained].map(([path, { shape }]) => div(graph.input(`${path}:sum`, 'float32', shape), batches));
  addUpdate(parameters, parts, options);
}

function valueOf(value: PerParameter, path: string, shape: readonly number[]): number {
  return typeof value === 'number' ? value : value(path, shape);
}
