import { arrayTypes, sizeOf, VitaminError, type ArrayOf, type DType, type Tensor } from '@vitamin-vlm/core';

import { quote } from './corrupt.ts';

/** A tensor to write whose elements are made, or read, when their turn comes and forgotten afterwards. */
export interface LazyTensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: () => ArrayOf[T] | Promise<ArrayOf[T]>;
}

/**
 * Tensors to write, in order: a record, or pairs of name and tensor from an array, a map, a generator or an async generator. A generator is
 * asked for one tensor at a time, so that a large file never lies in memory.
 */
export type TensorInput =
  | Readonly<Record<string, Tensor | LazyTensor>>
  | Iterable<readonly [string, Tensor | LazyTensor]>
  | AsyncIterable<readonly [string, Tensor | LazyTensor]>;

/** The pairs of any input. */
export function pairsOf(
  input: TensorInput,
): Iterable<readonly [string, Tensor | LazyTensor]> | AsyncIterable<readonly [string, Tensor | LazyTensor]> {
  return Symbol.iterator in input || Symbol.asyncIterator in input ? input : Object.entries(input);
}

/** The little-endian bytes of a tensor. Throws `USAGE` when the elements are not as many, or not of the kind, that dtype and shape say. */
export async function bytesOf(name: string, tensor: Tensor | LazyTensor): Promise<Uint8Array> {
  const { dtype, shape } = tensor;
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
  const kind = arrayTypes[dtype];
  if (
    kind === undefined ||
    !(data instanceof kind) ||
    data.length !== sizeOf(shape) ||
    !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)
  ) {
    throw new VitaminError(
      'USAGE',
      `Expected ${sizeOf(shape)} elements (${dtype} [${shape.join(', ')}]) for ${quote(name)} but received ${data.length} in ${data.constructor.name}`,
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
