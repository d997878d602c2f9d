import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { visitCounts, type WindowGrid } from './grid.ts';

/** Finished rows of a stitched map. */
export interface MapRows {
  /** First row of the map in `data`. */
  readonly top: number;
  readonly rows: number;
  /** [C, rows, W], averaged. The receiver may keep it. */
  readonly data: Float32Array;
}

/** Shape of the map of one network output. */
export interface StitcherOptions {
  readonly channels: number;
  /** Pixels per cell of the map: 2, 4, 8, 16 ... The window must be a multiple of it. */
  readonly stride: number;
  /** Receives the rows of the map from top to bottom, as soon as no later window touches them. */
  readonly onRows: (rows: MapRows) => void;
}

/**
 * Averages the feature maps of overlapping windows into the map of the whole picture, as a stream: only as many rows as a window is high are
 * held. A window's map is added at its start divided by the cell size, rounded down, and each cell is divided by its number of visits.
 *
 * Windows come in row-major order (`windowPositions`).
 *
 * @example
 * ```ts
 * import { collectRows, Stitcher, windowGrid } from '@vitamin-vlm/backbone';
 * const grid = windowGrid(96, 112, 64, 24); // 3 x 3 windows
 * const { map, onRows } = collectRows(grid, 8, 16);
 * const stitcher = new Stitcher(grid, { channels: 8, stride: 16, onRows });
 * for (let i = 0; i < 9; i++) stitcher.add(new Float32Array(8 * 4 * 4).fill(1));
 * stitcher.finish();
 * console.log(map.shape, map.data[0]); // [ 1, 8, 6, 7 ] 1
 * ```
 */
export class Stitcher {
  readonly #grid: WindowGrid;
  readonly #options: StitcherOptions;
  /** Cells along a window's side. */
  readonly #side: number;
  readonly #width: number;
  readonly #height: number;
  readonly #rowVisits: Uint32Array;
  readonly #columnVisits: Uint32Array;
  /** Ring of rows, [C, side, W]: row y of the map lies at y modulo side. */
  readonly #sums: Float32Array;
  #next = 0;

  /** @throws VitaminError `USAGE` when the window is no multiple of the map's stride. */
  constructor(grid: WindowGrid, options: StitcherOptions) {
    const { channels, stride } = options;
    if (grid.window % stride !== 0) {
      throw new VitaminError('USAGE', `Expected a window that is a multiple of the map's stride ${stride} but received ${grid.window}`);
    }
    this.#grid = grid;
    this.#options = options;
    this.#side = grid.window / stride;
    this.#height = Math.floor(grid.height / stride);
    this.#width = Math.floor(grid.width / stride);
    this.#rowVisits = visitCounts(grid.tops, grid.window, this.#height, stride);
    this.#columnVisits = visitCounts(grid.lefts, grid.window, this.#width, stride);
    this.#sums = new Float32Array(channels * this.#side * this.#width);
  }

  /**
   * Adds the next window.
   *
   * @param map - [C, side, side] values of one window, e.g. a part of a batch.
   * @throws VitaminError `USAGE` for a map of another size or one window too many.
   */
  add(map: Float32Array): void {
    const { tops, lefts } = this.#grid;
    const { channels, stride } = this.#options;
    const side = this.#side;
    if (map.length !== channels * side * side) {
      throw new VitaminError('USAGE', `Expected a window map of ${channels * side * side} values but received ${map.length}`);
    }
    const row = Math.floor(this.#next / lefts.length);
    if (row >= tops.length) throw new VitaminError('USAGE', `Expected ${tops.length * lefts.length} windows but received one more`);
    const top = Math.floor(tops[row]! / stride);
    const left = Math.floor(lefts[this.#next % lefts.length]! / stride);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < side; y++) {
        let to = (c * side + ((top + y) % side)) * this.#width + left;
        let from = (c * side + y) * side;
        for (let x = 0; x < side; x++) this.#sums[to++]! += map[from++]!;
      }
    }
    this.#next++;
    if (this.#next % lefts.length === 0) {
      const end = row + 1 < tops.length ? Math.floor(tops[row + 1]! / stride) : this.#height;
      if (end > top) this.#emit(top, end);
    }
  }

  /** Hands out the rows [top, end), which no later window touches, and clears them for reuse. */
  #emit(top: number, end: number): void {
    const { channels, onRows } = this.#options;
    const width = this.#width;
    const rows = end - top;
    const data = new Float32Array(channels * rows * width);
    let to = 0;
    for (let c = 0; c < channels; c++) {
      for (let y = top; y < end; y++) {
        const from = (c * this.#side + (y % this.#side)) * width;
        const visits = this.#rowVisits[y]!;
        for (let x = 0; x < width; x++) {
          data[to++] = this.#sums[from + x]! / (visits * this.#columnVisits[x]!);
          this.#sums[from + x] = 0;
        }
      }
    }
    onRows({ top, rows, data });
  }

  /** @throws VitaminError `USAGE` when windows are missing. */
  finish(): void {
    const count = this.#grid.tops.length * this.#grid.lefts.length;
    if (this.#next < count) throw new VitaminError('USAGE', `Expected ${count} windows but received ${this.#next}`);
  }
}

/**
 * A receiver that puts the rows of a stitched map together: `map` [1, C, H, W] is complete after `finish`.
 *
 * @example
 * ```ts
 * import { collectRows, windowGrid } from '@vitamin-vlm/backbone';
 * const { map, onRows } = collectRows(windowGrid(64, 96, 64, 32), 1, 16); // onRows goes to a Stitcher
 * console.log(map.shape); // [ 1, 1, 4, 6 ]
 * ```
 */
export function collectRows(
  grid: WindowGrid,
  channels: number,
  stride: number,
): { map: Tensor<'float32'>; onRows: (rows: MapRows) => void } {
  const height = Math.floor(grid.height / stride);
  const width = Math.floor(grid.width / stride);
  const map = tensor('float32', [1, channels, height, width]);
  const onRows = ({ top, rows, data }: MapRows): void => {
    for (let c = 0; c < channels; c++) {
      map.data.set(data.subarray(c * rows * width, (c + 1) * rows * width), (c * height + top) * width);
    }
  };
  return { map, onRows };
}
