import { type Box, type Mask, maskColumns } from '@vitamin-vlm/core';
import type { MaskReader, Tile } from './mask-reader.ts';
import { sigmoid } from './sigmoid.ts';

/** A pair of a mask and a class. */
export interface RankedPair {
  readonly query: number;
  readonly class: number;
  readonly score: number;
}

/** The pixels of a mask that are more in it than not. */
export interface SolidMask {
  readonly mask: Mask;
  readonly area: number;
  /** How sure the mask is of its pixels: their mean, 0.5 to 1; 0 for a mask without one. */
  readonly sureness: number;
}

/**
 * The best pairs of a mask and a class, best first. A mask may stand in several.
 *
 * @param probabilities - [Q, columns], "nothing" last, which is no class.
 */
export function bestPairs(probabilities: Float32Array, columns: number, max: number): RankedPair[] {
  const classes = columns - 1;
  const places: number[] = [];
  for (let place = 0; place < (probabilities.length / columns) * classes; place++) places.push(place);
  const scoreOf = (place: number): number => probabilities[Math.floor(place / classes) * columns + (place % classes)]!;
  places.sort((a, b) => scoreOf(b) - scoreOf(a) || a - b);
  return places.slice(0, max).map((place) => ({ query: Math.floor(place / classes), class: place % classes, score: scoreOf(place) }));
}

/**
 * Cuts a mask out where its logit is positive.
 *
 * @param turn - Called between columns of tiles.
 */
export async function solidMask(reader: MaskReader, query: number, turn: () => Promise<void> | undefined): Promise<SolidMask> {
  const runs = new RunLengths();
  const logits = new Float64Array(reader.tilePixels);
  let area = 0;
  let sum = 0;
  for (const column of reader.columns) {
    const strip = new Strip(reader.height, column[0]!);
    for (const tile of column) {
      if (reader.most(query, tile) <= 0) continue;
      const least = reader.least(query, tile);
      if (least > CERTAIN) logits.fill(least, 0, tile.width * tile.height);
      else reader.read(query, tile, logits);
      for (let i = 0; i < tile.width * tile.height; i++) {
        if (!(logits[i]! > 0)) continue;
        strip.set(i % tile.width, tile.top + Math.floor(i / tile.width));
        area++;
        sum += sigmoid(logits[i]!);
      }
    }
    strip.end(runs);
    await turn();
  }
  return { mask: { size: [reader.height, reader.width], counts: runs.counts() }, area, sureness: sum / (area + EPS) };
}

/** Beyond it the sigmoid is 1 in a double. */
const CERTAIN = 40;
const EPS = 1e-6;

/** Some columns of a bitmap, one after the other. */
class Strip {
  readonly #height: number;
  readonly #bits: Uint8Array;
  #any = false;

  constructor(height: number, { width }: Tile) {
    this.#height = height;
    this.#bits = new Uint8Array(width * height);
  }

  set(x: number, y: number): void {
    this.#any = true;
    this.#bits[x * this.#height + y] = 1;
  }

  /** Writes the columns out. */
  end(runs: RunLengths): void {
    if (!this.#any) runs.add(0, this.#bits.length);
    else for (let i = 0; i < this.#bits.length; i++) runs.add(this.#bits[i]!, 1);
  }
}

/** Lengths of runs of zeros and ones in turn, zeros first. */
class RunLengths {
  readonly #counts: number[] = [];
  #value = 0;
  #run = 0;

  add(value: number, count: number): void {
    if (value !== this.#value) {
      this.#counts.push(this.#run);
      this.#value = value;
      this.#run = 0;
    }
    this.#run += count;
  }

  counts(): Uint32Array {
    return Uint32Array.from([...this.#counts, this.#run]);
  }
}

/** The smallest box around a mask; without extent at the origin where there is none. */
export function boxOf(mask: Mask): Box {
  const [height] = mask.size;
  let [left, right, top, bottom] = [Infinity, 0, height, 0];
  for (const [x, from, to] of maskColumns(mask)) {
    left = Math.min(left, x);
    right = x + 1;
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
  }
  return left === Infinity ? [0, 0, 0, 0] : [left, top, right - left, bottom - top];
}
