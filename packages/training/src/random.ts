/**
 * A stream of uniform numbers from 0 to 1, 1 excluded, for a seed and an index in it: streams of different pairs have nothing in common. 32 bits of state
 * (mulberry32 by Tommy Ettinger, public domain), enough for some thousand draws.
 *
 * @example
 * ```ts
 * import { randomStream } from '@vitamin-vlm/training';
 * const random = randomStream(1, 7);
 * console.log(random(), random());
 * ```
 */
export function randomStream(seed: number, index: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
