import type { Value } from '../graph.ts';
import { add, div, mul, type Operand, sub } from '../ops/arithmetic.ts';
import { sqrt } from '../ops/unary.ts';

/** Constants of AdamW. */
export interface AdamWOptions {
  /** Decay of the mean of gradients, in [0, 1). Usual 0.9. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients, in [0, 1). Usual 0.98 to 0.999. */
  readonly beta2: number;
  /** Added to the root of the mean square. Usual 1e-6 to 1e-8. */
  readonly eps: number;
  /** Share of a parameter that a step of rate 1 takes away. */
  readonly weightDecay: number;
}

/** One parameter and its running means, all of one shape. */
export interface AdamWState {
  readonly parameter: Value;
  /** Running mean of the gradient, first 0. */
  readonly mean: Value;
  /** Running mean of the squared gradient, first 0. */
  readonly square: Value;
}

/** What differs from step to step: float32 scalars. */
export interface AdamWStep {
  /** Learning rate. */
  readonly rate: Value;
  /** 1 - beta1ᵗ at step t, from 1. */
  readonly meanCorrection: Value;
  /** 1 - beta2ᵗ. */
  readonly squareCorrection: Value;
}

/**
 * One step of AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101), in PyTorch's order: decay, then update.
 *
 * @example
 * ```ts
 * import { adamW, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const [parameter, mean, square] = ['w', 'mean', 'square'].map((name) => graph.input(name, 'float32', [4]));
 * const [rate, meanCorrection, squareCorrection] = ['rate', 'c1', 'c2'].map((name) => graph.input(name, 'float32', []));
 * const gradient = graph.input('gradient', 'float32', [4]);
 * const options = { beta1: 0.9, beta2: 0.98, eps: 1e-6, weightDecay: 0.1 };
 * const state = { parameter: parameter!, mean: mean!, square: square! };
 * const step = { rate: rate!, meanCorrection: meanCorrection!, squareCorrection: squareCorrection! };
 * graph.output('w:next', adamW(state, gradient, step, options).parameter);
 * ```
 */
export function adamW(state: AdamWState, gradient: Value, step: AdamWStep, options: AdamWOptions): AdamWState {
  const { beta1, beta2, eps, weightDecay } = options;
  const mean = runningMean(state.mean, gradient, beta1);
  const square = runningMean(state.square, mul(gradient, gradient), beta2);
  const denominator = add(div(sqrt(square), sqrt(step.squareCorrection)), eps);
  const update = mul(div(mean, denominator), div(step.rate, step.meanCorrection));
  const decayed = weightDecay === 0 ? state.parameter : mul(state.parameter, sub(1, mul(step.rate, weightDecay)));
  return { parameter: sub(decayed, update), mean, square };
}

/** Moves a mean by 1 - beta of the way to a value. In float32 the mean of a constant is exact in this form, and not in beta·mean + (1 - beta)·value. */
export function runningMean(mean: Value, value: Operand, beta: number): Value {
  return add(mean, mul(sub(value, mean), 1 - beta));
}
