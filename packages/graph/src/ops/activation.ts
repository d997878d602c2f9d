import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { mul, neg } from './arithmetic.ts';
import { equal, greater, less, scalarLike, where } from './compare.ts';
import { sigmoid } from './unary.ts';

/**
 * max(x, 0). At 0 the slope is 0, as PyTorch has it.
 *
 * @example
 * ```ts
 * import { Graph, relu } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', relu(x));
 * ```
 */
export function relu(x: Value): Value {
  expectTypes('Relu', floats, x);
  const y: Value = x.graph.node({
    op: 'Relu',
    inputs: [x],
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => where(greater(y, 0), dy, 0)],
  });
  return y;
}

/**
 * |x|. At 0 the slope is 0, as PyTorch has it.
 *
 * @example
 * ```ts
 * import { abs, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', abs(x));
 * ```
 */
export function abs(x: Value): Value {
  expectTypes('Abs', floats, x);
  return x.graph.node({
    op: 'Abs',
    inputs: [x],
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => where(greater(x, 0), dy, where(less(x, 0), neg(dy), 0))],
  });
}

/**
 * x held inside [least, most], either of which may be infinite. The gradient passes inside and on the bounds, as PyTorch has it.
 *
 * @throws VitaminError `USAGE` unless least <= most.
 * @example
 * ```ts
 * import { clamp, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const deltas = graph.input('deltas', 'float32', ['N', 4]);
 * graph.output('y', clamp(deltas, -4.135, 4.135));
 * ```
 */
export function clamp(x: Value, least: number, most: number): Value {
  expectTypes('Clip', floats, x);
  if (!(least <= most)) throw new VitaminError('USAGE', `Expected a lower bound not above the upper one but received ${least} and ${most}`);
  const y: Value = x.graph.node({
    op: 'Clip',
    inputs: [x, scalarLike(x, least), scalarLike(x, most)],
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => where(equal(x, y), dy, 0)],
  });
  return y;
}

/**
 * log(1 + e^x), a smooth max(x, 0) that does not overflow. d/dx = sigmoid(x).
 *
 * @example
 * ```ts
 * import { Graph, softplus } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', softplus(x));
 * ```
 */
export function softplus(x: Value): Value {
  expectTypes('Softplus', singles, x);
  return x.graph.node({ op: 'Softplus', inputs: [x], dtype: x.dtype, shape: x.shape, gradient: [(dy) => mul(dy, sigmoid(x))] });
}

/**
 * x · sigmoid(x), also called swish: the gate of LLaMA's feed-forward layers (Elfwing et al., arXiv:1702.03118).
 *
 * @example
 * ```ts
 * import { Graph, silu } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', silu(x));
 * ```
 */
export function silu(x: Value): Value {
  expectTypes('silu', singles, x); // ONNX Runtime fuses it, and its kernel knows no other types
  return mul(x, sigmoid(x));
}
