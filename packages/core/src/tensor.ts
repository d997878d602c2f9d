import { arrayTypes, type ArrayOf, type DType } from './dtype.ts';
import { VitaminError } from './errors.ts';
import { bfloat16ToFloat, halfToFloat } from './half.ts';

/** A dense row-major array: plain data that can be posted between threads. `data.length` is the product of `shape`. */
export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: ArrayOf[T];
}

/** Number of elements of a shape; 1 for a scalar (`[]`). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/**
 * Makes a tensor and checks that data and shape agree.
 *
 * @throws VitaminError `USAGE` when the number of elements differs from the shape's.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * const identity = tensor('float32', [2, 2], new Float32Array([1, 0, 0, 1]));
 * ```
 */
export function tensor<T extends DType>(
  dtype: T,
  shape: readonly number[],
  data: ArrayOf[T] = new arrayTypes[dtype](sizeOf(shape)),
): Tensor<T> {
  if (data.length !== sizeOf(shape)) {
    throw new VitaminError('USAGE', `Expected ${sizeOf(shape)} elements for shape [${shape.join(', ')}] but received ${data.length}`);
  }
  return { dtype, shape, data };
}

/** The same values as float32. Returns the tensor itself when it already is float32. int64 loses precision beyond 2^24. */
export function toFloat32(source: Tensor): Tensor<'float32'> {
  if (source.dtype === 'float32') return source as Tensor<'float32'>;
  const out = new Float32Array(source.data.length);
  if (source.dtype === 'float16' || source.dtype === 'bfloat16') {
    const decode = source.dtype === 'float16' ? halfToFloat : bfloat16ToFloat;
    const data = source.data as Uint16Array;
    for (let i = 0; i < out.length; i++) out[i] = decode(data[i]!);
  } else {
    for (let i = 0; i < out.length; i++) out[i] = Number(source.data[i]);
  }
  return { dtype: 'float32', shape: source.shape, data: out };
}
