import type { Value } from '../graph.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { exp, sqrt } from '../ops/unary.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

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
