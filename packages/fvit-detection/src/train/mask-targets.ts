import { roiWeights } from '@vitamin-vlm/graph';
import { MASK_GRID } from '../models/mask-head.ts';

/** Side of a mask. */
export const MASK_SIDE: number = 2 * MASK_GRID;

/** A bitmap of the canvas, or of the part of it that holds the picture: 1 inside, row by row. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * What a region's mask is to be: the bitmap of its thing read over the region like a feature map (RoIAlign, aligned), 1 where at least half is inside.
 *
 * @param box - x1, y1, x2, y2 in pixels of the bitmap; clipped to it.
 * @returns 28 · 28 numbers, 0 or 1.
 */
export function maskTarget({ width, height, data }: Bitmap, box: ArrayLike<number>): Float32Array {
  const clipped = Array.from(box, (side, i) => Math.min(Math.max(side, 0), i % 2 === 0 ? width : height));
  const size = [MASK_SIDE, MASK_SIDE] as const;
  const { rows, columns } = roiWeights({ boxes: clipped, images: [0], maps: [1, height, width], size, scale: 1 });
  const target = new Float32Array(MASK_SIDE ** 2);
  const line = new Float32Array(width);
  for (let p = 0; p < MASK_SIDE; p++) {
    line.fill(0);
    for (let y = 0; y < height; y++) {
      const weight = rows.data[p * height + y]!;
      if (weight > 0) for (let x = 0; x < width; x++) line[x]! += weight * data[y * width + x]!;
    }
    for (let q = 0; q < MASK_SIDE; q++) {
      let value = 0;
      for (let x = 0; x < width; x++) value += columns.data[q * width + x]! * line[x]!;
      target[p * MASK_SIDE + q] = value >= 0.5 ? 1 : 0;
    }
  }
  return target;
}
