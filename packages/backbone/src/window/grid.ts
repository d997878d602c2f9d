import { VitaminError } from '@vitamin-vlm/core';

/** How square windows lie on a picture. All sizes in pixels of the network's input. */
export interface WindowGrid {
  readonly height: number;
  readonly width: number;
  /** Side of a window. */
  readonly window: number;
  /** First row of each row of windows, rising. */
  readonly tops: readonly number[];
  /** First column of each column of windows, rising. */
  readonly lefts: readonly number[];
}

/** One window: its first row and column, and its place in row-major order. */
export interface WindowPosition {
  readonly index: number;
  readonly top: number;
  readonly left: number;
}

/** How windows are laid. */
export interface GridOptions {
  /**
   * Pixels of a cell that every window starts on: starts are rounded down to it. A map is pasted where the floor of its start falls, up to a
   * cell less a pixel too early where the start lies inside of a cell; published detectors are trained with that. Aligned windows see exactly
   * what is pasted. Default 1: published behavior.
   */
  readonly align?: number | undefined;
}

/**
 * Where windows start along one side: every `stride` pixels, the last one shifted back so that it ends at the border
 * (the rule of Sliding F-ViT and Sliding FC-CLIP).
 *
 * @throws VitaminError `USAGE` when the side is shorter than the window (pad first), the stride leaves gaps, or the side cannot be aligned.
 * @example
 * ```ts
 * import { windowStarts } from '@vitamin-vlm/backbone';
 * console.log(windowStarts(896, 336, 168)); // [ 0, 168, 336, 504, 560 ]
 * ```
 */
export function windowStarts(length: number, window: number, stride: number, options: GridOptions = {}): number[] {
  const { align = 1 } = options;
  for (const [name, value] of Object.entries({ length, window, stride, align })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new VitaminError('USAGE', `Expected a positive whole number for the ${name} but received ${value}`);
    }
  }
  if (stride > window) {
    throw new VitaminError('USAGE', `Expected a window stride of at most ${window} but received ${stride}`, {
      hint: 'A longer stride would leave pixels that no window sees.',
    });
  }
  if (length < window) {
    throw new VitaminError('USAGE', `Expected a side of at least ${window} pixels, the window, but received ${length}`, {
      hint: `Pad the picture to ${window} pixels first.`,
    });
  }
  if ((length - window) % align !== 0) {
    throw new VitaminError(
      'USAGE',
      `Expected a side and a window that differ by a multiple of ${align} but received ${length} and ${window}`,
    );
  }
  const count = Math.floor((length - window + stride - 1) / stride) + 1;
  return Array.from({ length: count }, (_, i) => Math.min(Math.floor((i * stride) / align) * align, length - window));
}

/**
 * The windows over a whole picture.
 *
 * @throws VitaminError `USAGE` as `windowStarts` does.
 * @example
 * ```ts
 * import { windowGrid } from '@vitamin-vlm/backbone';
 * const grid = windowGrid(896, 896, 336, 168);
 * console.log(grid.tops.length * grid.lefts.length); // 25
 * ```
 */
export function windowGrid(height: number, width: number, window: number, stride: number, options: GridOptions = {}): WindowGrid {
  const [tops, lefts] = [height, width].map((side) => windowStarts(side, window, stride, options)) as [number[], number[]];
  return { height, width, window, tops, lefts };
}

/**
 * The windows of a grid in row-major order: left to right, then down. This is the order in which they are stitched.
 *
 * @example
 * ```ts
 * import { windowGrid, windowPositions } from '@vitamin-vlm/backbone';
 * console.log(windowPositions(windowGrid(64, 96, 64, 32))); // [ { index: 0, top: 0, left: 0 }, { index: 1, top: 0, left: 32 } ]
 * ```
 */
export function windowPositions({ tops, lefts }: WindowGrid): WindowPosition[] {
  return tops.flatMap((top, row) => lefts.map((left, column) => ({ index: row * lefts.length + column, top, left })));
}

/**
 * How many windows see each cell of a feature map along one side. The visits of a cell are the product of its row's and its column's.
 *
 * @param starts - Window starts in pixels.
 * @param cells - Cells along the side of the map: side // cell size.
 * @param cell - Pixels per cell, the stride of the map.
 */
export function visitCounts(starts: readonly number[], window: number, cells: number, cell: number): Uint32Array {
  const counts = new Uint32Array(cells);
  for (const start of starts) {
    // Floor division of the start: with a start between two cells the window lands up to one cell minus a pixel too early, as in the original.
    const first = Math.floor(start / cell);
    for (let i = first; i < first + window / cell; i++) counts[i]!++;
  }
  return counts;
}
