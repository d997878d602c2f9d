import { type DType, VitaminError } from '@vitamin-vlm/core';
import type { Value } from './graph.ts';

/*
 * What ONNX Runtime 1.30 has CPU kernels for. float16 stands in every list: where no kernel takes it, the engine widens it to float32.
 * bfloat16 passes only through operators that move elements and through `cast`.
 */

/** Most functions and reductions. */
export const floats: readonly DType[] = ['float32', 'float64', 'float16'];
/** Convolutions, averages over windows, Erf, Gelu. */
export const singles: readonly DType[] = ['float32', 'float16'];
/** Arithmetic. */
export const numbers: readonly DType[] = [...floats, 'int64', 'int32', 'int16', 'int8', 'uint8'];
/** Sums. */
export const sums: readonly DType[] = [...floats, 'int64', 'int32'];
/** Comparisons that choose an element: Min, Max, ArgMax, ReduceMax. */
export const choices: readonly DType[] = [...sums, 'int8', 'uint8'];

/** Whether gradients can flow through values of this type. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
}

/** @throws VitaminError `USAGE` unless all values have the same type, and one that the operator computes in. */
export function expectTypes(op: string, types: readonly DType[], ...values: readonly (Value | null)[]): void {
  expectOneType(op, ...values);
  const { dtype } = values[0]!;
  if (types.includes(dtype)) return;
  throw new VitaminError('USAGE', `Expected ${types.join(', ')} for ${op} but received ${dtype}`, {
    hint: `Convert with cast(x, '${types[0]}') first.`,
  });
}

/** @throws VitaminError `USAGE` unless all values have the same element type. */
export function expectOneType(op: string, ...values: readonly (Value | null)[]): void {
  const types = new Set(values.flatMap((value) => (value ? [value.dtype] : [])));
  if (types.size > 1) {
    throw new VitaminError('USAGE', `Expected one element type for ${op} but received ${[...types].join(' and ')}`, {
      hint: 'Convert one side with cast.',
    });
  }
}

/** @throws VitaminError `USAGE` unless the number is an integer of at least `least`. */
export function expectInteger(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new VitaminError('USAGE', `Expected an integer of at least ${least} for ${what} but received ${value}`);
  }
}
