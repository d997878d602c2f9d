import { type DType, VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats, sums } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, formatShape, product } from '../shape.ts';
import { extentScalar } from './extent.ts';
import { expand } from './layout.ts';

/** A reduction that keeps the axes with extent 1. */
export function reduce(op: string, types: readonly DType[], x: Value, axes: readonly number[], rule: (dy: Value) => Value): Value {
  expectTypes(op, types, x);
  const at = axes.map((axis) => axisIndex(axis, x.shape.length));
  if (new Set(at).size !== at.length) {
    throw new VitaminError('USAGE', `Expected different axes of ${formatShape(x.shape)} but received [${axes.join(', ')}]`);
  }
  if (at.length === 0) return x; // ONNX would take all axes
  return x.graph.node({
    op,
    inputs: [x, x.graph.integers(at)],
    attributes: { keepdims: 1 },
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (at.includes(i) ? 1 : dim)),
    gradient: [rule],
  });
}

/**
 * Sum over axes, which stay with extent 1. No axes: x itself.
 *
 * @throws VitaminError `USAGE` for axes that x does not have or that are named twice.
 * @example
 * ```ts
 * import { Graph, reduceSum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 3, 4]);
 * graph.output('y', reduceSum(x, [1, -1])); // [N, 1, 1]
 * ```
 */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceSum', sums, x, axes, (dy) => expand(dy, x.shape));
}

/**
 * Mean over axes, which stay with extent 1. No axes: x itself.
 *
 * @throws VitaminError `USAGE` for axes that x does not have or that are named twice.
 * @example
 * ```ts
 * import { Graph, reduceMean, reshape } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const tokens = graph.input('tokens', 'float32', ['N', 49, 64]);
 * graph.output('pooled', reshape(reduceMean(tokens, [1]), ['N', 64]));
 * ```
 */
export function reduceMean(x: Value, axes: readonly number[]): Value {
  const averaged = axes.map((axis) => x.shape[axisIndex(axis, x.shape.length)]!);
  return reduce('ReduceMean', floats, x, axes, (dy) => {
    const count = extentScalar(x.graph, product(averaged), x.dtype);
    return expand(x.graph.node({ op: 'Div', inputs: [dy, count], dtype: dy.dtype, shape: dy.shape }), x.shape);
  });
}
