import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { type AxisTaps, axisTaps } from './axis-taps.ts';

/** Cells of the masks along the side of a tile. */
const TILE_CELLS = 8;

/** A rectangle of the picture, in pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** One of the rectangles that a picture is cut into. */
export interface Tile extends Rectangle {
  /** Place among all tiles, from 0. */
  readonly index: number;
}

/**
 * Masks at the size of the picture, read tile by tile and never held whole: between the cells of a mask its logits are bilinear, so that in a tile they stay
 * between the least and the largest of the cells around it.
 */
export class MaskReader {
  readonly queries: number;
  readonly width: number;
  readonly height: number;
  /** Columns of tiles from left to right, each from top to bottom. */
  readonly columns: readonly (readonly Tile[])[];
  readonly #logits: Float32Array;
  readonly #cells: readonly [height: number, width: number];
  readonly #rows: AxisTaps;
  readonly #across: AxisTaps;
  readonly #line: Float64Array;
  /** Least and largest logit by tile and mask, NaN until somebody asks. */
  readonly #bounds: Float32Array;

  /**
   * @param logits - [Q, h, w] over the canvas.
   * @param geometry - Its region is what is cut out of the canvas.
   * @throws VitaminError `USAGE` for logits of another rank.
   */
  constructor({ shape, data }: Tensor<'float32'>, geometry: ImageGeometry) {
    if (shape.length !== 3) throw new VitaminError('USAGE', `Expected mask logits [Q, h, w] but received [${shape.join(', ')}]`);
    const [queries, rows, across] = shape as [number, number, number];
    const { width, height, inputWidth, inputHeight, region } = geometry;
    this.queries = queries;
    this.width = width;
    this.height = height;
    this.#logits = data;
    this.#cells = [rows, across];
    this.#rows = axisTaps({ cells: rows, canvas: inputHeight, kept: kept(region.height, inputHeight), pixels: height });
    this.#across = axisTaps({ cells: across, canvas: inputWidth, kept: kept(region.width, inputWidth), pixels: width });
    this.#line = new Float64Array(across);
    const tops = cut(height, this.#rows.starts);
    this.columns = cut(width, this.#across.starts).map(([left, right], column) =>
      tops.map(([top, bottom], row) => ({ index: column * tops.length + row, left, top, width: right - left, height: bottom - top })),
    );
    this.#bounds = new Float32Array(2 * queries * this.columns.length * tops.length).fill(Number.NaN);
  }

  /** Pixels of the largest tile. */
  get tilePixels(): number {
    return Math.max(...this.columns.flat().map(({ width, height }) => width * height));
  }

  /** Least logit of a mask in a tile: a bound, which is reached only where a pixel lies on a cell. */
  least(query: number, tile: Tile): number {
    return this.#bounds[this.#bound(query, tile)]!;
  }

  /** Largest logit of a mask in a tile: a bound, as `least`. */
  most(query: number, tile: Tile): number {
    return this.#bounds[this.#bound(query, tile) + 1]!;
  }

  /** Place of the bounds of a mask in a tile, which are worked out when they are first needed. */
  #bound(query: number, tile: Tile): number {
    const at = 2 * (tile.index * this.queries + query);
    if (Number.isNaN(this.#bounds[at])) this.bounds(query, tile, this.#bounds, at);
    return at;
  }

  /** Writes the least and the largest logit of a mask in a rectangle: bounds, as `least` and `most`. */
  bounds(query: number, { left, top, width, height }: Rectangle, out: Float32Array | Float64Array, at: number): void {
    const logits = this.#logits;
    const [rows, across] = this.#cells;
    const [first, last] = cellsBetween(this.#rows, top, top + height - 1, rows);
    const [from, to] = cellsBetween(this.#across, left, left + width - 1, across);
    let least = Infinity;
    let most = -Infinity;
    for (let row = first; row <= last; row++) {
      const line = (query * rows + row) * across;
      for (let cell = line + from; cell <= line + to; cell++) {
        const logit = logits[cell]!;
        if (logit < least) least = logit;
        if (logit > most) most = logit;
      }
    }
    out[at] = least;
    out[at + 1] = most;
  }

  /** Logits of a mask in a rectangle, row by row, into the beginning of `out`. */
  read(query: number, { left, top, width, height }: Rectangle, out: Float64Array): void {
    const [rows, cells] = this.#cells;
    const { starts: rowStarts, weights: rowWeights, span: rowSpan } = this.#rows;
    const { starts, weights, span } = this.#across;
    const logits = this.#logits;
    const line = this.#line;
    const [from, to] = cellsBetween(this.#across, left, left + width - 1, cells);
    for (let y = 0; y < height; y++) {
      line.fill(0, from, to + 1);
      for (let i = 0; i < rowSpan; i++) {
        const weight = rowWeights[(top + y) * rowSpan + i]!;
        if (weight === 0) continue;
        const base = (query * rows + rowStarts[top + y]! + i) * cells;
        for (let cell = from; cell <= to; cell++) line[cell]! += weight * logits[base + cell]!;
      }
      for (let x = 0, at = left * span; x < width; x++) {
        const start = starts[left + x]!;
        let sum = 0;
        for (let j = 0; j < span; j++, at++) sum += weights[at]! * line[start + j]!;
        out[y * width + x] = sum;
      }
    }
  }
}

/** A file may say anything. */
function kept(pixels: number, canvas: number): number {
  return Math.min(Math.max(Math.round(pixels), 1), canvas);
}

/** The cells that some neighboring pixels are read from. */
function cellsBetween({ starts, span }: AxisTaps, first: number, last: number, cells: number): readonly [number, number] {
  return [starts[first]!, Math.min(starts[last]! + span, cells) - 1];
}

/** Cuts a side into pieces of pixels that begin within some cells of each other. */
function cut(pixels: number, starts: Int32Array): [from: number, to: number][] {
  const pieces: [number, number][] = [];
  for (let from = 0, to = 1; from < pixels; from = to) {
    for (to = from + 1; to < pixels && starts[to]! - starts[from]! < TILE_CELLS;) to++;
    pieces.push([from, to]);
  }
  return pieces;
}
