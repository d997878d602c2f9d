import type { Comparison } from '../compare.ts';

/** A computed tensor of any element type. */
export interface Found {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The digest of a tensor in a golden file. Every member but the shape may be absent. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly mean?: number;
  readonly meanAbs?: number;
  /** By row-major flat index. */
  readonly samples?: Readonly<Record<string, number>>;
  /** Σ x[i] · sin(i). */
  readonly sinSum?: number;
  /** The first values, and the last one. */
  readonly first?: readonly number[];
  readonly last?: number;
  /** Largest difference of single values between the original program in float64 and in float32. */
  readonly f32MaxAbsDiff?: number;
}

/** A comparison, and which members of the file it covers. */
interface TensorComparison extends Comparison {
  readonly names: readonly string[];
  /** Values compared. */
  readonly count: number;
}

/** Largest error relative to |reference| + mean of absolute values. */
const LIMIT = 1e-4;
/** What the original program loses in float32 may be lost ten times. */
const FLOAT32_FACTOR = 10;

/** Largest errors, relative to |reference| + mean of absolute values. */
export interface Limits {
  /** Of single values, and of the sine sum. */
  readonly single: number;
  /** Of means. */
  readonly mean: number;
}

const members = new Set(['shape', 'mean', 'meanAbs', 'samples', 'sinSum', 'first', 'last', 'f32MaxAbsDiff']);

/** Whether a member of a golden file is the digest of a tensor. */
export function isGoldenTensor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('shape' in value)) return false;
  return ['samples', 'sinSum', 'mean', 'first'].some((name) => name in value);
}

/**
 * Compares a tensor with its digest. Single values and means: |x - ref| ≤ max(10 · f32MaxAbsDiff, 1e-4 · (|ref| + meanAbs)). Sine sum: the same with
 * √n times the scale, because the errors of n elements add up like √n.
 *
 * @param limits - Where the original program itself gives less in float32.
 */
export function compareTensor(
  { shape, data }: Found,
  expected: GoldenTensor,
  limits: Limits = { single: LIMIT, mean: LIMIT },
): TensorComparison {
  const names = Object.keys(expected).filter((name) => members.has(name));
  const samples = Object.entries(expected.samples ?? {});
  const single = [expected.mean, expected.meanAbs, expected.sinSum, expected.last].filter((value) => value !== undefined);
  const count = expected.shape.length + samples.length + (expected.first?.length ?? 0) + single.length;
  const size = expected.shape.reduce((product, extent) => product * extent, 1);
  if (expected.shape.join() !== shape.join() || data.length !== size) {
    return { names, count, ...failed(`shape [${shape.join(', ')}] instead of [${expected.shape.join(', ')}]`) };
  }
  const sums = summarize(data, expected.sinSum !== undefined);
  const scale = expected.meanAbs ?? sums.meanAbs;
  const slack = FLOAT32_FACTOR * (expected.f32MaxAbsDiff ?? 0);
  const checks: Comparison[] = [];
  const check = (at: string, found: number, reference: number | undefined, spread = 1): void => {
    const least = at.startsWith('mean') ? limits.mean : limits.single;
    if (reference !== undefined) checks.push(compareOne(at, found, reference, Math.abs(reference) + scale * spread, slack * spread, least));
  };
  for (const [index, value] of samples) check(`sample ${index}`, data[Number(index)] ?? Number.NaN, value);
  for (const [i, value] of (expected.first ?? []).entries()) check(`value ${i}`, data[i] ?? Number.NaN, value);
  check('last value', data[size - 1] ?? Number.NaN, expected.last);
  check('mean', sums.mean, expected.mean);
  check('meanAbs', sums.meanAbs, expected.meanAbs);
  check('sinSum', sums.sinSum, expected.sinSum, Math.sqrt(size));
  return { names, count, ...worst(checks) };
}

/** Compares lists of numbers one by one: |x - ref| ≤ 1e-4 · (|ref| + scale). Default scale: the mean of the absolute values expected. */
export function compareNumbers(found: readonly number[], expected: readonly number[], scale?: number): Comparison {
  if (found.length !== expected.length) return failed(`${found.length} numbers instead of ${expected.length}`);
  const mean = scale ?? expected.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(expected.length, 1);
  return worst(expected.map((value, i) => compareOne(`number ${i}`, found[i]!, value, Math.abs(value) + mean, 0)));
}

/** Texts, counts, lists of indices: equal or not. */
export function equalValues(found: unknown, expected: unknown): Comparison {
  const [is, should] = [JSON.stringify(plain(found)), JSON.stringify(expected)];
  if (is === should) return { pass: true, error: 0, limit: 0, at: 'equal' };
  return failed(`${shorten(is ?? 'nothing')} instead of ${shorten(should)}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Typed arrays as JSON has them. */
function plain(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
}

function compareOne(at: string, found: number, reference: number, scale: number, slack: number, least = LIMIT): Comparison {
  const difference = Math.abs(found - reference);
  const limit = scale > 0 ? Math.max(least, slack / scale) : 0;
  const error = difference === 0 ? 0 : difference / scale;
  // Not `error > limit`: that would let NaN pass.
  return { pass: error <= limit, error: Number.isNaN(error) ? Infinity : error, limit, at };
}

/** The error as a share of what is allowed. */
function part({ error, limit }: Comparison): number {
  return error === 0 ? 0 : error / limit;
}

function worst(checks: readonly Comparison[]): Comparison {
  return checks.reduce((a, b) => (part(b) > part(a) ? b : a), { pass: true, error: 0, limit: LIMIT, at: 'all' });
}

function failed(at: string): Comparison {
  return { pass: false, error: Infinity, limit: LIMIT, at };
}

function summarize(data: ArrayLike<number>, withSines: boolean): { mean: number; meanAbs: number; sinSum: number } {
  let [sum, absolute, sinSum] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    sum += value;
    absolute += Math.abs(value);
    if (withSines) sinSum += value * Math.sin(i);
  }
  return { mean: sum / data.length, meanAbs: absolute / data.length, sinSum };
}
