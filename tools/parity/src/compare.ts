import { sizeOf, type Tensor } from '@vitamin-vlm/core';
import type { Expected } from './expectation.ts';

/** Largest error of single values and of the mean, relative to their scale. */
const LIMIT = 1e-4;
/** Largest error of the sine sum, relative to the scale times √n: independent errors of n elements add up like √n. */
const SUM_LIMIT = 3e-4;

/** The worst of all comparisons of one tensor. */
export interface Comparison {
  readonly pass: boolean;
  /** Relative error of the worst comparison; infinite when there is nothing to compare with, as for a wrong shape. */
  readonly error: number;
  readonly limit: number;
  /** Which comparison it was, e.g. `sample 12`. */
  readonly at: string;
}

/**
 * Compares a tensor with what is expected. Samples: |x - ref| ≤ 1e-4 · (|ref| + meanAbs). Mean: ≤ 1e-4 · meanAbs. Sine sum: ≤ 3e-4 · meanAbs · √n.
 * The shape must be equal. `meanAbs` is the scale, and is compared itself (1e-4) only where nothing else is given.
 *
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { compare } from '@vitamin-vlm/parity';
 * const found = tensor('float32', [2], new Float32Array([1, 3]));
 * console.log(compare(found, { mean: 2.1 })); // { pass: false, error: 0.05, limit: 0.0001, at: 'mean' }
 * ```
 */
export function compare({ shape, data }: Tensor<'float32'>, expected: Expected): Comparison {
  if (expected.shape && expected.shape.join() !== shape.join()) {
    return mismatch(`shape [${shape.join(', ')}] instead of [${expected.shape.join(', ')}]`);
  }
  const n = sizeOf(shape);
  const found = summarize(data, expected.sinSum !== undefined);
  const scale = expected.meanAbs ?? found.meanAbs;
  const checks: Comparison[] = [];
  const check = (at: string, error: number, limit = LIMIT): void => {
    // Not `error > limit`: that would let NaN pass. A difference of nothing is no error, even where the scale is zero.
    checks.push({ pass: error <= limit, error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error, limit, at });
  };
  for (const [index, value] of expected.samples ?? []) {
    if (index >= n) return mismatch(`sample ${index} of a tensor of ${n} elements`);
    check(`sample ${index}`, relative(data[index]! - value, Math.abs(value) + scale));
  }
  if (expected.mean !== undefined) check('mean', relative(found.mean - expected.mean, scale));
  if (expected.sinSum !== undefined) check('sinSum', relative(found.sinSum - expected.sinSum, scale * Math.sqrt(n)), SUM_LIMIT);
  if (checks.length === 0 && expected.meanAbs !== undefined) check('meanAbs', relative(found.meanAbs - expected.meanAbs, scale));
  const equalShape: Comparison = { pass: true, error: 0, limit: LIMIT, at: 'shape' };
  return checks.reduce((worst, next) => (next.error / next.limit > worst.error / worst.limit ? next : worst), checks[0] ?? equalShape);
}

function mismatch(at: string): Comparison {
  return { pass: false, error: Number.POSITIVE_INFINITY, limit: LIMIT, at };
}

function relative(difference: number, scale: number): number {
  return difference === 0 ? 0 : Math.abs(difference) / Math.abs(scale);
}

function summarize(data: Float32Array, withSines: boolean): { mean: number; meanAbs: number; sinSum: number } {
  let sum = 0;
  let absolute = 0;
  let sinSum = 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    sum += x;
    absolute += Math.abs(x);
    if (withSines) sinSum += x * Math.sin(i);
  }
  return { mean: sum / data.length, meanAbs: absolute / data.length, sinSum };
}
