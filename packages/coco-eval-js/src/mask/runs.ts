import { CocoEvalError } from '../errors.ts';
import { SEGMENTATION_KIND, type SegmentationColumns } from './columns.ts';
import { MAX_MASK_PIXELS } from './rle.ts';
import { Rasterizer } from './rasterize.ts';
import { areCharacterCodes, rleBytesAdvice } from './rle-advice.ts';

const FIRST_CHAR = 48;

/** A mask as sorted foreground runs `[start, end)`, with what a comparison needs. Buffers are kept for the next mask. */
export class MaskRuns {
  /** Run r is `ends[2r]` to `ends[2r + 1]` (column-major positions). */
  ends: Int32Array = new Int32Array(256);
  /** Number of runs. */
  length = 0;
  area = 0;
  height = 0;
  width = 0;
  left = 0;
  top = 0;
  /** Exclusive. Equal to `left` when the mask is empty. */
  right = 0;
  bottom = 0;

  clear(height: number, width: number): void {
    this.length = 0;
    this.area = 0;
    this.height = height;
    this.width = width;
  }

  /** Appends a run that starts at or after the last one's end. */
  push(start: number, end: number): void {
    if (end === start) return;
    this.area += end - start;
    if (this.length > 0 && this.ends[2 * this.length - 1] === start) {
      this.ends[2 * this.length - 1] = end;
      return;
    }
    if (2 * this.length === this.ends.length) this.reserve(2 * this.length);
    this.ends[2 * this.length] = start;
    this.ends[2 * this.length + 1] = end;
    this.length++;
  }

  /** Makes room for so many runs. */
  reserve(runs: number): void {
    if (2 * runs + 2 <= this.ends.length) return;
    const bigger = new Int32Array(4 * runs + 2);
    bigger.set(this.ends);
    this.ends = bigger;
  }

  /** Computes the box (maskApi.c, rleToBbox) once all runs are there. */
  finish(): void {
    const { ends, length, height } = this;
    this.left = this.right = this.top = this.bottom = 0;
    if (length === 0) return;
    this.left = Math.floor(ends[0]! / height);
    this.right = Math.floor((ends[2 * length - 1]! - 1) / height) + 1;
    let top = height;
    let bottom = 0;
    let base = this.left * height;
    for (let i = 0; i < 2 * length; i += 2) {
      const start = ends[i]!;
      while (start >= base + height) base += height;
      const first = start - base;
      const last = ends[i + 1]! - base;
      if (last > height) {
        // The run wraps into the next column: it touches the bottom and the top row.
        top = 0;
        bottom = height;
        break;
      }
      if (first < top) top = first;
      if (last > bottom) bottom = last;
    }
    this.top = top;
    this.bottom = bottom;
  }
}

/** Number of pixels two masks of one size share. Both boxes must be known. */
export function intersectionArea(a: MaskRuns, b: MaskRuns): number {
  const endsA = a.ends;
  const endsB = b.ends;
  const lastA = 2 * a.length;
  const lastB = 2 * b.length;
  // Nothing is shared left of the later first column.
  const from = Math.max(a.left, b.left) * a.height;
  let i = firstRunAfter(endsA, a.length, from);
  let j = firstRunAfter(endsB, b.length, from);
  let total = 0;
  while (i < lastA && j < lastB) {
    const endA = endsA[i + 1]!;
    const endB = endsB[j + 1]!;
    const start = endsA[i]! > endsB[j]! ? endsA[i]! : endsB[j]!;
    const end = endA < endB ? endA : endB;
    if (end > start) total += end - start;
    if (endA <= endB) i += 2;
    else j += 2;
  }
  return total;
}

/** Index in `ends` of the first run that ends after a position. */
function firstRunAfter(ends: Int32Array, runs: number, position: number): number {
  let low = 0;
  let high = runs;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[2 * middle + 1]! > position) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** Makes the runs of stored segmentations. Holds scratch buffers, so use one for each thread. */
export class MaskReader {
  readonly #rasterizer = new Rasterizer();
  readonly #box = new Float64Array(8);
  #union: MaskRuns = new MaskRuns();
  #part: MaskRuns = new MaskRuns();
  /** Set when the last mask's runs ended before its size. */
  short = false;

  /**
   * Reads entry `i`.
   *
   * @param bbox columns of the boxes, used by entries whose box stands for their mask
   * @throws CocoEvalError `BAD_MASK` for runs beyond the size or a broken string, `LIMIT` beyond 2^28 pixels; the message names no entry, the caller adds it
   */
  read(columns: SegmentationColumns, i: number, bbox: Float64Array | undefined, out: MaskRuns): void {
    const height = columns.size[2 * i]!;
    const width = columns.size[2 * i + 1]!;
    if (height * width > MAX_MASK_PIXELS) {
      throw new CocoEvalError('LIMIT', `Expected at most ${MAX_MASK_PIXELS} pixels in a mask but received ${height} x ${width}`);
    }
    this.short = false;
    out.clear(height, width);
    const kind = columns.kind[i];
    if (kind === SEGMENTATION_KIND.string) {
      this.short = readString(columns.bytes, columns.byteStart[i]!, columns.byteStart[i + 1]!, out) < height * width;
    } else if (kind === SEGMENTATION_KIND.counts) {
      const part = columns.partStart[i]!;
      const [from, to] = [columns.coordStart[part]!, columns.coordStart[part + 1]!];
      this.short = readCounts(columns.coords, from, to, out) < height * width;
      if (this.short && areCharacterCodes(columns.coords, from, to)) throw characterCodes();
    } else if (kind === SEGMENTATION_KIND.polygons) {
      this.#readPolygons(columns, i, out);
    } else if (kind === SEGMENTATION_KIND.box && bbox !== undefined) {
      this.#readBox(bbox, 4 * i, out);
    }
    out.finish();
  }

  #readPolygons(columns: SegmentationColumns, i: number, out: MaskRuns): void {
    let parts = 0;
    for (let p = columns.partStart[i]!; p < columns.partStart[i + 1]!; p++) {
      const from = columns.coordStart[p]!;
      const to = columns.coordStart[p + 1]!;
      if (to - from < 6) continue;
      this.#rasterizer.fill(columns.coords, from, to, out.height, out.width);
      if (parts++ === 0) {
        positionsToRuns(this.#rasterizer, out);
        continue;
      }
      this.#part.clear(out.height, out.width);
      positionsToRuns(this.#rasterizer, this.#part);
      this.#union.clear(out.height, out.width);
      this.#rasterizer.spend(out.length + this.#part.length);
      uniteRuns(out, this.#part, this.#union);
      const { ends } = out;
      out.ends = this.#union.ends;
      out.length = this.#union.length;
      out.area = this.#union.area;
      this.#union.ends = ends;
    }
  }

  #readBox(bbox: Float64Array, at: number, out: MaskRuns): void {
    const [x, y] = [bbox[at]!, bbox[at + 1]!];
    const [right, bottom] = [x + bbox[at + 2]!, y + bbox[at + 3]!];
    this.#box.set([x, y, x, bottom, right, bottom, right, y]);
    this.#rasterizer.fill(this.#box, 0, 8, out.height, out.width);
    positionsToRuns(this.#rasterizer, out);
  }
}

function positionsToRuns({ positions, length }: Rasterizer, out: MaskRuns): void {
  for (let i = 0; i + 1 < length; i += 2) out.push(positions[i]!, positions[i + 1]!);
}

function uniteRuns(a: MaskRuns, b: MaskRuns, out: MaskRuns): void {
  let i = 0;
  let j = 0;
  const lastA = 2 * a.length;
  const lastB = 2 * b.length;
  while (i < lastA || j < lastB) {
    const takeA = j >= lastB || (i < lastA && a.ends[i]! <= b.ends[j]!);
    let start = takeA ? a.ends[i]! : b.ends[j]!;
    let end = takeA ? a.ends[i + 1]! : b.ends[j + 1]!;
    if (takeA) i += 2;
    else j += 2;
    const last = out.length === 0 ? -1 : out.ends[2 * out.length - 1]!;
    if (end <= last) continue;
    if (start < last) start = last;
    if (end < start) end = start;
    out.push(start, end);
  }
}

function tooLong(pixels: number, found: number): CocoEvalError {
  return new CocoEvalError('BAD_MASK', `Expected RLE runs of at most ${pixels} pixels but they cover ${found}`);
}

/** Plain run lengths. Returns the number of pixels covered. */
function readCounts(counts: Float64Array, from: number, to: number, out: MaskRuns): number {
  const pixels = out.height * out.width;
  let position = 0;
  for (let i = from; i < to; i++) {
    const sum = position + counts[i]!;
    if (sum > pixels) throw tooLong(pixels, sum);
    // Below 2^28 now. As an integer, so that a mask's fields hold nothing else: a double among them would undo the compiled code of all who read masks.
    const end = sum | 0;
    if ((i - from) % 2 === 1) out.push(position, end);
    position = end;
  }
  return position;
}

/** A compressed string (maskApi.c, rleFrString), straight from its bytes. Returns the number of pixels covered. */
function readString(bytes: Uint8Array, from: number, to: number, out: MaskRuns): number {
  const pixels = out.height * out.width;
  // Every count takes at least one byte, and a run two counts.
  out.reserve((to - from) >> 1);
  const { ends } = out;
  let position = 0;
  let index = 0;
  let before = 0;
  let last = 0;
  let n = 0;
  let area = 0;
  let at = from;
  while (at < to) {
    let code = bytes[at++]! - FIRST_CHAR;
    let value = code & 31;
    let shift = 5;
    while (code >= 32) {
      // A mask has at most 2^28 pixels, so a difference fits in 30 bits: six groups.
      if (code > 63 || shift > 25 || at >= to) throw brokenString(bytes, from, to, at);
      code = bytes[at++]! - FIRST_CHAR;
      value |= (code & 31) << shift;
      shift += 5;
    }
    if (code < 0) throw brokenString(bytes, from, to, at);
    if (code & 16) value |= -1 << shift;
    if (index > 2) value += before;
    const end = position + value;
    if (value < 0 || end > pixels) throw value < 0 ? negativeRun(index, value) : tooLong(pixels, end);
    if ((index & 1) === 1 && value > 0) {
      area += value;
      // A run of no background between two runs joins them.
      if (n > 0 && ends[n - 1] === position) ends[n - 1] = end;
      else {
        ends[n++] = position;
        ends[n++] = end;
      }
    }
    position = end;
    before = last;
    last = value;
    index++;
  }
  out.length = n >> 1;
  out.area = area;
  return position;
}

function brokenString(bytes: Uint8Array, from: number, to: number, at: number): CocoEvalError {
  const last = bytes[at - 1]! - FIRST_CHAR;
  const found = at >= to && last >= 32 && last < 64 ? 'its end inside a count' : `a wrong character at ${at - from - 1}`;
  return new CocoEvalError('BAD_MASK', `Expected an RLE string but found ${found}`, { hint: rleBytesAdvice(bytes, from, to) });
}

function characterCodes(): CocoEvalError {
  return new CocoEvalError('BAD_MASK', 'Expected run lengths but found numbers that look like the characters of an RLE string', {
    hint: 'Python bytes were turned into a list: write counts.decode("ascii").',
  });
}

function negativeRun(index: number, value: number): CocoEvalError {
  return new CocoEvalError('BAD_MASK', `Expected RLE run lengths >= 0 but run ${index} is ${value}`);
}
