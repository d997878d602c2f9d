import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, sameShape } from '../shape.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { cast } from './cast.ts';
import { reshape } from './layout.ts';
import { reduceMean, reduceSum } from './reduce.ts';
import { sqrt } from './unary.ts';

/**
 * Layer normalization over the last axis (Ba et al., arXiv:1607.06450): (x - mean) / √(var + eps) · scale + bias, biased variance.
 * x: [..., D], scale and bias: [D].
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { Graph, layerNormalization } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 7, 64]);
 * const [scale, bias] = ['scale', 'bias'].map((name) => graph.input(name, 'float32', [64]));
 * graph.output('y', layerNormalization(x, scale!, bias!, 1e-6));
 * ```
 */
export function layerNormalization(x: Value, scale: Value, bias: Value, eps: number): Value {
  expectTypes('LayerNormalization', floats, x, scale, bias);
  const width = x.shape.slice(-1);
  if (width.length === 0 || !sameShape(scale.shape, width) || !sameShape(bias.shape, width)) {
    throw new VitaminError(
      'USAGE',
      `Expected x [..., D], scale [D] and bias [D] but received ${[x, scale, bias].map((value) => formatShape(value.shape)).join(', ')}`,
    );
  }
  const stats = { dtype: 'float32' as const, shape: x.shape.with(-1, 1), optional: true }; // whatever the type of x
  const [y, mean, inverse] = x.graph.apply({
    op: 'LayerNormalization',
    inputs: [x, scale, bias],
    attributes: { axis: -1, epsilon: { float: eps } },
    outputs: [{ dtype: x.dtype, shape: x.shape }, stats, stats],
    gradient: [(dy) => inputGradient(mul(dy, scale)), (dy) => sumRows(mul(dy, normalized())), (dy) => sumRows(dy)],
  });
  const deviation = (): Value => cast(inverse!, x.dtype); // 1 / σ
  const normalized = (): Value => mul(sub(x, cast(mean!, x.dtype)), deviation());
  /** With n the normalized input and g = dy · scale: dx = (g - mean(g) - n · mean(g · n)) / σ. */
  const inputGradient = (g: Value): Value => {
    const n = normalized();
    return mul(deviation(), sub(sub(g, reduceMean(g, [-1])), mul(n, reduceMean(mul(g, n), [-1]))));
  };
  const sumRows = (g: Value): Value => reshape(reduceSum(g, [...Array(g.shape.length - 1).keys()]), scale.shape);
  return y!;
}

/**
 * x / √(‖x‖² + eps²) over one axis: unit vectors, and zeros for zero vectors. Differs from PyTorch's x / max(‖x‖, eps) only where ‖x‖ is
 * near eps.
 *
 * @example
 * ```ts
 * import { Graph, l2Normalize } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const features = graph.input('features', 'float32', ['N', 512]);
 * graph.output('directions', l2Normalize(features));
 * ```
 */
export function l2Normalize(x: Value, axis = -1, eps = 1e-12): Value {
  return div(x, sqrt(add(reduceSum(mul(x, x), [axis]), eps * eps)));
}
