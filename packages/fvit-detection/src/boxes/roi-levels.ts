/** Boxes up to twice this side belong to the finest level. */
const FINEST_SIDE = 56;

/**
 * The level of the pyramid that a box is read from, by its size (mmdetection's SingleRoIExtractor): floor(log2(√area / 56 + 1e-6)), limited to the levels that
 * are there. With strides 4, 8, 16, 32: below 112 pixels level 0, below 224 level 1, below 448 level 2, else level 3.
 *
 * @param rois - N boxes [x1, y1, x2, y2] in pixels of the network's input.
 * @param levels - How many levels there are.
 * @example
 * ```ts
 * import { roiLevels } from '@vitamin-vlm/fvit-detection';
 * console.log(roiLevels(new Float32Array([0, 0, 300, 170]), 4)); // Uint8Array [ 2 ]
 * ```
 */
export function roiLevels(rois: Float32Array, levels: number): Uint8Array {
  return Uint8Array.from({ length: rois.length / 4 }, (_, i) => {
    const area = (rois[4 * i + 2]! - rois[4 * i]!) * (rois[4 * i + 3]! - rois[4 * i + 1]!);
    const level = Math.floor(Math.log2(Math.sqrt(area) / FINEST_SIDE + 1e-6));
    return Math.min(Math.max(level, 0), levels - 1);
  });
}
