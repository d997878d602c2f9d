import { CocoEvalError } from '../errors.ts';
import type { MaskRuns } from './runs.ts';

/** Width of a boundary as a part of the image's diagonal (Cheng et al. 2021). */
export const BOUNDARY_RATIO = 0.02;
/** Columns of all masks together: a minute of work. */
const MAX_COLUMNS = 2 ** 30;

/** Pixels that a boundary reaches inwards; at least 1. Halves go down, as in faster-coco-eval. */
export function boundaryWidth(height: number, width: number): number {
  return Math.max(1, Math.round(BOUNDARY_RATIO * Math.sqrt(height * height + width * width) - 1e-10));
}

/** Sorted intervals of rows for each of some columns, one column after the other. */
class ColumnIntervals {
  /** Intervals of column c: `start[c]` to `start[c + 1]`. */
  start = new Int32Array(257);
  /** Interval i is `[ends[2i], ends[2i + 1])`. */
  ends = new Int32Array(1024);
  columns = 0;
  #length = 0;

  clear(columns: number): void {
    if (columns + 1 > this.start.length) this.start = new Int32Array(2 * columns + 1);
    this.columns = 0;
    this.#length = 0;
    this.start[0] = 0;
  }

  add(from: number, to: number): void {
    if (2 * this.#length === this.ends.length) {
      const bigger = new Int32Array(2 * this.ends.length);
      bigger.set(this.ends);
      this.ends = bigger;
    }
    this.ends[2 * this.#length] = from;
    this.ends[2 * this.#length++ + 1] = to;
  }

  /** Ends the column under way. */
  endColumn(): void {
    this.start[++this.columns] = this.#length;
  }

  /** Adds what column `i` of one list and column `j` of another share. */
  addShared(a: ColumnIntervals, i: number, b: ColumnIntervals, j: number): void {
    let p = a.start[i]!;
    let q = b.start[j]!;
    const [lastP, lastQ] = [a.start[i + 1]!, b.start[j + 1]!];
    while (p < lastP && q < lastQ) {
      const from = Math.max(a.ends[2 * p]!, b.ends[2 * q]!);
      const to = Math.min(a.ends[2 * p + 1]!, b.ends[2 * q + 1]!);
      if (to > from) this.add(from, to);
      if (a.ends[2 * p + 1]! < b.ends[2 * q + 1]!) p++;
      else q++;
    }
    this.endColumn();
  }

  addColumn(a: ColumnIntervals, i: number): void {
    for (let p = a.start[i]!; p < a.start[i + 1]!; p++) this.add(a.ends[2 * p]!, a.ends[2 * p + 1]!);
    this.endColumn();
  }
}

/**
 * Finds boundaries: the pixels of a mask that an erosion by a square of `2 d + 1` pixels takes away, where everything outside of the image is background
 * (boundary IoU, Cheng et al. 2021). The square is taken apart: first every column is shortened by d at the ends of its runs, then a pixel stays if it is in all
 * `2 d + 1` columns around it, which the shared runs of blocks from their starts and to their ends tell with three intersections a column (van Herk 1992).
 * So the work grows with the runs, not with the pixels. Holds scratch buffers, so use one for each thread.
 */
export class BoundaryFinder {
  readonly #mask = new ColumnIntervals();
  readonly #short = new ColumnIntervals();
  /** What all columns from the start of a block share. */
  readonly #before = new ColumnIntervals();
  /** What all columns to the end of a block share; columns from the last to the first. */
  readonly #after = new ColumnIntervals();
  readonly #inner = new ColumnIntervals();
  #spent = 0;

  /**
   * @param out receives the boundary
   * @throws CocoEvalError `LIMIT` when all masks together are too wide
   */
  find(mask: MaskRuns, out: MaskRuns): void {
    const { height, width, left, right } = mask;
    out.clear(height, width);
    const columns = right - left;
    this.#spent += columns;
    if (this.#spent > MAX_COLUMNS)
      throw new CocoEvalError('LIMIT', `Expected masks of at most ${MAX_COLUMNS} columns together for boundaries but found more`);
    if (columns > 0) {
      const d = boundaryWidth(height, width);
      this.#divide(mask, columns);
      this.#shorten(d, columns);
      this.#erode(d, columns);
      this.#subtract(left, height, out);
    }
    out.finish();
  }

  /** Cuts the runs at the ends of columns. */
  #divide({ ends, length, height, left }: MaskRuns, columns: number): void {
    const mask = this.#mask;
    mask.clear(columns);
    let r = 0;
    for (let c = 0; c < columns; c++) {
      const base = (left + c) * height;
      for (; r < length && ends[2 * r]! < base + height; r++) {
        mask.add(Math.max(0, ends[2 * r]! - base), Math.min(height, ends[2 * r + 1]! - base));
        // The rest of a run that goes on belongs to the next column.
        if (ends[2 * r + 1]! > base + height) break;
      }
      mask.endColumn();
    }
  }

  #shorten(d: number, columns: number): void {
    const { start, ends } = this.#mask;
    this.#short.clear(columns);
    for (let c = 0; c < columns; c++) {
      for (let p = start[c]!; p < start[c + 1]!; p++) {
        const [from, to] = [ends[2 * p]! + d, ends[2 * p + 1]! - d];
        if (to > from) this.#short.add(from, to);
      }
      this.#short.endColumn();
    }
  }

  /** Column i of the result is column `i + d` of the mask; nothing stays nearer to its ends. */
  #erode(d: number, columns: number): void {
    const block = 2 * d + 1;
    const [short, before, after, inner] = [this.#short, this.#before, this.#after, this.#inner];
    before.clear(columns);
    after.clear(columns);
    inner.clear(columns);
    if (columns < block) return;
    for (let c = 0; c < columns; c++) {
      if (c % block === 0) before.addColumn(short, c);
      else before.addShared(before, c - 1, short, c);
    }
    for (let c = columns - 1; c >= 0; c--) {
      if (c === columns - 1 || (c + 1) % block === 0) after.addColumn(short, c);
      else after.addShared(after, columns - 2 - c, short, c);
    }
    for (let c = 0; c + block <= columns; c++) {
      if (c % block === 0) inner.addColumn(before, c + block - 1);
      else inner.addShared(after, columns - 1 - c, before, c + block - 1);
    }
  }

  /** Writes the mask without its inner pixels. */
  #subtract(left: number, height: number, out: MaskRuns): void {
    const [mask, inner] = [this.#mask, this.#inner];
    const d = boundaryWidth(height, out.width);
    for (let c = 0; c < mask.columns; c++) {
      const base = (left + c) * height;
      const own = c - d;
      const has = own >= 0 && own < inner.columns;
      let q = has ? inner.start[own]! : 0;
      const last = has ? inner.start[own + 1]! : 0;
      for (let p = mask.start[c]!; p < mask.start[c + 1]!; p++) {
        let from = mask.ends[2 * p]!;
        const to = mask.ends[2 * p + 1]!;
        for (; q < last && inner.ends[2 * q]! < to; q++) {
          out.push(base + from, base + inner.ends[2 * q]!);
          from = inner.ends[2 * q + 1]!;
        }
        out.push(base + from, base + to);
      }
    }
  }
}
