import { VitaminError } from '@vitamin-vlm/core';
import type { Picture } from './picture.ts';
import { resampleWeights, type PillowFilter } from './resample-weights.ts';
import { acquireKernel, Layout, packWeights, releaseKernel, type Kernel } from './resize-kernel.ts';
import type { Size } from './sizes.ts';

/** Bytes of input or output handled between two moments at which asynchronous work may pause. Fits a second-level cache. */
const BLOCK_BYTES = 512 * 1024;
/** Bytes of horizontally resized rows kept in the kernel's memory, however large the picture is. */
const BETWEEN_BYTES = 4 * 2 ** 20;
/** Working memory of one resize. Only strips whose length shrinks by thousands while the other side grows come near it. */
const MAX_MEMORY = 2 ** 30;

/** A picture that is made, and where it lies in the whole picture that would be made. */
export interface Target extends Picture {
  readonly whole: Size;
  readonly left: number;
  readonly top: number;
}

/**
 * Fills `target.data` row by row as Pillow does, yielding after each block of input or output rows. Source: Pillow src/libImaging/Resample.c (version 11).
 *
 * @throws VitaminError `UNSUPPORTED` when a strip of extreme shape would need more than 1 GiB of working memory.
 */
export function* pillowSteps(source: Picture, target: Target, filter: PillowFilter): Generator<void> {
  const kernel = acquireKernel();
  try {
    yield* kernelSteps(kernel, source, target, filter);
  } finally {
    releaseKernel(kernel);
  }
}

function* kernelSteps(kernel: Kernel, source: Picture, target: Target, filter: PillowFilter): Generator<void> {
  const { width, height, data } = source;
  const rowBytes = width * 3;
  const outBytes = target.width * 3;
  const across = resampleWeights(width, target.whole.width, filter, { start: target.left, length: target.width });
  const acrossPacked = packWeights(across);
  const pixelOffsets = across.first.map((index) => index * 3);
  const down = resampleWeights(height, target.whole.height, filter, { start: target.top, length: target.height });
  const downPacked = packWeights(down);
  // The kernel makes four rows at once and writes a byte behind each, and the vertical pass reads one row of weight 0 behind an odd count.
  const betweenStride = (outBytes + 16) & ~15;
  const blockRows = 4 * Math.ceil(Math.min(height, BLOCK_BYTES / Math.max(rowBytes, betweenStride)) / 4);
  const betweenRows = Math.max(down.taps + blockRows, Math.min(height, Math.ceil(BETWEEN_BYTES / betweenStride))) + 4;
  const outRows = Math.max(1, Math.floor(BLOCK_BYTES / outBytes));

  const layout = new Layout();
  const offsets = layout.add(pixelOffsets.byteLength);
  const acrossWeights = layout.add(acrossPacked.packed.byteLength);
  const downWeights = layout.add(downPacked.packed.byteLength);
  const block = layout.add(blockRows * rowBytes + acrossPacked.pairs * 6);
  const between = layout.add((betweenRows + 1) * betweenStride);
  const out = layout.add(outRows * outBytes);
  if (layout.size > MAX_MEMORY) {
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected a resize that works in 1 GiB but ${width} x ${height} to ${target.width} x ${target.height} does not`,
      {
        hint: 'Resize in two steps, one side at a time.',
      },
    );
  }
  kernel.reserve(layout.size);
  const memory = kernel.bytes();
  memory.set(new Uint8Array(pixelOffsets.buffer), offsets);
  memory.set(new Uint8Array(acrossPacked.packed.buffer), acrossWeights);
  memory.set(new Uint8Array(downPacked.packed.buffer), downWeights);

  let start = down.first[0]!; // input row that lies first in `between`
  let end = start; // input row up to which `between` is filled
  let flushed = 0; // output rows already in target.data
  for (let y = 0; y < target.height; y++) {
    const first = down.first[y]!;
    while (end < first + down.count[y]!) {
      if (end - start + blockRows > betweenRows) {
        memory.copyWithin(between, between + (first - start) * betweenStride, between + (end - start) * betweenStride);
        start = first;
      }
      const rows = Math.min(blockRows, height - end);
      memory.set(data.subarray(end * rowBytes, (end + rows) * rowBytes), block);
      for (let row = 0; row < rows; row += 4) {
        const to = between + (end - start + row) * betweenStride;
        kernel.horizontal(block + row * rowBytes, rowBytes, to, betweenStride, target.width, offsets, acrossWeights, acrossPacked.pairs);
      }
      end += rows;
      yield;
    }
    const from = between + (first - start) * betweenStride;
    const rowPairs = (down.count[y]! + 1) >> 1;
    kernel.vertical(from, betweenStride, out + (y - flushed) * outBytes, outBytes, downWeights + y * downPacked.pairs * 8, rowPairs);
    if (y + 1 - flushed === outRows || y + 1 === target.height) {
      target.data.set(memory.subarray(out, out + (y + 1 - flushed) * outBytes), flushed * outBytes);
      flushed = y + 1;
      yield;
    }
  }
}
