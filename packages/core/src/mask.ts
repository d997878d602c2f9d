import { VitaminError } from './errors.ts';

/**
 * Which pixels of a picture belong to a thing, as COCO's run lengths: column-major (`index = x * height + y`), first a run outside the mask, which may be
 * 0, then one inside, and so on. Small whatever the size of the picture, and `toRleObject` of coco-eval-js writes it as COCO files have it.
 */
export interface Mask {
  /** Of the whole picture, `[height, width]`. */
  readonly size: readonly [height: number, width: number];
  /** The lengths of the runs; they sum to at most `height * width`, and what is left is outside. */
  readonly counts: Uint32Array;
}

/** Masks beyond 2^28 pixels (16384 x 16384) are refused before anything is allocated. */
const MAX_PIXELS = 2 ** 28;

/**
 * The mask of the pixels that are not 0.
 *
 * @param bitmap `width * height` bytes, row-major.
 * @throws VitaminError `USAGE` when the number of bytes is not `width * height` or is above 2^28.
 * @example
 * ```ts
 * import { encodeMask } from '@vitamin-vlm/core';
 * const mask = encodeMask(new Uint8Array([0, 1, 0, 1]), 2, 2); // two rows of "0 1"
 * console.log([...mask.counts]); // [2, 2]
 * ```
 */
export function encodeMask(bitmap: Uint8Array, width: number, height: number): Mask {
  checkSize(width, height);
  if (bitmap.length !== width * height) {
    throw new VitaminError('USAGE', `Expected ${width * height} bytes for a mask of ${width} x ${height} but received ${bitmap.length}`);
  }
  const counts: number[] = [];
  let run = 0;
  let inside = false;
  for (let x = 0; x < width; x++) {
    for (let at = x; at < bitmap.length; at += width) {
      if ((bitmap[at] !== 0) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  counts.push(run);
  return { size: [height, width], counts: Uint32Array.from(counts) };
}

/**
 * A mask as one byte a pixel, row-major: 1 inside, 0 outside.
 *
 * @throws VitaminError `USAGE` when the runs exceed the size, or the size 2^28 pixels.
 * @example
 * ```ts
 * import { decodeMask } from '@vitamin-vlm/core';
 * console.log([...decodeMask({ size: [2, 2], counts: Uint32Array.of(2, 2) })]); // [0, 1, 0, 1]
 * ```
 */
export function decodeMask(mask: Mask): Uint8Array {
  const [height, width] = mask.size;
  checkSize(width, height);
  const bitmap = new Uint8Array(width * height);
  for (const [x, top, bottom] of maskColumns(mask)) {
    for (let y = top; y < bottom; y++) bitmap[y * width + x] = 1;
  }
  return bitmap;
}

/**
 * The vertical strokes of a mask, from left to right: column `x`, rows from `top` to before `bottom`. A way to read a mask without a byte per pixel.
 *
 * @throws VitaminError `USAGE` when the runs exceed the size, or the size 2^28 pixels.
 * @example
 * ```ts
 * import { maskColumns } from '@vitamin-vlm/core';
 * let area = 0;
 * for (const [, top, bottom] of maskColumns({ size: [2, 2], counts: Uint32Array.of(2, 2) })) area += bottom - top;
 * console.log(area); // 2
 * ```
 */
export function* maskColumns({ size, counts }: Mask): Generator<readonly [x: number, top: number, bottom: number]> {
  const [height, width] = size;
  checkSize(width, height);
  let end = 0;
  for (let i = 0; i < counts.length; i++) {
    let at = end;
    end += counts[i]!;
    if (end > width * height) {
      throw new VitaminError(
        'USAGE',
        `Expected the runs of a mask to cover at most ${width} x ${height} pixels but the first ${i + 1} cover ${end}`,
      );
    }
    if (i % 2 === 0) continue;
    while (at < end) {
      const x = Math.floor(at / height);
      const stop = Math.min(end, (x + 1) * height);
      yield [x, at - x * height, stop - x * height];
      at = stop;
    }
  }
}

function checkSize(width: number, height: number): void {
  const valid = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width >= 0 && height >= 0 && width * height <= MAX_PIXELS;
  if (!valid) throw new VitaminError('USAGE', `Expected a mask of at most ${MAX_PIXELS} pixels but received ${width} x ${height}`);
}
