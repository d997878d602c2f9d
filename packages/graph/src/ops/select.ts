import { type DType, VitaminError } from '@vitamin-vlm/core';
import { expectOneType, isFloat } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, broadcast, formatShape, product, staticShape } from '../shape.ts';
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
        const rows = product(staticShape(indices.shape, 'an embedding gradient')) as number;
        const zeros = graph.node({
          op: 'Expand',
          inputs: [graph.scalar(0), graph.integers(staticShape(table.shape, 'an embedding gradient'))],
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
    gradient: [null],
  });
}

const onnxType: Partial<Record<DType, number>> = { float32: 1, float16: 10, bfloat16: 16, float64: 11, int64: 7, int32: 6 };

/**
 * Converts the element type; floats are cut towards zero for integers. The gradient is converted back; it stops at integers.
 *
 * @throws VitaminError `UNSUPPORTED` for a type that no engine converts to.
 * @example
 * ```ts
 * import { cast, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const pixels = graph.input('pixels', 'uint8', ['N', 224, 224, 3]);
 * graph.output('y', cast(pixels, 'float32'));
 * ```
 */
export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const to = onnxType[dtype];
  if (to === undefined) throw new VitaminError('UNSUPPORTED', `Expected a float or integer type to convert to but received ${dtype}`);
  const rule = isFloat(dtype) && isFloat(x.dtype) ? (dy: Value): Value => cast(dy, x.dtype) : null;
  return x.graph.node({ op: 'Cast', inputs: [x], attributes: { to }, dtype, shape: x.shape, gradient: [rule] });
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
  const other = typeof b === 'number' ? a.graph.scalar(b) : b;
  expectOneType('Min', a, other);
  return a.graph.node({ op: 'Min', inputs: [a, other], dtype: a.dtype, shape: broadcast(a.shape, other.shape) });
}
