import { type DType, VitaminError } from '@vitamin-vlm/core';
import type { Value } from './graph.ts';

/** Whether gradients can flow through values of this type. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
}

/** @throws VitaminError `USAGE` unless every value has a floating-point type, and all the same. */
export function expectFloats(op: string, ...values: readonly (Value | null)[]): void {
  expectOneType(op, ...values);
  const first = values[0]!;
  if (!isFloat(first.dtype)) {
    throw new VitaminError('USAGE', `Expected floating-point numbers for ${op} but received ${first.dtype}`, {
      hint: "Convert with cast(x, 'float32') first.",
    });
  }
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
