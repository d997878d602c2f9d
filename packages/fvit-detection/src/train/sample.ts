import { NEGATIVE } from './assign.ts';

/** Chooses `count` of a list of candidates that has more than that, each at most once. */
export type Choose = (candidates: Int32Array, count: number) => Int32Array;

/** How many boxes the losses look at. */
export interface SampleOptions {
  /** Boxes at most. */
  readonly count: number;
  /** Share of them that positives may take, 0 to 1; negatives fill the rest. */
  readonly positiveShare: number;
}

/** Places of the boxes that the losses look at, rising. */
export interface Sample {
  readonly positives: Int32Array;
  readonly negatives: Int32Array;
}

/**
 * Chooses positives and negatives (mmdetection's RandomSampler).
 *
 * @param places - What boxes stand for (`assignBoxes`).
 */
export function sampleBoxes(places: Int32Array, { count, positiveShare }: SampleOptions, choose: Choose): Sample {
  const take = (wanted: (place: number) => boolean, most: number): Int32Array => {
    const candidates = Int32Array.from(places.keys()).filter((i) => wanted(places[i]!));
    return candidates.length > most ? choose(candidates, most).toSorted() : candidates;
  };
  const positives = take((place) => place >= 0, Math.floor(count * positiveShare));
  return { positives, negatives: take((place) => place === NEGATIVE, count - positives.length) };
}

/**
 * The k-th choice of n is candidate floor(k · m / n): for comparisons with other programs, where chance must not play a part.
 *
 * @example
 * ```ts
 * import { takeEvenly } from '@vitamin-vlm/fvit-detection';
 * console.log(takeEvenly(new Int32Array([3, 5, 8, 9]), 2)); // Int32Array [ 3, 8 ]
 * ```
 */
export function takeEvenly(candidates: Int32Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, k) => candidates[Math.floor((k * candidates.length) / count)]!);
}

/**
 * Every choice of n candidates with equal chance (the first n steps of a Fisher-Yates shuffle).
 *
 * @param random - Uniform numbers from 0 to 1, 1 excluded.
 * @example
 * ```ts
 * import { takeAtRandom } from '@vitamin-vlm/fvit-detection';
 * import { randomStream } from '@vitamin-vlm/training';
 * console.log(takeAtRandom(randomStream(1, 1))(new Int32Array([3, 5, 8, 9]), 2).length); // 2
 * ```
 */
export function takeAtRandom(random: () => number): Choose {
  return (candidates, count) => {
    const list = candidates.slice();
    for (let k = 0; k < count; k++) {
      const other = k + Math.floor((list.length - k) * random());
      [list[k], list[other]] = [list[other]!, list[k]!];
    }
    return list.subarray(0, count);
  };
}
