import { arrayTypes, sizeOf, VitaminError, type ArrayOf, type DType, type Tensor } from '@vitamin-vlm/core';

import { quote } from './corrupt.ts';

/** A tensor to write whose elements are made, or read, when their turn comes and forgotten afterwards: whole, or in parts. */
export interface LazyTensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: () => ArrayOf[T] | Promise<ArrayOf[T]> | AsyncIterable<ArrayOf[T]>;
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

/** The little-endian bytes of a tensor, as its parts come. Throws `USAGE` when the elements are not as many, or not of the kind, that dtype and shape say. */
export async function* partsOf(name: string, tensor: Tensor | LazyTensor): AsyncGenerator<Uint8Array, void> {
  const { dtype, shape } = tensor;
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
  const kind = arrayTypes[dtype];
  const known = kind !== undefined && shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  let left = sizeOf(shape);
  const wrong = (found: string): VitaminError =>
    new VitaminError(
      'USAGE',
      `Expected ${sizeOf(shape)} elements (${dtype} [${shape.join(', ')}]) for ${quote(name)} but received ${found}`,
    );
  for await (const part of Symbol.asyncIterator in data ? data : [data]) {
    left -= part.length;
    if (!known || !(part instanceof kind) || left < 0) throw wrong(`${part.length} in ${part.constructor.name}`);
    yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  }
  if (left > 0) throw wrong(`${sizeOf(shape) - left}`);
}

/** All of them at once. */
export async function bytesOf(name: string, tensor: Tensor | LazyTensor): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of partsOf(name, tensor)) parts.push(part);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
