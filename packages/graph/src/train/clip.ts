import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { add, div, mul } from '../ops/arithmetic.ts';
import { minimum } from '../ops/extremes.ts';
import { reshape } from '../ops/layout.ts';
import { reduceSum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';

/**
 * Scales gradients so that their joint L2 norm is at most `limit` (PyTorch's clip_grad_norm_). `norm` is the norm before, a scalar.
 *
 * @param limit Infinity only measures.
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
  if (limit === Number.POSITIVE_INFINITY) return { gradients: [...gradients], norm };
  const factor = minimum(div(limit, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((g) => mul(g, factor)), norm };
}
