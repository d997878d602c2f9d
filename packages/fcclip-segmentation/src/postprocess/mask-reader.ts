import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import { scaleToFit } from '../segment/prepare.ts';
import { type AxisTaps, axisTaps, roundHalfEven } from './axis-taps.ts';

/** Cells of the masks along the side of a tile. */
const TILE_CELLS = 8;

/** A rectangle of the picture, in pixels. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
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

  /**
   * @param logits - [Q, h, w] over the canvas.
   * @throws VitaminError `USAGE` for logits of another rank.
   */
  constructor({ shape, data }: Tensor<'float32'>, geometry: ImageGeometry) {
    if (shape.length !== 3) throw new VitaminError('USAGE', `Expected mask logits [Q, h, w] but received [${shape.join(', ')}]`);
    const [queries, rows, across] = shape as [number, number, number];
    const { width, height, inputWidth, inputHeight } = geometry;
    const scale = scaleToFit(geometry, { width: inputWidth, height: inputHeight });
    const kept = (pixels: number, canvas: number): number => Math.min(Math.max(roundHalfEven(pixels * scale), 1), canvas);
    this.queries = queries;
    this.width = width;
    this.height = height;
    this.#logits = data;
    this.#cells = [rows, across];
    this.#rows = axisTaps({ cells: rows, canvas: inputHeight, kept: kept(height, inputHeight), pixels: height });
    this.#across = axisTaps({ cells: across, canvas: inputWidth, kept: kept(width, inputWidth), pixels: width });
    this.#line = new Float64Array(across);
    const tops = cut(height, this.#rows.starts);
    this.columns = cut(width, this.#across.starts).map(([left, right]) =>
      tops.map(([top, bottom]) => ({ left, top, width: right - left, height: bottom - top })),
    );
  }

  /** Pixels of the largest tile. */
  get tilePixels(): number {
    return Math.max(...this.columns.flat().map(({ width, height }) => width * height));
  }

  /** Least and largest logit of a mask in a tile: bounds, which are reached only where a pixel lies on a cell. */
  bounds(query: number, { left, top, width, height }: Tile): readonly [least: number, most: number] {
    const [rows, across] = this.#cells;
    const [first, last] = cellsBetween(this.#rows, top, top + height - 1, rows);
    const [from, to] = cellsBetween(this.#across, left, left + width - 1, across);
    let least = Infinity;
    let most = -Infinity;
    for (let row = first; row <= last; row++) {
      const line = (query * rows + row) * across;
      for (let cell = line + from; cell <= line + to; cell++) {
        const logit = this.#logits[cell]!;
        if (logit < least) least = logit;
        if (logit > most) most = logit;
      }
    }
    return [least, most];
  }

  /** Logits of a mask in a tile, row by row, into the beginning of `out`. */
  read(query: number, { left, top, width, height }: Tile, out: Float64Array): void {
    const [rows, cells] = this.#cells;
    const { starts: rowStarts, weights: rowWeights, span: rowSpan } = this.#rows;
    const { starts, weights, span } = this.#across;
    const [from, to] = cellsBetween(this.#across, left, left + width - 1, cells);
    const line = this.#line;
    for (let y = 0; y < height; y++) {
      for (let cell = from; cell <= to; cell++) line[cell] = 0;
      for (let i = 0; i < rowSpan; i++) {
        const weight = rowWeights[(top + y) * rowSpan + i]!;
        if (weight === 0) continue;
        const base = (query * rows + rowStarts[top + y]! + i) * cells;
        for (let cell = from; cell <= to; cell++) line[cell]! += weight * this.#logits[base + cell]!;
      }
      for (let x = 0; x < width; x++) {
        const at = left + x;
        let sum = 0;
        for (let j = 0; j < span; j++) sum += weights[at * span + j]! * line[starts[at]! + j]!;
        out[y * width + x] = sum;
      }
    }
  }
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
