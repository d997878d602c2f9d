/** The two Pillow filters that the published models were trained with. Both widen with the scale when shrinking (antialias). */
export type PillowFilter = 'bicubic' | 'bilinear';

/** Which input samples make each output sample along one axis, and with which weight. */
export interface ResampleWeights {
  /** Per output sample: index of its first input sample. */
  readonly first: Int32Array;
  /** Per output sample: how many input samples it needs, at least 1. */
  readonly count: Int32Array;
  /** Largest of `count`: the row length of `weights`. */
  readonly taps: number;
  /** `[outputs, taps]`, with 22 fraction bits, 0 beyond `count`. The weights of one output sum to about 2^22. */
  readonly weights: Int32Array;
}

const FRACTION = 2 ** 22;

/** Keys' cubic with a = -0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

function triangle(distance: number): number {
  return Math.max(1 - Math.abs(distance), 0);
}

/** Every sample stays what it is: a pass that Pillow leaves out. */
function identity(start: number, length: number): ResampleWeights {
  const count = new Int32Array(length).fill(1);
  return { first: count.map((_, i) => start + i), count, taps: 1, weights: new Int32Array(length).fill(FRACTION) };
}

/** Output samples that are wanted: `length` of them from `start` on. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/**
 * Weights for resampling `input` samples to `output` samples, equal to Pillow's precompute_coeffs and normalize_coeffs_8bpc
 * (src/libImaging/Resample.c) to the last bit: the float64 operations stand in the same order. Made for a stretch of the output only.
 */
export function resampleWeights(input: number, output: number, filter: PillowFilter, { start, length }: Stretch): ResampleWeights {
  if (input === output) return identity(start, length);
  const evaluate = filter === 'bicubic' ? cubic : triangle;
  const scale = input / output;
  const support = (filter === 'bicubic' ? 2 : 1) * Math.max(scale, 1);
  const inverse = 1 / Math.max(scale, 1);
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  let taps = 1;
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const high = Math.min(Math.trunc(center + support + 0.5), input);
    first[i] = low;
    count[i] = high - low;
    taps = Math.max(taps, high - low);
  }
  const weights = new Int32Array(length * taps);
  const exact = new Float64Array(taps);
  for (let i = 0; i < length; i++) {
    const n = count[i]!;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += exact[j] = evaluate((j + first[i]! - (start + i + 0.5) * scale + 0.5) * inverse);
    for (let j = 0; j < n; j++) {
      const weight = (sum === 0 ? exact[j]! : exact[j]! / sum) * FRACTION;
      weights[i * taps + j] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return { first, count, taps, weights };
}
