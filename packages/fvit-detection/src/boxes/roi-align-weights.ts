import { VitaminError } from '@vitamin-vlm/core';

/** A grid of output cells per box, over a feature map. */
export interface RoiAlignOptions {
  /** Cells of the map along this side. */
  readonly cells: number;
  /** Map cells per pixel of the boxes: 1 / stride. */
  readonly scale: number;
  /** Output bins per box along this side. */
  readonly bins: number;
  /** Samples per bin; 0 (default): as many as the bin is long in map cells, rounded up. */
  readonly sampling?: number | undefined;
}

/**
 * RoIAlign along one side as a matrix (mmcv and torchvision with `aligned=True`): the result of a box is `rows · map · columnsᵀ`, because the
 * bilinear samples of a bin are a product grid. With one bin per box, all boxes of a picture are then one matrix product.
 *
 * A box from `start` to `end` covers start · scale - 0.5 to end · scale - 0.5. Samples before -1 or beyond the map count as zeros; others are moved into it.
 * A box of no length has no samples, and so the value 0, unless `sampling` is given.
 *
 * @param rois - N boxes [x1, y1, x2, y2].
 * @param axis - 0 for x and columns, 1 for y and rows.
 * @returns N · bins rows of `cells` weights.
 * @throws VitaminError `USAGE` for counts that are not positive whole numbers.
 * @example
 * ```ts
 * import { roiAlignWeights } from '@vitamin-vlm/fvit-detection';
 * const columns = roiAlignWeights(new Float32Array([8, 8, 24, 24]), 0, { cells: 4, scale: 1 / 8, bins: 1 });
 * console.log(columns); // Float32Array [ 0, 0.5, 0.5, 0 ]: the two cells from 8 to 24
 * ```
 */
export function roiAlignWeights(rois: Float32Array, axis: 0 | 1, { cells, scale, bins, sampling = 0 }: RoiAlignOptions): Float32Array {
  for (const count of [cells, bins]) {
    if (!Number.isInteger(count) || count < 1)
      throw new VitaminError('USAGE', `Expected positive numbers of cells and bins but received ${count}`);
  }
  const weights = new Float32Array((rois.length / 4) * bins * cells);
  for (let roi = 0, row = 0; roi < rois.length; roi += 4) {
    const start = rois[roi + axis]! * scale - 0.5;
    const bin = (rois[roi + axis + 2]! * scale - 0.5 - start) / bins;
    const samples = sampling > 0 ? sampling : Math.ceil(bin);
    for (let b = 0; b < bins; b++, row += cells) {
      // In the order of the original: a sample that falls exactly on -1 or on the last cell still counts.
      for (let k = 0; k < samples; k++) addSample(weights, row, cells, start + b * bin + ((k + 0.5) * bin) / samples, 1 / samples);
    }
  }
  return weights;
}

/** Spreads one sample over the two cells beside it. */
function addSample(weights: Float32Array, row: number, cells: number, position: number, share: number): void {
  if (position < -1 || position > cells) return;
  const inside = Math.min(Math.max(position, 0), cells - 1);
  const low = Math.floor(inside);
  const high = Math.min(low + 1, cells - 1);
  weights[row + low]! += share * (low + 1 - inside);
  if (high > low) weights[row + high]! += share * (inside - low);
}
