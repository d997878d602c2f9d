import { constants } from 'node:buffer';

import { arrayTypes, bytesPerElement, VitaminError, type DType, type Tensor, type TensorRecord } from '@vitamin-vlm/core';

import type { ByteSource } from './byte-source.ts';
import { corrupt, quote } from './corrupt.ts';
import { MAX_DIMS, MAX_EXPANDED_BYTES } from './limits.ts';

/** Where a tensor claims to lie, as a file states it: nothing of it is trusted yet. `strides` in elements. */
export interface Claim {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly unknown[];
  /** Absent: contiguous, row-major. */
  readonly strides?: readonly unknown[];
  /** Byte range of the storage in the file that the tensor must stay inside. */
  readonly start: number;
  readonly end: number;
  /** Elements between `start` and the tensor's first element. */
  readonly first?: unknown;
}

/**
 * Checks a claim (dimensions, strides, element count, range) and makes the record: exact absolute offset, and strides only when they
 * differ from the row-major ones.
 */
export function toRecord(source: ByteSource, claim: Claim): TensorRecord {
  const label = quote(claim.name);
  const shape = checkedList(source.path, claim.shape, `shape of ${label}`);
  const size = bytesPerElement(claim.dtype);
  const elements = countElements(source.path, shape, label);
  const rowMajor = rowMajorStrides(shape);
  const strides = claim.strides === undefined ? rowMajor : checkedList(source.path, claim.strides, `strides of ${label}`);
  if (strides.length !== shape.length) {
    throw corrupt(source.path, `Expected ${shape.length} strides for ${label} but found ${strides.length}`);
  }
  const [first] = checkedList(source.path, [claim.first ?? 0], `offset of ${label}`);
  const span = elements === 0 ? 0 : shape.reduce((last, dim, i) => last + (dim - 1) * strides[i]!, 1);
  const offset = claim.start + first! * size;
  const byteLength = span * size;
  if (!Number.isSafeInteger(span) || !Number.isSafeInteger(offset + byteLength) || offset + byteLength > claim.end) {
    throw corrupt(
      source.path,
      `Expected ${label} (${claim.dtype} [${shape.join(', ')}]) inside bytes ${claim.start} to ${claim.end} but found ${offset} to ${offset + byteLength}`,
    );
  }
  if (elements * size > Math.max(source.size, MAX_EXPANDED_BYTES)) {
    throw corrupt(
      source.path,
      `Expected a view no larger than the file but found ${label} with ${elements} elements over ${byteLength} bytes`,
    );
  }
  const record = { name: claim.name, dtype: claim.dtype, shape, file: source.file, offset, byteLength };
  const plain = elements <= 1 || shape.every((dim, i) => dim === 1 || strides[i] === rowMajor[i]);
  return plain ? record : { ...record, strides };
}

/** Number of elements; an overflow of exact integers is an error. */
export function countElements(path: string, shape: readonly number[], label: string): number {
  // A zero anywhere makes the tensor empty, however large the other dimensions are.
  const elements = shape.includes(0) ? 0 : shape.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(elements))
    throw corrupt(path, `Expected an element count below 2^53 but found shape [${shape.join(', ')}] of ${label}`);
  return elements;
}

/** Strides in elements of a contiguous row-major array. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = Array.from<number>({ length: shape.length });
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i]!, 1);
  }
  return strides;
}

/** Reads one tensor and makes it contiguous. Allocates the span and, for a strided view, the result beside it. */
export async function readTensor(source: ByteSource, record: TensorRecord): Promise<Tensor> {
  const { dtype, shape, strides } = record;
  const data = allocate(record.name, dtype, record.byteLength / bytesPerElement(dtype));
  await source.readInto(new Uint8Array(data.buffer), record.offset);
  return { dtype, shape, data: strides === undefined ? data : gather(data, record.name, dtype, shape, strides) };
}

function allocate(name: string, dtype: DType, elements: number): Tensor['data'] {
  try {
    // The bytes are read through a byte view, and that is the narrower limit.
    if (elements * bytesPerElement(dtype) > constants.MAX_LENGTH) throw new RangeError(`More than ${constants.MAX_LENGTH} bytes`);
    return new arrayTypes[dtype](elements);
  } catch (cause) {
    throw new VitaminError('RUNTIME', `Expected memory for ${elements} elements (${dtype}) of ${quote(name)} but received none`, {
      hint: 'Node 20 holds at most 4 GiB in one array. Use the record to read the file by parts.',
      cause,
    });
  }
}

/** Copies a strided view into row-major order, walking an index like an odometer. */
function gather(view: Tensor['data'], name: string, dtype: DType, shape: readonly number[], strides: readonly number[]): Tensor['data'] {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const out = allocate(name, dtype, count);
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < count; i++) {
    out[i] = view[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Whole numbers from zero up, at most `MAX_DIMS` of them. */
export function checkedList(path: string, values: readonly unknown[], what: string): number[] {
  if (values.length > MAX_DIMS) throw corrupt(path, `Expected at most ${MAX_DIMS} dimensions but found ${values.length} for the ${what}`);
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw corrupt(path, `Expected whole numbers from 0 up for the ${what} but found ${quote(String(value))}`);
    }
  }
  return values as number[];
}
