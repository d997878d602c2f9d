import { CocoEvalError } from '../errors.ts';

/** The reference scales by 5 into 32-bit integers; coordinates beyond this overflow there and are refused here. */
export const MAX_COORDINATE: number = 4e8;
/** Column crossings of one polygon (4 bytes each, three times): a hostile zigzag ends here instead of eating memory. */
const MAX_CROSSINGS = 2 ** 25;
/** Steps of work of all polygons together: seconds, and some microseconds more for each point. */
const MAX_WORK = 2 ** 26;
const WORK_PER_POINT = 1024;
const SCALE = 5;

/**
 * Polygon rasterizer (maskApi.c, rleFrPoly), without its dense list of boundary points: only the places where an edge passes a pixel center's column
 * matter, and those are computed directly. One instance keeps its buffers from polygon to polygon.
 */
export class Rasterizer {
  /** Sorted column-major positions where the mask changes; even-odd pairs make runs. Valid to `length` until the next call. */
  positions: Int32Array = new Int32Array(1024);
  length = 0;
  #columns: Int32Array = new Int32Array(1024);
  #rows: Int32Array = new Int32Array(1024);
  #perColumn = new Int32Array(1024);
  #vertexX = new Float64Array(64);
  #vertexY = new Float64Array(64);
  #work = 0;
  #points = 0;

  /**
   * Fills one polygon.
   *
   * @param coords flat `x, y` pairs from `from` to `to` (exclusive); an odd last number is left out
   * @throws CocoEvalError `BAD_MASK` for coordinates that are not finite or beyond `MAX_COORDINATE`, `LIMIT` for more than 2^25 crossings, or when all polygons
   *   so far took more work than so many points may
   */
  fill(coords: ArrayLike<number>, from: number, to: number, height: number, width: number): void {
    const n = (to - from) >> 1;
    this.#loadVertices(coords, from, n);
    this.#points += n;
    this.length = 0;
    if (width === 0 || height === 0) return;
    for (let j = 0; j < n; j++) this.#addEdge(j, height, width);
    this.#sort(height, width);
  }

  #loadVertices(coords: ArrayLike<number>, from: number, n: number): void {
    if (this.#vertexX.length <= n) {
      this.#vertexX = new Float64Array(2 * n + 1);
      this.#vertexY = new Float64Array(2 * n + 1);
    }
    for (let j = 0; j < n; j++) {
      const x = coords[from + 2 * j]!;
      const y = coords[from + 2 * j + 1]!;
      if (!(Math.abs(x) <= MAX_COORDINATE && Math.abs(y) <= MAX_COORDINATE)) {
        throw new CocoEvalError('BAD_MASK', `Expected polygon coordinates within +-${MAX_COORDINATE} but point ${j} is (${x}, ${y})`);
      }
      this.#vertexX[j] = Math.trunc(SCALE * x + 0.5);
      this.#vertexY[j] = Math.trunc(SCALE * y + 0.5);
    }
    this.#vertexX[n] = this.#vertexX[0]!;
    this.#vertexY[n] = this.#vertexY[0]!;
  }

  /** Adds the crossings of the edge with the columns `5X + 2 | 5X + 3` of the scaled grid, that is, with the pixel centers of column X. */
  #addEdge(j: number, height: number, width: number): void {
    const x0 = this.#vertexX[j]!;
    const x1 = this.#vertexX[j + 1]!;
    if (x0 === x1) return;
    const y0 = this.#vertexY[j]!;
    const y1 = this.#vertexY[j + 1]!;
    const dx = Math.abs(x1 - x0);
    const dy = Math.abs(y1 - y0);
    const flat = dx >= dy;
    // Both directions of an edge give the same points.
    const flip = flat ? x0 > x1 : y0 > y1;
    const xs = flip ? x1 : x0;
    const xe = flip ? x0 : x1;
    const ys = flip ? y1 : y0;
    const ye = flip ? y0 : y1;
    const first = Math.max(0, Math.ceil((Math.min(xs, xe) - 2) / SCALE));
    const last = Math.min(width - 1, Math.floor((Math.max(xs, xe) - 3) / SCALE));
    if (last < first) return;
    this.#reserve(last - first + 1);
    const slope = flat ? (ye - ys) / dx : (xe - xs) / dy;
    const columns = this.#columns;
    const rows = this.#rows;
    let n = this.length;
    for (let column = first; column <= last; column++) {
      const b = SCALE * column + 2;
      const v = flat ? flatCrossing(xs, ys, slope, b) : steepCrossing(xs, ys, slope, b);
      // ceil((v - 2) / 5) for v > 2: whole numbers below 2^31, so the division may be a whole one.
      const row = v <= 2 ? 0 : ((v + 2) / SCALE) | 0;
      columns[n] = column;
      rows[n++] = row < height ? row : height;
    }
    this.length = n;
  }

  #reserve(more: number): void {
    this.spend(more);
    const need = this.length + more;
    if (need > MAX_CROSSINGS) throw new CocoEvalError('LIMIT', `Expected a polygon with at most ${MAX_CROSSINGS} column crossings`);
    if (need <= this.#columns.length) return;
    const size = 2 * need;
    this.#columns = grow(this.#columns, size);
    this.#rows = grow(this.#rows, size);
    this.positions = new Int32Array(size);
  }

  /** Counts work that polygons make. @throws CocoEvalError `LIMIT` for a few large polygons upon each other, again and again */
  spend(steps: number): void {
    this.#work += steps;
    if (this.#work <= MAX_WORK + WORK_PER_POINT * this.#points) return;
    throw new CocoEvalError(
      'LIMIT',
      `Expected polygons that cross at most ${WORK_PER_POINT} pixel columns for each of their points, on average`,
      {
        hint: 'Large polygons of few points, many times: store such masks as RLE.',
      },
    );
  }

  /** Counting sort by column; the few rows of one column by insertion. */
  #sort(height: number, width: number): void {
    if (this.#perColumn.length <= width) this.#perColumn = new Int32Array(2 * width + 2);
    const { positions, length: n } = this;
    const start = this.#perColumn;
    const columns = this.#columns;
    const rows = this.#rows;
    let low = width;
    let high = -1;
    for (let i = 0; i < n; i++) {
      const c = columns[i]!;
      if (c < low) low = c;
      if (c > high) high = c;
    }
    start.fill(0, low, high + 2);
    for (let i = 0; i < n; i++) start[columns[i]!]!++;
    let sum = 0;
    for (let c = low; c <= high; c++) {
      const count = start[c]!;
      start[c] = sum;
      sum += count;
    }
    // start[c] moves from the first slot of column c to its end; a zigzag with many crossings of one column is sorted natively below.
    for (let i = 0; i < n; i++) positions[start[columns[i]!]!++] = columns[i]! * height + rows[i]!;
    let from = 0;
    for (let c = low; c <= high; c++) {
      sortRange(positions, from, start[c]!);
      from = start[c]!;
    }
  }
}

/** Row (scaled) of a flat edge between its points at columns b and b + 1: the smaller of the two. */
function flatCrossing(xs: number, ys: number, slope: number, b: number): number {
  const t = b - xs;
  // Coordinates stay below 2^31, so "| 0" truncates as the reference's cast to int does.
  const here = (ys + slope * t + 0.5) | 0;
  const next = (ys + slope * (t + 1) + 0.5) | 0;
  return here < next ? here : next;
}

/** Row (scaled) of a steep edge just before it passes from column b to b + 1 or back. The guess is corrected with the reference's own rounding. */
function steepCrossing(xs: number, ys: number, slope: number, b: number): number {
  const edge = b + 1;
  let t = Math.max(1, Math.ceil((b + 0.5 - xs) / slope));
  if (slope > 0) {
    while (t > 1 && xs + slope * (t - 1) + 0.5 >= edge) t--;
    while (xs + slope * t + 0.5 < edge) t++;
  } else {
    while (t > 1 && xs + slope * (t - 1) + 0.5 < edge) t--;
    while (xs + slope * t + 0.5 >= edge) t++;
  }
  return ys + t - 1;
}

function grow(old: Int32Array, size: number): Int32Array {
  const bigger = new Int32Array(size);
  bigger.set(old);
  return bigger;
}

function sortRange(values: Int32Array, from: number, to: number): void {
  if (to - from > 32) {
    values.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    let j = i - 1;
    while (j >= from && values[j]! > value) {
      values[j + 1] = values[j]!;
      j--;
    }
    values[j + 1] = value;
  }
}
