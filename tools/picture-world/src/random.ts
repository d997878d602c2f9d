/** What a stream of random numbers is for: two purposes of one seed never share numbers. */
export type Purpose = 'scene' | 'single';

/** Training and held-out pictures come from different streams: no seed of one is a seed of the other. */
export type Split = 'train' | 'val';

/**
 * A small seeded generator (sfc32 of PractRand, 128 bits of state). The state starts as (seed, split, purpose) and every step of sfc32
 * is a bijection, so different triples can never meet in the same state: splits are disjoint by construction.
 *
 * @example
 * ```ts
 * import { Random } from '@vitamin-vlm/picture-world';
 * const random = new Random(7, 'train', 'scene');
 * console.log(random.range(0, 10), random.pick(['red', 'blue']));
 * ```
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** @param seed whole number from 0 to 2^53 - 1 */
  constructor(seed: number, split: Split, purpose: Purpose) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = (split === 'train' ? 0x7261696e : 0x76616c00) ^ (purpose === 'scene' ? 0 : 0x55555555);
    for (let i = 0; i < 16; i++) this.next();
  }

  /** Uniform in [0, 1), 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next());
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element of a non-empty list. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }

  /** A new list with the same elements in another order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const list = [...items];
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  }
}
