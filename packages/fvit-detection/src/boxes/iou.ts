/** The smallest union of mmdetection's overlaps: boxes without an area overlap with nothing. */
const MIN_UNION = 1e-6;

/**
 * Areas of boxes [x1, y1, x2, y2], four numbers each, without the "+ 1" of older detectors: (x2 - x1) · (y2 - y1).
 *
 * @example
 * ```ts
 * import { boxAreas } from '@vitamin-vlm/fvit-detection';
 * console.log(boxAreas(new Float32Array([0, 0, 4, 3]))); // Float64Array [ 12 ]
 * ```
 */
export function boxAreas(boxes: Float32Array): Float64Array {
  return Float64Array.from({ length: boxes.length / 4 }, (_, i) => {
    return (boxes[4 * i + 2]! - boxes[4 * i]!) * (boxes[4 * i + 3]! - boxes[4 * i + 1]!);
  });
}

/** Area that box `i` of `a` and box `j` of `b` have in common. */
export function intersection(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const width = Math.min(a[4 * i + 2]!, b[4 * j + 2]!) - Math.max(a[4 * i]!, b[4 * j]!);
  const height = Math.min(a[4 * i + 3]!, b[4 * j + 3]!) - Math.max(a[4 * i + 1]!, b[4 * j + 1]!);
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * Intersection over union of every box of `a` with every box of `b` (mmdetection's `bbox_overlaps`: the union is at least 1e-6).
 *
 * @param a - N boxes [x1, y1, x2, y2].
 * @param b - M boxes.
 * @returns N·M numbers from 0 to 1, row by row.
 * @example
 * ```ts
 * import { iouMatrix } from '@vitamin-vlm/fvit-detection';
 * console.log(iouMatrix(new Float32Array([0, 0, 4, 4]), new Float32Array([0, 0, 4, 2]))); // Float32Array [ 0.5 ]
 * ```
 */
export function iouMatrix(a: Float32Array, b: Float32Array): Float32Array {
  const [areasA, areasB] = [boxAreas(a), boxAreas(b)];
  const overlaps = new Float32Array(areasA.length * areasB.length);
  for (let i = 0, at = 0; i < areasA.length; i++) {
    for (let j = 0; j < areasB.length; j++, at++) {
      const common = intersection(a, i, b, j);
      if (common > 0) overlaps[at] = common / Math.max(areasA[i]! + areasB[j]! - common, MIN_UNION);
    }
  }
  return overlaps;
}
