import type { Value } from '../graph.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { exp, sqrt } from '../ops/unary.ts';

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

/**
 * One step of AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101), in PyTorch's order: decay, then update.
 * `step` is a float32 scalar that counts from 1, `rate` the learning rate of this step.
 *
 * @example
 * ```ts
 * import { adamW, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const [parameter, mean, square] = ['w', 'mean', 'square'].map((name) => graph.input(name, 'float32', [4]));
 * const gradient = graph.input('gradient', 'float32', [4]);
 * const options = { beta1: 0.9, beta2: 0.98, eps: 1e-6, weightDecay: 0.1 };
 * const state = { parameter: parameter!, mean: mean!, square: square! };
 * const next = adamW(state, gradient, graph.scalar(1e-3), graph.input('step', 'float32', []), options);
 * graph.output('w:next', next.parameter);
 * ```
 */
export function adamW(state: AdamWState, gradient: Value, rate: Value, step: Value, options: AdamWOptions): AdamWState {
  const { beta1, beta2, eps, weightDecay } = options;
  const mean = add(mul(state.mean, beta1), mul(gradient, 1 - beta1));
  const square = add(mul(state.square, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const correction = (beta: number): Value => sub(1, exp(mul(step, Math.log(beta)))); // 1 - βᵗ
  const denominator = add(sqrt(div(square, correction(beta2))), eps);
  const update = div(div(mean, correction(beta1)), denominator);
  const decayed = weightDecay === 0 ? state.parameter : mul(state.parameter, sub(1, mul(rate, weightDecay)));
  return { parameter: sub(decayed, mul(update, rate)), mean, square };
}
