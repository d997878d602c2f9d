import { type DType, VitaminError } from '@vitamin-vlm/core';
import { isFloat } from '../expect.ts';
import type { Value } from '../graph.ts';

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
  const rule = isFloat(dtype) && isFloat(x.dtype) ? (dy: Value): Value => cast(dy, x.dtype) : ('stop' as const);
  return x.graph.node({ op: 'Cast', inputs: [x], attributes: { to }, dtype, shape: x.shape, gradient: [rule] });
}
