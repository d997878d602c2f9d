import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { minimum } from '../ops/extremes.ts';
import { reshape } from '../ops/layout.ts';
import { reduceSum } from '../ops/reduce.ts';
import { cos, sqrt } from '../ops/unary.ts';

/** Learning rate over a training. */
export interface CosineOptions {
  /** Largest rate, reached at the end of the warm-up. */
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Learning rate that rises linearly over the warm-up and then falls along half a cosine to 0. `step` counts from 1 (float32 scalar).
 *
 * @example
 * ```ts
 * import { cosineSchedule, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const step = graph.input('step', 'float32', []);
 * graph.output('rate', cosineSchedule(step, { peak: 1e-3, warmupSteps: 100, totalSteps: 1000 }));
 * ```
 */
export function cosineSchedule(step: Value, { peak, warmupSteps, totalSteps }: CosineOptions): Value {
  const rising = minimum(div(step, Math.max(warmupSteps, 1)), 1);
  const past = sub(step, minimum(step, warmupSteps)); // max(step - warm-up, 0)
  const progress = minimum(div(past, Math.max(totalSteps - warmupSteps, 1)), 1);
  return mul(mul(rising, peak), mul(add(cos(mul(progress, Math.PI)), 1), 0.5));
}

/**
 * Scales gradients so that their joint L2 norm is at most `limit` (PyTorch's clip_grad_norm_). `norm` is the norm before, a scalar.
 *
 * @throws VitaminError `USAGE` for no gradients or a limit that is not positive.
 * @example
 * ```ts
 * import { clipGradients, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const parts = ['a', 'b'].map((name) => graph.input(name, 'float32', [4]));
 * const clipped = clipGradients(parts, 1);
 * clipped.gradients.forEach((gradient, i) => graph.output(`clipped${i}`, gradient));
 * graph.output('norm', clipped.norm);
 * ```
 */
export function clipGradients(gradients: readonly Value[], limit: number): { readonly gradients: Value[]; readonly norm: Value } {
  if (gradients.length === 0) throw new VitaminError('USAGE', 'Expected at least one gradient to clip but received none');
  if (!(limit > 0)) throw new VitaminError('USAGE', `Expected a positive largest norm but received ${limit}`);
  const squares = gradients.map((g) => reshape(reduceSum(mul(g, g), [...g.shape.keys()]), []));
  const norm = sqrt(squares.reduce((sum, square) => add(sum, square)));
  const factor = minimum(div(limit, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((g) => mul(g, factor)), norm };
}
