import type { Graph, Value } from '../graph.ts';
import { gradients } from '../gradient.ts';
import { add, div } from '../ops/arithmetic.ts';
import { adamW, type AdamWOptions } from './adamw.ts';
import { clipGradients, cosineSchedule, type CosineOptions } from './schedule.ts';

/** How `addTrainingStep` updates the parameters. */
export interface TrainingOptions extends AdamWOptions {
  readonly schedule: CosineOptions;
  /** Largest joint L2 norm of all gradients. */
  readonly clipNorm: number;
  /** Which parameters decay. Usual: those of two and more dimensions, so neither biases nor norms. */
  readonly decays: (path: string, shape: readonly number[]) => boolean;
}

/**
 * Adds a whole training step to the graph of a loss: gradients, clipping, schedule, AdamW.
 *
 * Inputs it declares: `step` (float32 scalar that counts from 1) and, for every trained parameter `p`, `p:mean` and `p:square` (first 0).
 * Outputs: `loss`, `gradientNorm`, `rate`, and for every parameter `p:next`, `p:mean:next`, `p:square:next`, to be fed to the next step.
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
 *   weightDecay: 0.1,
 *   clipNorm: 1,
 *   decays: (_, shape) => shape.length > 1,
 *   schedule: { peak: 1e-3, warmupSteps: 100, totalSteps: 1000 },
 * });
 * const model = toOnnx(graph); // outputs fc.weight:next and so on
 * console.log(model.bytes.length);
 * ```
 */
export function addTrainingStep(loss: Value, trained: ReadonlyMap<string, Value>, options: TrainingOptions): void {
  loss.graph.output('loss', loss);
  addOptimizer(loss.graph, trained, gradients(loss, [...trained.values()]), options);
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
 * The second half: takes `p:sum` and `batches` (float32 scalar), and outputs what `addTrainingStep` does, without `loss`.
 *
 * @example
 * ```ts
 * import { accumulatedStep, Graph, toOnnx } from '@vitamin-vlm/graph';
 * const graph = new Graph('apply');
 * accumulatedStep(graph, new Map([['fc.weight', [1, 4]]]), {
 *   beta1: 0.9,
 *   beta2: 0.98,
 *   eps: 1e-6,
 *   weightDecay: 0.1,
 *   clipNorm: 1,
 *   decays: (_, shape) => shape.length > 1,
 *   schedule: { peak: 1e-3, warmupSteps: 100, totalSteps: 1000 },
 * });
 * console.log(toOnnx(graph).bytes.length);
 * ```
 */
export function accumulatedStep(graph: Graph, shapes: ReadonlyMap<string, readonly number[]>, options: TrainingOptions): void {
  const batches = graph.input('batches', 'float32', []);
  const parameters = new Map([...shapes].map(([path, shape]) => [path, graph.input(path, 'float32', shape)]));
  const parts = [...shapes].map(([path, shape]) => div(graph.input(`${path}:sum`, 'float32', shape), batches));
  addOptimizer(graph, parameters, parts, options);
}

function addOptimizer(graph: Graph, trained: ReadonlyMap<string, Value>, parts: readonly Value[], options: TrainingOptions): void {
  const step = graph.input('step', 'float32', []);
  const rate = cosineSchedule(step, options.schedule);
  const clipped = clipGradients(parts, options.clipNorm);
  graph.output('gradientNorm', clipped.norm);
  graph.output('rate', rate);
  [...trained].forEach(([path, parameter], i) => {
    const shape = parameter.shape as readonly number[];
    const state = {
      parameter,
      mean: graph.input(`${path}:mean`, 'float32', shape),
      square: graph.input(`${path}:square`, 'float32', shape),
    };
    const next = adamW(state, clipped.gradients[i]!, rate, step, {
      ...options,
      weightDecay: options.decays(path, shape) ? options.weightDecay : 0,
    });
    graph.output(`${path}:next`, next.parameter);
    graph.output(`${path}:mean:next`, next.mean);
    graph.output(`${path}:square:next`, next.square);
  });
}
