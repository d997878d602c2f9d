import type { ImageGeometry } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { MaskReader } from '@vitamin-vlm/fcclip-segmentation';

/** Masks at the size of the picture, held whole: what the library itself never does. */
export interface FullMasks {
  readonly shape: readonly [queries: number, height: number, width: number];
  /** Logits. */
  readonly data: Float64Array;
}

/** Reads every mask of a picture. */
export function fullMasks(logits: Tensor<'float32'>, geometry: ImageGeometry): FullMasks {
  const reader = new MaskReader(logits, geometry);
  const { queries, width, height } = reader;
  const data = new Float64Array(queries * height * width);
  const buffer = new Float64Array(reader.tilePixels);
  for (const tile of reader.columns.flat()) {
    for (let query = 0; query < queries; query++) {
      reader.read(query, tile, buffer);
      for (let y = 0; y < tile.height; y++) {
        data.set(buffer.subarray(y * tile.width, (y + 1) * tile.width), (query * height + tile.top + y) * width + tile.left);
      }
    }
  }
  return { shape: [queries, height, width], data };
}

/** Σ probability · mask of each class at each pixel, by the definition: [K, height, width]. */
export function semanticSums(
  { shape: [queries, height, width], data }: FullMasks,
  probabilities: Float32Array,
): { shape: number[]; data: Float64Array } {
  const columns = probabilities.length / queries;
  const pixels = height * width;
  const sums = new Float64Array((columns - 1) * pixels);
  for (let query = 0; query < queries; query++) {
    for (let i = 0; i < pixels; i++) {
      const value = 1 / (1 + Math.exp(-data[query * pixels + i]!));
      for (let k = 0; k < columns - 1; k++) sums[k * pixels + i]! += probabilities[query * columns + k]! * value;
    }
  }
  return { shape: [columns - 1, height, width], data: sums };
}

/** The smallest difference of the best and the second best of K values over all pixels: [K, pixels]. */
export function smallestGap(values: Float64Array, pixels: number): number {
  let least = Infinity;
  for (let i = 0; i < pixels; i++) {
    let [first, second] = [-Infinity, -Infinity];
    for (let at = i; at < values.length; at += pixels) {
      const value = values[at]!;
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    least = Math.min(least, first - second);
  }
  return least;
}

/** FNV-1a, 32 bits, over one byte per pixel. */
export function pixelHash(pixels: ArrayLike<number>): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < pixels.length; i++) hash = Math.imul(hash ^ pixels[i]!, 0x01000193);
  return hash >>> 0;
}
