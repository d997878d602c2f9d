import { type LabelMap, UNLABELED } from '@vitamin-vlm/core';
import type { MaskReader, Tile } from './mask-reader.ts';
import { sigmoid } from './sigmoid.ts';

/** Masks below this logit add less to a class than float32 can tell. */
const NEGLIGIBLE = -25;

/** How pixels become labels. */
export interface SemanticOptions {
  /** A pixel whose best class has a smaller sum stays without a label. 0: every pixel gets one. */
  readonly threshold: number;
  /** Called between tiles. */
  readonly turn: () => Promise<void> | undefined;
}

/**
 * The class of each pixel: that with the largest Σ probability · mask over all masks, the first of equal ones. In most tiles the least and the largest
 * logits of the masks say already which classes can win; only those are summed pixel by pixel.
 *
 * @param probabilities - [Q, columns], "nothing" last, which is no class.
 */
export async function semanticMap(
  reader: MaskReader,
  probabilities: Float32Array,
  columns: number,
  { threshold, turn }: SemanticOptions,
): Promise<LabelMap<Uint16Array>> {
  const { width, height } = reader;
  const data = new Uint16Array(width * height);
  const sums = new ClassSums(reader, probabilities, columns);
  for (const tile of reader.columns.flat()) {
    const pixels = tile.width * tile.height;
    const classes = sums.contenders(tile);
    const alone = classes.length === 1 && threshold <= 0;
    const values = alone ? undefined : sums.sum(tile, classes);
    for (let i = 0; i < pixels; i++) {
      let best = 0;
      if (values) for (let k = 1; k < classes.length; k++) if (values[k * pixels + i]! > values[best * pixels + i]!) best = k;
      const known = !values || threshold <= 0 || values[best * pixels + i]! >= threshold;
      const at = (tile.top + Math.floor(i / tile.width)) * width + tile.left + (i % tile.width);
      data[at] = known ? classes[best]! : UNLABELED;
    }
    await turn();
  }
  return { width, height, data };
}

/** Sums of the classes in a tile. */
class ClassSums {
  readonly #reader: MaskReader;
  readonly #probabilities: Float32Array;
  readonly #columns: number;
  /** Of the masks in a tile: place, least and largest value. */
  readonly #active: number[] = [];
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #logits: Float64Array;

  constructor(reader: MaskReader, probabilities: Float32Array, columns: number) {
    this.#reader = reader;
    this.#probabilities = probabilities;
    this.#columns = columns;
    this.#least = new Float64Array(columns - 1);
    this.#most = new Float64Array(columns - 1);
    this.#logits = new Float64Array(reader.tilePixels);
  }

  /** The classes that can have the largest sum somewhere in a tile, in their order. */
  contenders(tile: Tile): number[] {
    const active = this.#active;
    active.length = 0;
    this.#least.fill(0);
    this.#most.fill(0);
    for (let query = 0; query < this.#reader.queries; query++) {
      const [least, most] = this.#reader.bounds(query, tile);
      if (most < NEGLIGIBLE) continue;
      active.push(query);
      const [low, high] = [sigmoid(least), sigmoid(most)];
      const row = query * this.#columns;
      for (let k = 0; k < this.#least.length; k++) {
        const probability = this.#probabilities[row + k]!;
        this.#least[k]! += probability * low;
        this.#most[k]! += probability * high;
      }
    }
    const reached = this.#least.reduce((most, sum) => Math.max(most, sum), 0) * (1 - 1e-9);
    const classes: number[] = [];
    for (let k = 0; k < this.#most.length; k++) if (this.#most[k]! >= reached) classes.push(k);
    return classes;
  }

  /** Sums of some classes at each pixel of the tile that was looked at last: [classes, pixels]. */
  sum(tile: Tile, classes: readonly number[]): Float64Array {
    const pixels = tile.width * tile.height;
    const sums = new Float64Array(classes.length * pixels);
    const values = this.#logits;
    for (const query of this.#active) {
      this.#reader.read(query, tile, values);
      for (let i = 0; i < pixels; i++) values[i] = sigmoid(values[i]!);
      for (const [k, index] of classes.entries()) {
        const probability = this.#probabilities[query * this.#columns + index]!;
        const to = k * pixels;
        for (let i = 0; i < pixels; i++) sums[to + i]! += probability * values[i]!;
      }
    }
    return sums;
  }
}
