import { throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { checkPicture, isSide, MAX_SIDE, type Picture } from './picture.ts';
import { resampleWeights, type ResizeFilter } from './resample-weights.ts';
import { acquireKernel, Layout, packWeights, releaseKernel, type Kernel } from './resize-kernel.ts';

/** One byte a pixel, row-major. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Bytes of input or output handled between two moments at which asynchronous work may pause. Fits a second-level cache. */
const BLOCK_BYTES = 512 * 1024;
/** Bytes of horizontally resized rows kept in the kernel's memory, however large the picture is. */
const BETWEEN_BYTES = 4 * 2 ** 20;
/** What one picture may grow to: 768 MiB of bytes. */
const MAX_RESIZED_PIXELS = 2 ** 28;
/** Working memory of one resize. Only strips whose length shrinks by thousands while the other side grows come near it. */
const MAX_MEMORY = 2 ** 30;
/** Milliseconds that asynchronous work may hold the event loop. */
const SLICE_MS = 8;

/**
 * Resizes to exactly `width` x `height`, bit by bit as Pillow's `Image.resize` does for an RGB image: horizontal pass, rounded to 8 bits,
 * then vertical pass; a pass whose size does not change is left out. Shrinking is antialiased. Never returns the picture itself.
 *
 * Source: Pillow src/libImaging/Resample.c, as in every Pillow up to 11, which the published models were trained and evaluated with. Pillow 12.2 takes the
 * vertical pass first for strips over 100 times as high as wide that get lower, Pillow 13 also for some other pictures that lose much of their height
 * (portraits more than twice as high as wide among them), which changes single gray levels there. Synchronous: a 12-megapixel photo holds the event loop for some tens of milliseconds;
 * `resizeAsync` does not.
 *
 * @throws VitaminError `USAGE` for sides that are not integers from 1 to 65,535 or more than 2^28 pixels, `INPUT_UNREADABLE` for an
 * inconsistent picture, `UNSUPPORTED` when a strip of extreme shape would need more than 1 GiB of working memory.
 * @example
 * ```ts
 * import { decodeImage, resize } from '@vitamin-vlm/image';
 * const small = resize(await decodeImage('street.jpg'), 448, 336, 'bicubic');
 * ```
 */
export function resize(picture: Picture, width: number, height: number, filter: ResizeFilter): Picture {
  checkPicture(picture);
  checkTarget(width, height);
  const data = new Uint8Array(width * height * 3);
  const kernel = acquireKernel();
  try {
    for (const _ of resizeSteps(kernel, picture, { width, height, data }, filter));
  } finally {
    releaseKernel(kernel);
  }
  return { width, height, data };
}

/**
 * `resize` that lets other work run in between: it never holds the event loop for much more than 8 ms.
 *
 * @throws VitaminError as `resize`, and `ABORTED` when the signal fires.
 * @example
 * ```ts
 * import { decodeImage, resizeAsync } from '@vitamin-vlm/image';
 * const large = await resizeAsync(await decodeImage('street.jpg'), 8000, 6000, 'bilinear', { signal: AbortSignal.timeout(5000) });
 * ```
 */
export async function resizeAsync(
  picture: Picture,
  width: number,
  height: number,
  filter: ResizeFilter,
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<Picture> {
  throwIfAborted(options.signal);
  checkPicture(picture);
  checkTarget(width, height);
  const data = new Uint8Array(width * height * 3);
  const kernel = acquireKernel();
  try {
    let paused = performance.now();
    for (const _ of resizeSteps(kernel, picture, { width, height, data }, filter)) {
      if (performance.now() - paused < SLICE_MS) continue;
      await new Promise<void>((resume) => {
        setImmediate(resume);
      });
      throwIfAborted(options.signal);
      paused = performance.now();
    }
  } finally {
    releaseKernel(kernel);
  }
  return { width, height, data };
}

/**
 * `resize` for one channel (Pillow mode "L"), e.g. a mask of soft values: `data` holds `width * height` bytes.
 * Runs as a picture with three equal channels: the exact result matters here, not the speed.
 *
 * @throws VitaminError as `resize`.
 * @example
 * ```ts
 * import { resizeGray } from '@vitamin-vlm/image';
 * const half = resizeGray({ width: 4, height: 4, data: new Uint8Array(16).fill(200) }, 2, 2, 'bilinear');
 * ```
 */
export function resizeGray(gray: GrayPicture, width: number, height: number, filter: ResizeFilter): GrayPicture {
  const rgb = new Uint8Array(gray.data.length * 3);
  for (let i = 0; i < gray.data.length; i++) rgb.fill(gray.data[i]!, i * 3, i * 3 + 3);
  const resized = resize({ width: gray.width, height: gray.height, data: rgb }, width, height, filter);
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => resized.data[i * 3]!) };
}

function checkTarget(width: number, height: number): void {
  if (!isSide(width) || !isSide(height) || Math.max(width, height) > MAX_SIDE || width * height > MAX_RESIZED_PIXELS) {
    throw new VitaminError(
      'USAGE',
      `Expected a size to resize to, with sides from 1 to ${MAX_SIDE} and at most ${MAX_RESIZED_PIXELS} pixels, but received ${width} x ${height}`,
    );
  }
}

/** Fills `target.data` row by row, yielding after each block of input or output rows. */
function* resizeSteps(kernel: Kernel, source: Picture, target: Picture, filter: ResizeFilter): Generator<void> {
  const { width, height, data } = source;
  const rowBytes = width * 3;
  const outBytes = target.width * 3;
  const across = resampleWeights(width, target.width, filter);
  const acrossPacked = packWeights(across);
  const pixelOffsets = across.first.map((index) => index * 3);
  const down = resampleWeights(height, target.height, filter);
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

  let start = 0; // input row that lies first in `between`
  let end = 0; // input row up to which `between` is filled
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
