import { type DType, VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { axisIndex, formatShape, product, staticShape } from '../shape.ts';
import { reshape } from './layout.ts';

/** Rows of a table: table [R, D], indices int32 or int64 [...] -> [..., D]. The gradient adds each dy row onto its table row. */
export function gather(table: Value, indices: Value): Value {
  if (table.shape.length !== 2 || !indices.dtype.startsWith('int')) {
    throw new VitaminError(
      'USAGE',
      `Expected a table [R, D] and integer indices but received ${formatShape(table.shape)} and ${indices.dtype}`,
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

/** Index of the first largest element along an axis, which is dropped. int64. */
export function argMax(x: Value, axis: number): Value {
  const at = axisIndex(axis, x.shape.length);
  return x.graph.node({
    op: 'ArgMax',
    inputs: [x],
    attributes: { axis: at, keepdims: 0, select_last_index: 0 },
    dtype: 'int64',
    shape: x.shape.toSpliced(at, 1),
  });
}

const onnxType: Partial<Record<DType, number>> = { float32: 1, float16: 10, bfloat16: 16, float64: 11, int64: 7, int32: 6 };

/** Converts the element type. The gradient is converted back. */
export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const to = onnxType[dtype];
  if (to === undefined) throw new VitaminError('UNSUPPORTED', `Expected a float or integer type to convert to but received ${dtype}`);
  return x.graph.node({ op: 'Cast', inputs: [x], attributes: { to }, dtype, shape: x.shape, gradient: [(dy) => cast(dy, x.dtype)] });
}

/** The smaller of two values, element by element, with equal shapes or a scalar. No gradient: used for clamps of schedules and norms. */
export function minimum(a: Value, b: Value | number): Value {
  const other = typeof b === 'number' ? a.graph.scalar(b) : b;
  return a.graph.node({ op: 'Min', inputs: [a, other], dtype: a.dtype, shape: a.shape });
}
