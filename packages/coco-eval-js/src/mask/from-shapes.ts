import { CocoEvalError, describe } from '../errors.ts';
import { mergeMasks } from './merge.ts';
import { Rasterizer } from './rasterize.ts';
import { checkMaskSize } from './rle.ts';
import { parseRleString } from './rle-string.ts';
import type { Rle, RleObject, Segmentation } from './types.ts';

/** A polygon part needs three points. */
const MIN_COORDINATES = 6;

/**
 * Rasterizes polygons (each `[x1, y1, x2, y2, ...]`) and unites them, by the reference's pixel-center rule (maskApi.c, rleFrPoly).
 * Parts with fewer than three points are left out. Parts outside the image are clipped.
 *
 * @throws CocoEvalError `BAD_MASK` for coordinates that are not finite, `LIMIT` for masks beyond 2^28 pixels and for polygons that
 *   cross 2^26 pixel columns and 1024 more for each point
 * @example
 * ```ts
 * import { maskArea, polygonsToRle } from 'coco-eval-js';
 * console.log(maskArea(polygonsToRle([[0, 0, 9, 0, 9, 9, 0, 9]], 20, 20))); // 81
 * ```
 */
export function polygonsToRle(polygons: readonly ArrayLike<number>[], height: number, width: number): Rle {
  checkMaskSize(height, width);
  const rasterizer = new Rasterizer();
  const parts: Rle[] = [];
  for (const polygon of polygons) {
    if (polygon.length < MIN_COORDINATES) continue;
    rasterizer.fill(polygon, 0, polygon.length, height, width);
    parts.push({ size: [height, width], counts: positionsToCounts(rasterizer.positions, rasterizer.length, height * width) });
  }
  if (parts.length === 0) return { size: [height, width], counts: Uint32Array.of(height * width) };
  return mergeMasks(parts);
}

/**
 * The mask of a box `[x, y, w, h]`: its four corners as a polygon, as the reference does (maskApi.c, rleFrBbox).
 *
 * @example
 * ```ts
 * import { bboxToRle, maskArea } from 'coco-eval-js';
 * console.log(maskArea(bboxToRle([2, 1, 3, 3], 10, 10))); // 9
 * ```
 */
export function bboxToRle(bbox: readonly number[], height: number, width: number): Rle {
  const [x = NaN, y = NaN, w = NaN, h = NaN] = bbox;
  return polygonsToRle([[x, y, x, y + h, x + w, y + h, x + w, y]], height, width);
}

/**
 * Takes a plain list of run lengths.
 *
 * @throws CocoEvalError `BAD_MASK` for run lengths that are not whole numbers >= 0, or that exceed the size
 * @example
 * ```ts
 * import { maskArea, uncompressedToRle } from 'coco-eval-js';
 * console.log(maskArea(uncompressedToRle([10, 5, 15], 5, 6))); // 5
 * ```
 */
export function uncompressedToRle(counts: ArrayLike<number>, height: number, width: number): Rle {
  checkMaskSize(height, width);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!Number.isInteger(count) || count < 0) {
      throw new CocoEvalError('BAD_MASK', `Expected run lengths of whole numbers >= 0 but run ${i} is ${count}`);
    }
    total += count;
  }
  if (total > height * width) {
    throw new CocoEvalError('BAD_MASK', `Expected runs of at most ${height * width} pixels but the list covers ${total}`);
  }
  return { size: [height, width], counts: Uint32Array.from(counts) };
}

/**
 * Any segmentation of a COCO file as an RLE: polygons use the given image size, an RLE its own `size`.
 *
 * @throws CocoEvalError `BAD_MASK` when it is none of the three forms
 * @example
 * ```ts
 * import { maskArea, segmentationToRle } from 'coco-eval-js';
 * console.log(maskArea(segmentationToRle({ size: [5, 6], counts: 'n0' }, 5, 6))); // 0
 * ```
 */
export function segmentationToRle(segmentation: Segmentation, height: number, width: number): Rle {
  if (Array.isArray(segmentation)) return polygonsToRle(segmentation as readonly (readonly number[])[], height, width);
  const { size, counts } = (segmentation ?? {}) as Partial<RleObject>;
  const h = size?.[0];
  const w = size?.[1];
  if (h === undefined || w === undefined || (typeof counts !== 'string' && !Array.isArray(counts))) {
    throw new CocoEvalError('BAD_MASK', `Expected polygons or { size, counts } but received ${describe(segmentation)}`);
  }
  return typeof counts === 'string' ? parseRleString(counts, h, w) : uncompressedToRle(counts, h, w);
}

/** Run lengths from sorted change positions: equal neighbors cancel, so a run of length 0 joins its neighbors. */
function positionsToCounts(positions: Int32Array, length: number, pixels: number): Uint32Array {
  const counts = new Uint32Array(length + 1);
  let n = 0;
  let previous = 0;
  for (let i = 0; i <= length; i++) {
    const position = i < length ? positions[i]! : pixels;
    if (position > previous || i === 0) {
      counts[n++] = position - previous;
    } else if (i < length) {
      // The zero run is left out and the following one is added to the run before it.
      const following = i + 1 < length ? positions[i + 1]! : pixels;
      counts[n - 1]! += following - position;
      previous = following;
      i++;
      continue;
    }
    previous = position;
  }
  return counts.slice(0, n);
}
