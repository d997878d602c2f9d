import { VitaminError } from '@vitamin-vlm/core';
import { expectOneType } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, broadcast, formatShape, product } from '../shape.ts';
import { asValue } from './arithmetic.ts';
import { cast } from './cast.ts';
import { reshape } from './layout.ts';

/**
 * Rows of a table: table [R, D], indices int32 or int64 [...] in [0, R) -> [..., D]. The gradient adds each dy row onto its table row.
 *
 * @throws VitaminError `USAGE` for a table that is no matrix or indices of another type.
 * @example
 * ```ts
 * import { gather, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const ids = graph.input('ids', 'int32', ['N', 77]);
 * const table = graph.input('table', 'float32', [49408, 512]);
 * graph.output('tokens', gather(table, ids)); // [N, 77, 512]
 * ```
 */
export function gather(table: Value, indices: Value): Value {
  if (table.shape.length !== 2 || (indices.dtype !== 'int32' && indices.dtype !== 'int64')) {
    throw new VitaminError(
      'USAGE',
      `Expected a table [R, D] and int32 or int64 indices but received ${formatShape(table.shape)} and ${indices.dtype}`,
    );
  }
  const graph = table.graph;
  const width = table.shape[1]!;
  return graph.node({
    op: 'Gather',
    inputs: [table, indices],
    attributes: { axis: 0 },
    dtype: table.dtype,
    shape: [...indices.shape, width],
    gradient: [
      (dy) => {
        const rows = product(indices.shape);
        const zeros = graph.node({
          op: 'Expand',
          inputs: [graph.scalar(0, table.dtype), graph.extents(table.shape)],
          dtype: table.dtype,
          shape: table.shape,
        });
        return graph.node({
          op: 'ScatterND',
          inputs: [zeros, cast(reshape(indices, [rows, 1]), 'int64'), reshape(dy, [rows, width])],
          attributes: { reduction: 'add' },
          dtype: table.dtype,
          shape: table.shape,
        });
      },
    ],
  });
}

/**
 * Index of the first largest element along an axis, which is dropped. int64. Gradients do not flow through it.
 *
 * @example
 * ```ts
 * import { argMax, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const scores = graph.input('scores', 'float32', ['N', 10]);
 * graph.output('best', argMax(scores, 1)); // int64 [N]
 * ```
 */
export function argMax(x: Value, axis: number): Value {
  const at = axisIndex(axis, x.shape.length);
  return x.graph.node({
    op: 'ArgMax',
    inputs: [x],
    attributes: { axis: at, keepdims: 0, select_last_index: 0 },
    dtype: 'int64',
    shape: x.shape.toSpliced(at, 1),
    gradient: ['stop'],
  });
}

/**
 * The smaller of two values, element by element, with broadcasting. It has no gradient rule: it serves the clamps of schedules and norms.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 * @example
 * ```ts
 * import { Graph, minimum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', minimum(x, 1));
 * ```
 */
export function minimum(a: Value, b: Value | number): Value {
  const other = asValue(b, a);
  expectOneType('Min', a, other);
  return a.graph.node({ op: 'Min', inputs: [a, other], dtype: a.dtype, shape: broadcast(a.shape, other.shape) });
}
