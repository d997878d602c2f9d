import { CocoEvalError } from '../errors.ts';
import type { Rle } from './types.ts';

/** Masks beyond 2^28 pixels (16384 x 16384) are refused before anything is allocated. */
export const MAX_MASK_PIXELS: number = 2 ** 28;

/** How the pixels of an array lie: `row` is `y * width + x` (canvas, sharp), `column` is `x * height + y` (numpy order F, as in pycocotools). */
export type MaskLayout = 'row' | 'column';

/** Throws `LIMIT` or `BAD_MASK` unless height and width are whole numbers >= 0 whose product stays within `MAX_MASK_PIXELS`. */
export function checkMaskSize(height: number, width: number, index?: number): void {
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 0 || width < 0) {
    throw new CocoEvalError('BAD_MASK', `Expected a mask size of two whole numbers >= 0 but received [${height}, ${width}]`, { index });
  }
  if (height * width > MAX_MASK_PIXELS) {
    throw new CocoEvalError('LIMIT', `Expected at most ${MAX_MASK_PIXELS} pixels in a mask but received ${height} x ${width}`, { index });
  }
}

/**
 * Run-length encodes a mask. Every non-zero byte is foreground.
 *
 * @param mask `height * width` bytes
 * @throws CocoEvalError `BAD_MASK` when the length does not fit the size, `LIMIT` beyond 2^28 pixels
 * @example
 * ```ts
 * import { encodeMask } from 'coco-eval-js';
 * const rle = encodeMask(new Uint8Array([0, 1, 0, 1]), 2, 2); // two rows of "0 1"
 * console.log([...rle.counts]); // [2, 2]
 * ```
 */
export function encodeMask(mask: ArrayLike<number>, height: number, width: number, layout: MaskLayout = 'row'): Rle {
  checkMaskSize(height, width);
  if (mask.length !== height * width) {
    throw new CocoEvalError('BAD_MASK', `Expected ${height * width} pixels but received ${mask.length}`);
  }
  const counts: number[] = [];
  const stepY = layout === 'row' ? width : 1;
  const stepX = layout === 'row' ? 1 : height;
  let run = 0;
  let value = false;
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x * stepX; y < height; y++, at += stepY) {
      if ((mask[at] !== 0) !== value) {
        counts.push(run);
        run = 0;
        value = !value;
      }
      run++;
    }
  }
  counts.push(run);
  return { size: [height, width], counts: Uint32Array.from(counts) };
}

/**
 * Expands an RLE to one byte a pixel (0 or 1). Runs that stop early leave background.
 *
 * @throws CocoEvalError `BAD_MASK` when the runs exceed the size, `LIMIT` beyond 2^28 pixels
 * @example
 * ```ts
 * import { decodeMask } from 'coco-eval-js';
 * console.log([...decodeMask({ size: [2, 2], counts: Uint32Array.of(2, 2) })]); // [0, 1, 0, 1]
 * ```
 */
export function decodeMask(rle: Rle, layout: MaskLayout = 'row'): Uint8Array {
  const [height, width] = rle.size;
  checkMaskSize(height, width);
  const mask = new Uint8Array(height * width);
  let at = 0;
  for (let i = 0; i < rle.counts.length; i++) {
    const end = at + rle.counts[i]!;
    if (end > mask.length) {
      throw new CocoEvalError('BAD_MASK', `Expected runs of at most ${mask.length} pixels but the first ${i + 1} runs cover ${end}`);
    }
    if (i % 2 === 1) {
      if (layout === 'column') mask.fill(1, at, end);
      else for (let p = at; p < end; p++) mask[(p % height) * width + Math.floor(p / height)] = 1;
    }
    at = end;
  }
  return mask;
}

/**
 * Number of foreground pixels.
 *
 * @example
 * ```ts
 * import { maskArea } from 'coco-eval-js';
 * console.log(maskArea({ size: [2, 2], counts: Uint32Array.of(2, 2) })); // 2
 * ```
 */
export function maskArea(rle: Rle): number {
  let area = 0;
  for (let i = 1; i < rle.counts.length; i += 2) area += rle.counts[i]!;
  return area;
}

/**
 * The smallest box `[x, y, width, height]` around the foreground; all zero when there is none (maskApi.c, rleToBbox).
 *
 * @example
 * ```ts
 * import { maskToBbox } from 'coco-eval-js';
 * console.log(maskToBbox({ size: [2, 2], counts: Uint32Array.of(2, 2) })); // [1, 0, 1, 2]
 * ```
 */
export function maskToBbox(rle: Rle): [x: number, y: number, width: number, height: number] {
  const [height] = rle.size;
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  let end = 0;
  for (let i = 0; i < rle.counts.length; i++) {
    const start = end;
    end += rle.counts[i]!;
    if (i % 2 === 0 || end === start) continue;
    const firstColumn = Math.floor(start / height);
    const lastColumn = Math.floor((end - 1) / height);
    left = Math.min(left, firstColumn);
    right = Math.max(right, lastColumn);
    // A run that wraps into the next column touches both the bottom and the top row.
    top = Math.min(top, firstColumn < lastColumn ? 0 : start % height);
    bottom = Math.max(bottom, firstColumn < lastColumn ? height - 1 : (end - 1) % height);
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}
