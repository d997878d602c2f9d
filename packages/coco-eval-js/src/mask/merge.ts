import type { Rle } from './types.ts';

/**
 * Union (or intersection) of masks of one size. No mask gives size `[0, 0]`; masks of different sizes give size `[0, 0]` and no runs,
 * as in the reference (maskApi.c, rleMerge).
 *
 * @example
 * ```ts
 * import { mergeMasks } from 'coco-eval-js';
 * const left = { size: [1, 4], counts: Uint32Array.of(0, 2, 2) } as const;
 * const right = { size: [1, 4], counts: Uint32Array.of(1, 3) } as const;
 * console.log([...mergeMasks([left, right]).counts]); // [0, 4]
 * console.log([...mergeMasks([left, right], true).counts]); // [1, 1, 2]
 * ```
 */
export function mergeMasks(masks: readonly Rle[], intersect = false): Rle {
  const first = masks[0];
  if (first === undefined) return { size: [0, 0], counts: new Uint32Array(0) };
  const [height, width] = first.size;
  let counts: Uint32Array = first.counts.slice();
  for (const mask of masks.slice(1)) {
    if (mask.size[0] !== height || mask.size[1] !== width) return { size: [0, 0], counts: new Uint32Array(0) };
    counts = mergeTwo(counts, mask.counts, intersect);
  }
  return { size: [height, width], counts };
}

function mergeTwo(a: Uint32Array, b: Uint32Array, intersect: boolean): Uint32Array {
  const out: number[] = [];
  let [nextA, nextB, restA, restB] = [0, 0, 0, 0];
  let [insideA, insideB, inside] = [true, true, false];
  let run = 0;
  for (;;) {
    // Take the next run of every side that is used up; zero-long runs just flip the side.
    while (restA === 0 && nextA < a.length) [restA, insideA] = [a[nextA++]!, !insideA];
    while (restB === 0 && nextB < b.length) [restB, insideB] = [b[nextB++]!, !insideB];
    if (restA === 0 && restB === 0) break;
    // A list that ended early counts as background to the other's end.
    const aHere = restA > 0 && insideA;
    const bHere = restB > 0 && insideB;
    const value = intersect ? aHere && bHere : aHere || bHere;
    if (value !== inside) {
      out.push(run);
      [run, inside] = [0, value];
    }
    const step = restA === 0 ? restB : restB === 0 ? restA : Math.min(restA, restB);
    run += step;
    restA -= Math.min(step, restA);
    restB -= Math.min(step, restB);
  }
  out.push(run);
  return Uint32Array.from(out);
}
