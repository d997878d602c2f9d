import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, numbers } from '../expect.ts';
import type { Value } from '../graph.ts';
import { checkShape, formatShape, product, sameShape, type Shape } from '../shape.ts';

/**
 * Same elements in row-major order under another shape. Named extents are worked out when the graph runs.
 *
 * @throws VitaminError `USAGE` unless both shapes hold equally many elements, names included: `[N, 4]` fits `['N*2', 2]`, not `['M', 4]`.
 * @example
 * ```ts
 * import { Graph, product, reshape } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 7, 64]);
 * graph.output('rows', reshape(x, [product(['N', 7]), 64])); // [N*7, 64]
 * ```
 */
export function reshape(x: Value, shape: Shape): Value {
  checkShape(shape, 'a reshaped value');
  if (product(x.shape) !== product(shape)) {
    throw new VitaminError('USAGE', `Expected a shape of as many elements as ${formatShape(x.shape)} but received ${formatShape(shape)}`);
  }
  if (sameShape(x.shape, shape)) return x;
  return x.graph.node({
    op: 'Reshape',
    inputs: [x, reshapeTarget(x, shape)],
    dtype: x.dtype,
    shape,
    gradient: [(dy) => reshape(dy, x.shape)],
  });
}

/** The second input of Reshape: -1 works out one named extent, 0 copies an extent from the same axis of x, more need a look at the run. */
function reshapeTarget({ graph, shape: own }: Value, shape: Shape): Value {
  const named = shape.filter((dim) => typeof dim === 'string');
  if (named.length <= 1) return graph.integers(shape.map((dim) => (typeof dim === 'number' ? dim : -1)));
  const copied = shape.map((dim, i) => typeof dim === 'string' && dim === own[i]);
  if (named.length - copied.filter(Boolean).length > 1) return graph.extents(shape);
  return graph.integers(shape.map((dim, i) => (typeof dim === 'number' ? dim : copied[i] ? 0 : -1)));
}

/**
 * Reorders axes: axis i of the result is axis `order[i]` of x.
 *
 * @throws VitaminError `USAGE` unless `order` names every axis once.
 * @example
 * ```ts
 * import { Graph, transpose } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 3, 8, 8]);
 * graph.output('y', transpose(x, [0, 2, 3, 1])); // [N, 8, 8, 3]
 * ```
 */
export function transpose(x: Value, order: readonly number[]): Value {
  if (order.toSorted((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.shape.length) {
    throw new VitaminError('USAGE', `Expected an order of all axes of ${formatShape(x.shape)} but received [${order.join(', ')}]`);
  }
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return x.graph.node({
    op: 'Transpose',
    inputs: [x],
    attributes: { perm: order },
    dtype: x.dtype,
    shape: order.map((axis) => x.shape[axis]!),
    gradient: [(dy) => transpose(dy, inverse)],
  });
}

/**
 * Repeats axes of extent 1 up to `shape` without changing the rank.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for names that no input bears.
 * @example
 * ```ts
 * import { expand, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const token = graph.input('token', 'float32', [1, 64]);
 * graph.output('eight', expand(token, [8, 64]));
 * ```
 */
export function expand(x: Value, shape: Shape): Value {
  expectTypes('Expand', [...numbers, 'bool'], x);
  const repeated = shape.flatMap((dim, i) => (x.shape[i] === 1 && dim !== 1 ? [i] : []));
  if (shape.length !== x.shape.length || shape.some((dim, i) => dim !== x.shape[i] && !repeated.includes(i))) {
    throw new VitaminError(
      'USAGE',
      `Expected a shape that repeats axes of extent 1 of ${formatShape(x.shape)} but received ${formatShape(shape)}`,
    );
  }
  if (repeated.length === 0) return x;
  const graph = x.graph;
  return graph.node({
    op: 'Expand',
    // Extents of 1 keep those of x, whatever they are: only names to repeat up to must be worked out.
    inputs: [x, graph.extents(shape.map((dim, i) => (typeof dim === 'number' || repeated.includes(i) ? dim : 1)))],
    dtype: x.dtype,
    shape,
    gradient: [
      (dy) =>
        graph.node({
          op: 'ReduceSum',
          inputs: [dy, graph.integers(repeated)],
          attributes: { keepdims: 1 },
          dtype: x.dtype,
          shape: x.shape,
        }),
    ],
  });
}
