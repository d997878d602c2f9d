import type { Picture } from './picture.ts';
import { acquireKernel, Layout, releaseKernel, type Kernel } from './resize-kernel.ts';

/** Bytes of output made between two moments at which asynchronous work may pause. */
const BLOCK_BYTES = 512 * 1024;
/** OpenCV's weights have 11 fraction bits. */
const ONE = 2048;

/**
 * Fills `target.data` row by row with the bytes that OpenCV's `resize(source, size, 0, 0, INTER_LINEAR)` gives, yielding after each block of rows.
 *
 * Source: OpenCV modules/imgproc/src/resize.cpp: half-pixel centers in float32, weights of 11 bits, both passes in integers, the vertical one as its
 * SIMD form has it, and the 2 x 2 mean (`INTER_AREA`) where both sides are halved exactly. OpenCV 4.6.0 is what the golden values were made with.
 */
export function* opencvSteps(source: Picture, target: Picture): Generator<void> {
  if (source.width === 2 * target.width && source.height === 2 * target.height) {
    yield* halvedSteps(source, target);
    return;
  }
  const kernel = acquireKernel();
  try {
    yield* bilinearSteps(kernel, source, target);
  } finally {
    releaseKernel(kernel);
  }
}

function* halvedSteps({ width, data }: Picture, target: Picture): Generator<void> {
  const below = width * 3;
  const blockRows = rowsOfBlock(target);
  const out = target.data;
  for (let y = 0, to = 0; y < target.height; y++) {
    for (let from = 2 * y * below, end = from + below; from < end; from += 6) {
      for (let at = from; at < from + 3; at++) {
        out[to++] = (data[at]! + data[at + 3]! + data[at + below]! + data[at + below + 3]! + 2) >> 2;
      }
    }
    if ((y + 1) % blockRows === 0) yield;
  }
}

function* bilinearSteps(kernel: Kernel, { width, height, data }: Picture, target: Picture): Generator<void> {
  const across = taps(width, target.width);
  const down = taps(height, target.height);
  const rowBytes = width * 3;
  const length = target.width * 3;
  const blockRows = rowsOfBlock(target);

  const layout = new Layout();
  const offsets = layout.add(target.width * 4);
  const weights = layout.add(target.width * 4);
  const row = layout.add(rowBytes);
  // The two input rows that make the current output row, at the width of the output. Neighboring output rows often share them.
  let upper = { at: layout.add(length * 2), holds: -1 };
  let lower = { at: layout.add(length * 2), holds: -1 };
  const out = layout.add(blockRows * length);
  kernel.reserve(layout.size);
  const memory = kernel.bytes();
  const { byteOffsets, packed } = horizontalTaps(across, width);
  memory.set(new Uint8Array(byteOffsets.buffer), offsets);
  memory.set(new Uint8Array(packed.buffer), weights);
  const load = (buffer: typeof upper, index: number): void => {
    if (buffer.holds === index) return;
    memory.set(data.subarray(index * rowBytes, (index + 1) * rowBytes), row);
    kernel.opencvHorizontal(row, buffer.at, target.width, offsets, weights);
    buffer.holds = index;
  };

  let flushed = 0; // output rows already in target.data
  for (let y = 0; y < target.height; y++) {
    // Beyond the border both rows are the border row, and both weights are kept.
    const first = clamp(down.low[y]!, height);
    if (lower.holds === first) [upper, lower] = [lower, upper];
    load(upper, first);
    load(lower, clamp(down.low[y]! + 1, height));
    kernel.opencvVertical(upper.at, lower.at, out + (y - flushed) * length, length, down.first[y]!, down.second[y]!);
    if (y + 1 - flushed === blockRows || y + 1 === target.height) {
      target.data.set(memory.subarray(out, out + (y + 1 - flushed) * length), flushed * length);
      flushed = y + 1;
      yield;
    }
  }
}

function rowsOfBlock({ width, height }: Picture): number {
  return Math.min(height, Math.ceil(BLOCK_BYTES / (width * 3)));
}

/** Per output sample: the index of the first of two neighbors, which may lie one beyond the input, and the weights of both, which sum to 2048 or 1 beside it. */
interface Taps {
  readonly low: Int32Array;
  readonly first: Int32Array;
  readonly second: Int32Array;
}

function taps(input: number, output: number): Taps {
  const { fround } = Math;
  const scale = 1 / (output / input);
  const result: Taps = { low: new Int32Array(output), first: new Int32Array(output), second: new Int32Array(output) };
  for (let i = 0; i < output; i++) {
    const center = fround((i + 0.5) * scale - 0.5);
    const low = Math.floor(center);
    const fraction = fround(center - low);
    result.low[i] = low;
    result.first[i] = roundHalfToEven(fround(1 - fraction) * ONE);
    result.second[i] = roundHalfToEven(fraction * ONE);
  }
  return result;
}

/** As the kernel reads them. At and beyond the border, the horizontal pass takes the border sample alone. */
function horizontalTaps({ low, first, second }: Taps, width: number): { byteOffsets: Int32Array; packed: Int16Array } {
  const byteOffsets = low.map((index) => clamp(index, width) * 3);
  const packed = new Int16Array(low.length * 2);
  for (let i = 0; i < low.length; i++) {
    const alone = low[i]! < 0 || low[i]! >= width - 1;
    packed[2 * i] = alone ? ONE : first[i]!;
    packed[2 * i + 1] = alone ? 0 : second[i]!;
  }
  return { byteOffsets, packed };
}

function clamp(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
