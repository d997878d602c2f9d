import { throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { checkPicture, isSide, MAX_SIDE, type Picture } from './picture.ts';
import type { PillowFilter } from './resample-weights.ts';
import { opencvSteps } from './resize-opencv.ts';
import { pillowSteps, type Target } from './resize-pillow.ts';
import type { Size } from './sizes.ts';

/**
 * What makes each pixel: one of the Pillow filters, which widen when shrinking (antialias), or OpenCV's `INTER_LINEAR`, which reads 2 x 2 pixels however
 * much the picture shrinks.
 */
export type ResizeFilter = PillowFilter | 'opencv-bilinear';

/** One byte a pixel, row-major. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What one picture may grow to: 768 MiB of bytes. */
const MAX_RESIZED_PIXELS = 2 ** 28;
/** Milliseconds that asynchronous work may hold the event loop. */
const SLICE_MS = 8;

/**
 * Resizes to exactly `width` x `height`. Never returns the picture itself.
 *
 * `bicubic` and `bilinear` give bit by bit what Pillow's `Image.resize` does for an RGB image: horizontal pass, rounded to 8 bits,
 * then vertical pass; a pass whose size does not change is left out. Shrinking is antialiased. `opencv-bilinear` gives every byte of OpenCV's
 * `resize(..., INTER_LINEAR)`, which does not antialias, but takes the mean of 2 x 2 pixels where both sides are halved exactly.
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
  checkTarget(width, height);
  const target = targetOf({ width, height });
  for (const _ of resizeSteps(checkPicture(picture), target, filter));
  return pictureOf(target);
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
  checkTarget(width, height);
  const target = targetOf({ width, height });
  await inSlices(resizeSteps(checkPicture(picture), target, filter), options.signal);
  return pictureOf(target);
}

/** Runs all steps, and lets other work run in between. */
export async function inSlices(steps: Iterable<void>, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  let paused = performance.now();
  for (const _ of steps) {
    if (performance.now() - paused < SLICE_MS) continue;
    await new Promise<void>((resume) => {
      setImmediate(resume);
    });
    throwIfAborted(signal);
    paused = performance.now();
  }
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

/** @throws VitaminError `USAGE` for sides that no resize makes. */
export function checkTarget(width: number, height: number): void {
  if (!isSide(width) || !isSide(height) || Math.max(width, height) > MAX_SIDE || width * height > MAX_RESIZED_PIXELS) {
    throw new VitaminError(
      'USAGE',
      `Expected a size to resize to, with sides from 1 to ${MAX_SIDE} and at most ${MAX_RESIZED_PIXELS} pixels, but received ${width} x ${height}`,
    );
  }
}

function targetOf({ width, height }: Size): Target {
  return { width, height, data: new Uint8Array(width * height * 3), whole: { width, height }, left: 0, top: 0 };
}

function pictureOf({ width, height, data }: Target): Picture {
  return { width, height, data };
}

function resizeSteps(source: Picture, target: Target, filter: ResizeFilter): Generator<void> {
  return filter === 'opencv-bilinear' ? opencvSteps(source, target) : pillowSteps(source, target, filter);
}
