import type { Value } from '../graph.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { minimum } from '../ops/select.ts';
import { cos } from '../ops/unary.ts';
import { reshape } from '../ops/layout.ts';
import { reduceSum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';

export interface CosineOptions {
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** Learning rate that rises linearly over the warm-up and then falls along half a cosine to 0. `step` counts from 1 (float32 scalar). */
export function cosineSchedule(step: Value, { peak, warmupSteps, totalSteps }: CosineOptions): Value {
  const rising = minimum(div(step, Math.max(warmupSteps, 1)), 1);
  const past = sub(step, minimum(step, warmupSteps)); // max(step - warm-up, 0)
  const progress = minimum(div(past, Math.max(totalSteps - warmupSteps, 1)), 1);
  return mul(mul(rising, peak), mul(add(cos(mul(progress, Math.PI)), 1), 0.5));
}

/** Scales gradients so that their joint L2 norm is at most `limit` (PyTorch's clip_grad_norm_). */
export function clipGradients(gradients: readonly Value[], limit: number): { readonly gradients: Value[]; readonly norm: Value } {
  const squares = gradients.map((g) => reshape(reduceSum(mul(g, g), [...g.shape.keys()]), []));
  const norm = sqrt(squares.reduce((sum, square) => add(sum, square)));
  const factor = minimum(div(limit, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((g) => mul(g, factor)), norm };
}
