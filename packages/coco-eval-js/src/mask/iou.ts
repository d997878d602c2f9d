import { CocoEvalError } from '../errors.ts';
import { maskArea, maskToBbox } from './rle.ts';
import type { Rle } from './types.ts';

/**
 * Intersection over union of two boxes `[x, y, w, h]` at `a[i..i+3]` and `b[j..j+3]`; for a crowd region `b`, intersection over the area of `a`.
 * No "+1": boxes are continuous; sizes <= 0 give 0 (maskApi.c, bbIou).
 */
export function boxPairIou(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, crowd: boolean): number {
  const [ax, ay, aw, ah] = [a[i]!, a[i + 1]!, a[i + 2]!, a[i + 3]!];
  const [bx, by, bw, bh] = [b[j]!, b[j + 1]!, b[j + 2]!, b[j + 3]!];
  const w = Math.min(aw + ax, bw + bx) - Math.max(ax, bx);
  if (w <= 0) return 0;
  const h = Math.min(ah + ay, bh + by) - Math.max(ay, by);
  if (h <= 0) return 0;
  const intersection = w * h;
  return intersection / (crowd ? aw * ah : aw * ah + bw * bh - intersection);
}

function checkCrowd(crowd: readonly (number | boolean)[], groundTruths: number): void {
  if (crowd.length !== groundTruths) {
    throw new CocoEvalError('USAGE', `Expected ${groundTruths} crowd flags, one for each ground truth, but received ${crowd.length}`);
  }
}

/**
 * IoU of every detection box with every ground truth box, row-major `detections x groundTruths`.
 *
 * @param crowd one flag for each ground truth; a crowd region is divided by the detection's area instead of the union
 * @example
 * ```ts
 * import { bboxIou } from 'coco-eval-js';
 * console.log([...bboxIou([[0, 0, 10, 10]], [[5, 0, 10, 10]], [false])]); // [0.3333333333333333]
 * ```
 */
export function bboxIou(
  detections: readonly (readonly number[])[],
  groundTruths: readonly (readonly number[])[],
  crowd: readonly (number | boolean)[],
): Float64Array {
  checkCrowd(crowd, groundTruths.length);
  const out = new Float64Array(detections.length * groundTruths.length);
  detections.forEach((d, i) => {
    groundTruths.forEach((g, j) => {
      out[i * groundTruths.length + j] = boxPairIou(d, 0, g, 0, Boolean(crowd[j]));
    });
  });
  return out;
}

/**
 * IoU of every detection mask with every ground truth mask, row-major `detections x groundTruths`. Masks of different sizes give -1 where their
 * boxes overlap, as in the reference (maskApi.c, rleIou).
 *
 * @example
 * ```ts
 * import { maskIou, polygonsToRle } from 'coco-eval-js';
 * const a = polygonsToRle([[0, 0, 10, 0, 10, 10, 0, 10]], 20, 20);
 * const b = polygonsToRle([[5, 0, 15, 0, 15, 10, 5, 10]], 20, 20);
 * console.log([...maskIou([a], [b], [false])]); // [0.3333333333333333]
 * ```
 */
export function maskIou(detections: readonly Rle[], groundTruths: readonly Rle[], crowd: readonly (number | boolean)[]): Float64Array {
  checkCrowd(crowd, groundTruths.length);
  const out = new Float64Array(detections.length * groundTruths.length);
  const boxes = groundTruths.map(maskToBbox);
  const areas = groundTruths.map(maskArea);
  detections.forEach((d, i) => {
    const box = maskToBbox(d);
    const area = maskArea(d);
    groundTruths.forEach((g, j) => {
      const isCrowd = Boolean(crowd[j]);
      if (boxPairIou(box, 0, boxes[j]!, 0, isCrowd) > 0) {
        out[i * groundTruths.length + j] = rlePairIou(d, area, g, areas[j]!, isCrowd);
      }
    });
  });
  return out;
}

function rlePairIou(d: Rle, dArea: number, g: Rle, gArea: number, crowd: boolean): number {
  if (d.size[0] !== g.size[0] || d.size[1] !== g.size[1]) return -1;
  const intersection = rleIntersection(d.counts, g.counts);
  return intersection === 0 ? 0 : intersection / (crowd ? dArea : dArea + gArea - intersection);
}

function rleIntersection(a: Uint32Array, b: Uint32Array): number {
  let total = 0;
  // [start, end) of the current foreground run on each side.
  let [i, j, startA, endA, startB, endB] = [1, 1, a[0] ?? 0, 0, b[0] ?? 0, 0];
  while (i < a.length && j < b.length) {
    endA = startA + a[i]!;
    endB = startB + b[j]!;
    total += Math.max(0, Math.min(endA, endB) - Math.max(startA, startB));
    if (endA <= endB) {
      startA = endA + (a[i + 1] ?? 0);
      i += 2;
    } else {
      startB = endB + (b[j + 1] ?? 0);
      j += 2;
    }
  }
  return total;
}
