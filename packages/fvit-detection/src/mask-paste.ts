import { type Mask, VitaminError } from '@vitamin-vlm/core';

/** Where a mask is put. */
export interface PasteTarget {
  /** Corners `[x1, y1, x2, y2]` in pixels of the picture; may reach beyond it. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** For each pixel from `start` to before `end` of one axis: which sample of the mask lies before it, and how far it is on the way to the next one. */
interface AxisTaps {
  readonly start: number;
  readonly end: number;
  /** Index of the sample before; -1 is the zero before the first one. */
  readonly low: Int32Array;
  /** 0..1 */
  readonly fraction: Float32Array;
}

/**
 * Stretches the mask of the mask head over its box and keeps the pixels whose value is at least one half: bilinear between the samples, which lie in the
 * middle of their cells, 0 outside. Written as run lengths at once, so that 300 masks of a large picture need no bitmap.
 *
 * Source: mmdetection's `_do_paste_mask` on the CPU (grid_sample, align_corners false, zero padding), which looks one pixel around the box at most.
 *
 * @param probabilities `side * side` values, 0..1, row-major: the sigmoid of the mask logits (28 x 28 in F-ViT).
 * @throws VitaminError `USAGE` for a mask that is not square, a box that is not four finite numbers, or sides that are not positive integers.
 * @example
 * ```ts
 * import { pasteMask } from '@vitamin-vlm/fvit-detection';
 * const full = new Float32Array(28 * 28).fill(1);
 * console.log([...pasteMask(full, { box: [1, 1, 3, 3], width: 4, height: 4 }).counts]); // [ 5, 2, 2, 2, 5 ]
 * ```
 */
export function pasteMask(probabilities: Float32Array, { box, width, height }: PasteTarget): Mask {
  const { across, down, columns } = stretch(probabilities, { box, width, height });
  const counts: number[] = [];
  let written = 0; // pixels that the runs so far cover
  let inside = false;
  const turn = (at: number): void => {
    counts.push(at - written);
    written = at;
    inside = !inside;
  };
  for (const [x, column] of columns) {
    const first = x * height + down.start;
    let state = inside; // a local in the hot loop
    for (let i = 0; i < column.length; i++) {
      if (column[i]! >= 0.5 === state) continue;
      turn(first + i);
      state = !state;
    }
    // The run goes on in the next column only if that one begins in its first row.
    if (inside && (down.start > 0 || down.end < height || x + 1 === across.end)) turn(x * height + down.end);
  }
  if (written < width * height) counts.push(width * height - written);
  return { size: [height, width], counts: Uint32Array.from(counts) };
}

/**
 * The stretched mask itself, before the cut at one half: `width * height` values from 0 to 1, row-major. For soft edges.
 *
 * @throws VitaminError as `pasteMask`.
 * @example
 * ```ts
 * import { stretchMask } from '@vitamin-vlm/fvit-detection';
 * console.log(stretchMask(new Float32Array(4).fill(1), { box: [0, 0, 4, 4], width: 4, height: 4 })[0]); // 0.5625: the border fades
 * ```
 */
export function stretchMask(probabilities: Float32Array, target: PasteTarget): Float32Array {
  const { down, columns } = stretch(probabilities, target);
  const out = new Float32Array(target.width * target.height);
  for (const [x, column] of columns) for (let y = down.start; y < down.end; y++) out[y * target.width + x] = column[y - down.start]!;
  return out;
}

/** The pixels around the box, and the stretched mask column by column; the array is used again for the next one. */
function stretch(
  probabilities: Float32Array,
  { box, width, height }: PasteTarget,
): {
  across: AxisTaps;
  down: AxisTaps;
  columns: Generator<readonly [x: number, column: Float32Array]>;
} {
  const side = Math.sqrt(probabilities.length);
  check(side, box, width, height);
  const across = axisTaps(box[0], box[2], width, side);
  const down = axisTaps(box[1], box[3], height, side);
  return { across, down, columns: stretchedColumns(probabilities, side, across, down) };
}

function* stretchedColumns(
  probabilities: Float32Array,
  side: number,
  across: AxisTaps,
  down: AxisTaps,
): Generator<readonly [x: number, column: Float32Array]> {
  // One column of samples, a zero before and two behind it.
  const samples = new Float32Array(side + 3);
  const column = new Float32Array(down.end - down.start);
  for (let x = across.start; x < across.end; x++) {
    mixColumns(probabilities, side, across.low[x - across.start]!, across.fraction[x - across.start]!, samples);
    for (let i = 0; i < column.length; i++) {
      const before = samples[down.low[i]! + 1]!;
      column[i] = before + (samples[down.low[i]! + 2]! - before) * down.fraction[i]!;
    }
    yield [x, column];
  }
}

/** `column[1 + j]` = row `j` of the mask between columns `low` and `low + 1`; columns outside count as 0. */
function mixColumns(mask: Float32Array, side: number, low: number, fraction: number, column: Float32Array): void {
  for (let j = 0; j < side; j++) {
    const a = low >= 0 && low < side ? mask[j * side + low]! : 0;
    const b = low + 1 >= 0 && low + 1 < side ? mask[j * side + low + 1]! : 0;
    column[1 + j] = a + (b - a) * fraction;
  }
}

/** In float32, as the original: the pixel's middle, normalized to -1..1 over the box, and from there to samples. */
function axisTaps(from: number, to: number, length: number, side: number): AxisTaps {
  const { fround } = Math;
  const start = Math.min(Math.max(Math.floor(from) - 1, 0), length);
  const end = Math.max(Math.min(Math.ceil(to) + 1, length), start);
  const low = new Int32Array(end - start);
  const fraction = new Float32Array(end - start);
  const size = fround(fround(to) - fround(from));
  for (let i = 0; i < end - start; i++) {
    const normalized = fround(fround(fround(fround(start + i + 0.5 - fround(from)) / size) * 2) - 1);
    // A box without extent shows the middle of its mask.
    const at = Number.isFinite(normalized) ? fround(fround((normalized + 1) * (side / 2)) - 0.5) : (side - 1) / 2;
    const clamped = Math.min(Math.max(at, -1), side);
    low[i] = Math.floor(clamped);
    fraction[i] = clamped - low[i]!;
  }
  return { start, end, low, fraction };
}

function check(side: number, box: PasteTarget['box'], width: number, height: number): void {
  if (!Number.isInteger(side) || side === 0) throw new VitaminError('USAGE', `Expected a square mask but received ${side * side} values`);
  if (box.length !== 4 || !box.every(Number.isFinite)) {
    throw new VitaminError('USAGE', `Expected a box of four numbers but received [${box.join(', ')}]`);
  }
  if (![width, height].every((value) => Number.isSafeInteger(value) && value > 0)) {
    throw new VitaminError('USAGE', `Expected a picture with positive integer sides but received ${width} x ${height}`);
  }
}
