import { concat, roiAlign, type Value } from '@vitamin-vlm/graph';

/** Levels of the pyramid that regions are read from: P2 to P5. */
export const REGION_LEVELS = 4;

/** The regions of one level of the pyramid. */
export interface LevelRegions {
  /** [R, 4], x1, y1, x2, y2 in pixels of the network's input. */
  readonly boxes: Value;
  /** int64 [R], which picture of the batch each one is in. */
  readonly pictures: Value;
}

/**
 * Every region read from the level of its size on a grid of `size`² cells (RoIAlign, aligned, as many samples as there are cells below a bin):
 * [R, C, size, size], those of the first level first. `pyramid`: P2 to P5, `strides` their pixels per cell. `total`: name of the extent R.
 */
export function regionFeatures(
  pyramid: readonly Value[],
  strides: readonly number[],
  regions: readonly LevelRegions[],
  size: number,
  total: string,
): Value {
  const parts = strides.map((stride, level) => {
    const { boxes, pictures } = regions[level]!;
    return roiAlign(pyramid[level]!, boxes, pictures, { size: [size, size], scale: 1 / stride });
  });
  return concat(parts, 0, total);
}
