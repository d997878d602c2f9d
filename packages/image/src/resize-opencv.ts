import type { Picture } from './picture.ts';

/** Bytes of output made between two moments at which asynchronous work may pause. */
const BLOCK_BYTES = 512 * 1024;
/** OpenCV's weights have 11 fraction bits. */
const ONE = 2048;

/** Which two input samples make each output sample along one axis, and with which weight. The weights of a pair sum to 2048, or 1 beside it. */
interface Pairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/**
 * Fills `target.data` row by row with the bytes that OpenCV's `resize(source, size, 0, 0, INTER_LINEAR)` gives, yielding after each block of rows.
 *
 * Source: OpenCV modules/imgproc/src/resize.cpp: half-pixel centers in float32, weights of 11 bits, both passes in integers, the vertical one as its
 * SIMD form has it, and the 2 x 2 mean (`INTER_AREA`) where both sides are halved exactly. OpenCV 4.6.0 is what the golden values were made with.
 */
export function* opencvSteps(source: Picture, target: Picture): Generator<void> {
  const halved = source.width === 2 * target.width && source.height === 2 * target.height;
  const makeRow = halved ? halvedRows(source, target) : bilinearRows(source, target);
  const blockRows = Math.ceil(BLOCK_BYTES / (target.width * 3));
  for (let y = 0; y < target.height; y++) {
    makeRow(y);
    if ((y + 1) % blockRows === 0) yield;
  }
}

function halvedRows({ width, data }: Picture, target: Picture): (y: number) => void {
  const below = width * 3;
  const out = target.data;
  return (y) => {
    let to = y * target.width * 3;
    for (let from = 2 * y * below, end = from + below; from < end; from += 6) {
      for (let at = from; at < from + 3; at++) {
        out[to++] = (data[at]! + data[at + 3]! + data[at + below]! + data[at + below + 3]! + 2) >> 2;
      }
    }
  };
}

function bilinearRows({ width, height, data }: Picture, target: Picture): (y: number) => void {
  const across = pairs(width, target.width, true);
  const down = pairs(height, target.height, false);
  const length = target.width * 3;
  // The two input rows that make the current output row, resized horizontally. Neighboring output rows often share them.
  let upper = new Int32Array(length);
  let lower = new Int32Array(length);
  let upperIs = -1;
  let lowerIs = -1;
  return (y) => {
    const first = down.first[y]!;
    const second = down.second[y]!;
    if (first === lowerIs) {
      [upper, lower] = [lower, upper];
      [upperIs, lowerIs] = [lowerIs, upperIs];
    }
    if (first !== upperIs) mixColumns(data, first * width * 3, across, upper);
    if (second !== lowerIs) mixColumns(data, second * width * 3, across, lower);
    upperIs = first;
    lowerIs = second;
    mixRows(upper, lower, down.firstWeight[y]!, down.secondWeight[y]!, target.data, y * length);
  };
}

/** One input row at the width of the output: values of 0 to 255 with 7 fraction bits. */
function mixColumns(data: Uint8Array, start: number, { first, second, firstWeight, secondWeight }: Pairs, out: Int32Array): void {
  for (let x = 0, to = 0; x < first.length; x++, to += 3) {
    const a = start + first[x]! * 3;
    const b = start + second[x]! * 3;
    const wa = firstWeight[x]!;
    const wb = secondWeight[x]!;
    out[to] = (data[a]! * wa + data[b]! * wb) >> 4;
    out[to + 1] = (data[a + 1]! * wa + data[b + 1]! * wb) >> 4;
    out[to + 2] = (data[a + 2]! * wa + data[b + 2]! * wb) >> 4;
  }
}

/** One output row. Each product is cut to 16 bits less before they are added, as OpenCV's SIMD loop does. */
function mixRows(upper: Int32Array, lower: Int32Array, wa: number, wb: number, out: Uint8Array, start: number): void {
  for (let i = 0; i < upper.length; i++) {
    out[start + i] = ((Math.imul(upper[i]!, wa) >> 16) + (Math.imul(lower[i]!, wb) >> 16) + 2) >> 2;
  }
}

/** Outside the input, the horizontal pass takes the border sample alone, while the vertical pass keeps both weights for the border row. */
function pairs(input: number, output: number, horizontal: boolean): Pairs {
  const { fround } = Math;
  const scale = 1 / (output / input);
  const result: Pairs = {
    first: new Int32Array(output),
    second: new Int32Array(output),
    firstWeight: new Int32Array(output),
    secondWeight: new Int32Array(output),
  };
  for (let i = 0; i < output; i++) {
    const center = fround((i + 0.5) * scale - 0.5);
    const low = Math.floor(center);
    const beyond = horizontal && (low < 0 || low >= input - 1);
    const fraction = beyond ? 0 : fround(center - low);
    result.first[i] = Math.min(Math.max(low, 0), input - 1);
    result.second[i] = Math.min(Math.max(low + 1, 0), input - 1);
    result.firstWeight[i] = roundHalfToEven(fround(1 - fraction) * ONE);
    result.secondWeight[i] = roundHalfToEven(fraction * ONE);
  }
  return result;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
