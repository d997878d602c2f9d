import type { MaskRuns } from './runs.ts';

/** Numbers of one block: 4 MiB. A mask lies in one of them whole. */
const BLOCK = 2 ** 20;
/** All blocks together: 256 MiB. Masks beyond are decoded when they are needed, as without a store. */
const MAX_BLOCKS = 64;
/** Numbers before the runs of a mask. */
const HEADER = 8;

/** Decoded masks of a list of entries in shared memory: threads fill it together, each entry once, and all of them read it afterwards. */
export interface StoredRuns {
  /** `place[2i]`: the block of entry i plus 1, 0 when it is not stored; `place[2i + 1]`: where in the block. */
  readonly place: Int32Array;
  /** Blocks by number. */
  readonly blocks: readonly (Int32Array | undefined)[];
}

/** Where one thread puts decoded masks. */
export class RunWriter {
  readonly #place: Int32Array;
  /** Number of blocks of all threads. */
  readonly #count: Int32Array;
  readonly #blocks: [number: number, block: Int32Array][] = [];
  #block: Int32Array = new Int32Array(0);
  #used = 0;

  /** @param place, count shared by all threads, zero at first; `count` of length 1 */
  constructor(place: Int32Array, count: Int32Array) {
    this.#place = place;
    this.#count = count;
  }

  /** Stores entry `i`; false when there is no more room. */
  add(i: number, mask: MaskRuns): boolean {
    const need = HEADER + 2 * mask.length;
    // A mask of half a million runs: decoded when needed.
    if (need > BLOCK) return true;
    if (this.#used + need > this.#block.length && !this.#begin()) return false;
    const block = this.#block;
    const at = this.#used;
    block[at] = mask.length;
    block[at + 1] = mask.area;
    block[at + 2] = mask.height;
    block[at + 3] = mask.width;
    block[at + 4] = mask.left;
    block[at + 5] = mask.top;
    block[at + 6] = mask.right;
    block[at + 7] = mask.bottom;
    block.set(mask.ends.subarray(0, 2 * mask.length), at + HEADER);
    this.#used += need;
    this.#place[2 * i] = this.#blocks[this.#blocks.length - 1]![0] + 1;
    this.#place[2 * i + 1] = at;
    return true;
  }

  #begin(): boolean {
    const number = Atomics.add(this.#count, 0, 1);
    if (number >= MAX_BLOCKS) return false;
    this.#block = new Int32Array(new SharedArrayBuffer(4 * BLOCK));
    this.#used = 0;
    this.#blocks.push([number, this.#block]);
    return true;
  }

  /** The blocks of this thread with their numbers. */
  blocks(): readonly (readonly [number: number, block: Int32Array])[] {
    return this.#blocks;
  }
}

/** Copies entry `i` to `out`; false when it is not stored. */
export function readStored({ place, blocks }: StoredRuns, i: number, out: MaskRuns): boolean {
  const block = blocks[place[2 * i]! - 1];
  if (block === undefined) return false;
  const at = place[2 * i + 1]!;
  const length = block[at]!;
  out.reserve(length);
  out.length = length;
  out.area = block[at + 1]!;
  out.height = block[at + 2]!;
  out.width = block[at + 3]!;
  out.left = block[at + 4]!;
  out.top = block[at + 5]!;
  out.right = block[at + 6]!;
  out.bottom = block[at + 7]!;
  out.ends.set(block.subarray(at + HEADER, at + HEADER + 2 * length));
  return true;
}
