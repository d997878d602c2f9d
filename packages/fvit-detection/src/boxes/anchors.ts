/** Side of an anchor in cells of its level, and heights over widths. */
const SCALE = 8;
const RATIOS = [0.5, 1, 2] as const;

/** Boxes that the region proposal network starts from at every cell. */
export const ANCHORS_PER_CELL: number = RATIOS.length;

/** One level of the pyramid: pixels per cell, and cells. */
export interface Level {
  readonly stride: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The anchors of a cell at the origin: area (8 · stride)², height over width 0.5, 1, 2. Rounded to float32 step by step, as mmdetection makes them.
 *
 * @returns 3 boxes [x1, y1, x2, y2] around 0.
 * @example
 * ```ts
 * import { baseAnchors } from '@vitamin-vlm/fvit-detection';
 * console.log(baseAnchors(4).subarray(4, 8)); // Float32Array [ -16, -16, 16, 16 ]
 * ```
 */
export function baseAnchors(stride: number): Float32Array {
  const side = stride * SCALE;
  return Float32Array.from(
    RATIOS.flatMap((ratio) => {
      const rise = Math.fround(Math.sqrt(ratio));
      const [halfWidth, halfHeight] = [(side * Math.fround(1 / rise)) / 2, (side * rise) / 2];
      return [-halfWidth, -halfHeight, halfWidth, halfHeight];
    }),
  );
}

/**
 * All anchors of a level. The center of cell (x, y) is (x · stride, y · stride), without half a cell; order: rows, columns, ratios.
 *
 * @returns 3 · height · width boxes [x1, y1, x2, y2] in pixels of the network's input.
 * @example
 * ```ts
 * import { levelAnchors } from '@vitamin-vlm/fvit-detection';
 * console.log(levelAnchors({ stride: 4, height: 224, width: 224 }).length / 4); // 150528
 * ```
 */
export function levelAnchors({ stride, height, width }: Level): Float32Array {
  const base = baseAnchors(stride);
  const anchors = new Float32Array(height * width * base.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < base.length; i++) anchors[at++] = base[i]! + stride * (i % 2 === 0 ? x : y);
    }
  }
  return anchors;
}
