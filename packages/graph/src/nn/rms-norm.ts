import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { add, div, mul } from '../ops/arithmetic.ts';
import { reduceMean } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import type { Params } from '../params.ts';
import { formatShape, sameShape } from '../shape.ts';

/**
 * Root-mean-square normalization over the last axis (Zhang and Sennrich, arXiv:1910.07467): x / √(mean(x²) + eps) · scale. x: [..., D], scale: [D].
 * ONNX Runtime fuses these operators into one when the model loads, for which the square must be a power.
 *
 * @throws VitaminError `USAGE` for a scale that is not [D] and for unequal element types.
 * @example
 * ```ts
 * import { Graph, rmsNormalization } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 'L', 64]);
 * graph.output('y', rmsNormalization(x, graph.input('scale', 'float32', [64]), 1e-5));
 * ```
 */
export function rmsNormalization(x: Value, scale: Value, eps: number): Value {
  expectTypes('rmsNormalization', floats, x, scale);
  if (x.shape.length === 0 || !sameShape(scale.shape, x.shape.slice(-1))) {
    throw new VitaminError(
      'USAGE',
      `Expected x [..., D] and scale [D] but received ${formatShape(x.shape)} and ${formatShape(scale.shape)}`,
    );
  }
  const square = x.graph.node({
    op: 'Pow',
    inputs: [x, x.graph.scalar(2, x.dtype)],
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => mul(mul(dy, x), 2), 'stop'],
  });
  return mul(div(x, sqrt(add(reduceMean(square, [-1]), eps))), scale);
}

/**
 * LLaMA's RMSNorm over the last axis, with `weight` [D].
 *
 * @example
 * ```ts
 * import { Graph, Parameters, rmsNorm } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 'L', 4096]);
 * graph.output('y', rmsNorm(root.at('model.norm'), x, 1e-5)); // asks for model.norm.weight
 * ```
 */
export function rmsNorm(p: Params, x: Value, eps: number): Value {
  const width = x.shape.at(-1);
  if (typeof width !== 'number') {
    throw new VitaminError('USAGE', `Expected a value whose last axis has a fixed extent but received ${formatShape(x.shape)}`);
  }
  return rmsNormalization(x, p.get('weight', [width]), eps);
}
