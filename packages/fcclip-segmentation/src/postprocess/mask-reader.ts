import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { type AxisTaps, axisTaps } from './axis-taps.ts';

/** Cells of the masks along the side of a tile. */
const TILE_CELLS = 8;

/** Cells that a pixel is read from along a side, of masks that are much smaller or not much larger than the picture: the loops over them are written out. */
const USUAL_SPAN = 3;

/** A rectangle of the picture, in pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What a network needs to read masks in a rectangle: rows · cells · columns are their logits there. */
export interface MaskBlock {
  /** [M, r, c] */
  readonly cells: Tensor<'float32'>;
  /** [height, r] */
  readonly rows: Tensor<'float32'>;
  /** [c, width] */
  readonly columns: Tensor<'float32'>;
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

  /**
   * Rectangles that cover the picture, no smaller than a tile, and no smaller than so many pixels along a side but for the last ones.
   */
  blocks(side: number): Rectangle[] {
    const tops = cut(this.height, this.#rows.starts, side);
    return cut(this.width, this.#across.starts, side).flatMap(([left, right]) =>
      tops.map(([top, bottom]) => ({ left, top, width: right - left, height: bottom - top })),
    );
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

  /** The cells of some masks around a rectangle, and how its pixels are read from them. */
  block(queries: readonly number[], { left, top, width, height }: Rectangle): MaskBlock {
    const [rows, across] = this.#cells;
    const [first, last] = cellsBetween(this.#rows, top, top + height - 1, rows);
    const [from, to] = cellsBetween(this.#across, left, left + width - 1, across);
    const [r, c] = [last - first + 1, to - from + 1];
    const cells = tensor('float32', [queries.length, r, c]);
    for (const [place, query] of queries.entries()) {
      for (let row = 0; row < r; row++) {
        const line = (query * rows + first + row) * across;
        cells.data.set(this.#logits.subarray(line + from, line + to + 1), (place * r + row) * c);
      }
    }
    return {
      cells,
      rows: tensor('float32', [height, r], dense(this.#rows, top, height, first, r)),
      columns: tensor('float32', [c, width], transposed(dense(this.#across, left, width, from, c), width, c)),
    };
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
      const tap = (top + y) * rowSpan;
      const base = (query * rows + rowStarts[top + y]!) * cells;
      if (rowSpan === USUAL_SPAN) {
        const [a, b, c] = [rowWeights[tap]!, rowWeights[tap + 1]!, rowWeights[tap + 2]!];
        for (let cell = from, at = base + from; cell <= to; cell++, at++) {
          line[cell] = a * logits[at]! + b * logits[at + cells]! + c * logits[at + 2 * cells]!;
        }
      } else {
        line.fill(0, from, to + 1);
        for (let i = 0; i < rowSpan; i++) {
          for (let cell = from; cell <= to; cell++) line[cell]! += rowWeights[tap + i]! * logits[base + i * cells + cell]!;
        }
      }
      let at = left * span;
      if (span === USUAL_SPAN) {
        for (let x = 0; x < width; x++, at += USUAL_SPAN) {
          const start = starts[left + x]!;
          out[y * width + x] = weights[at]! * line[start]! + weights[at + 1]! * line[start + 1]! + weights[at + 2]! * line[start + 2]!;
        }
      } else {
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let j = 0; j < span; j++, at++) sum += weights[at]! * line[starts[left + x]! + j]!;
          out[y * width + x] = sum;
        }
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

/** Weights of some neighboring pixels as a matrix [count, cells], of cells from `first` on. */
function dense({ starts, weights, span }: AxisTaps, start: number, count: number, first: number, cells: number): Float32Array {
  const matrix = new Float32Array(count * cells);
  for (let i = 0; i < count; i++) {
    const pixel = start + i;
    matrix.set(weights.subarray(pixel * span, (pixel + 1) * span), i * cells + starts[pixel]! - first);
  }
  return matrix;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Cuts a side into pieces of pixels that begin within some cells of each other, or are no more than `least`. */
function cut(pixels: number, starts: Int32Array, least: number = 1): [from: number, to: number][] {
  const pieces: [number, number][] = [];
  for (let from = 0, to = 1; from < pixels; from = to) {
    for (to = from + 1; to < pixels && (to - from < least || starts[to]! - starts[from]! < TILE_CELLS);) to++;
    pieces.push([from, to]);
  }
  return pieces;
}
