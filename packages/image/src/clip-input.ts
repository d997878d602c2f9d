import type { Tensor, WorkOptions } from '@vitamin-vlm/core';
import { type CropRounding, cropOffset } from './geometry.ts';
import { toTensor, type ToTensorOptions } from './normalize.ts';
import { checkPicture, type Picture } from './picture.ts';
import { pillowSteps, type Target } from './resize-pillow.ts';
import { checkTarget, inSlices } from './resize.ts';
import { shortestEdgeSize } from './sizes.ts';

/** Options of `clipInput`. */
export interface ClipInputOptions extends Pick<ToTensorOptions, 'into'> {
  /** `torchvision` (open_clip, timm) unless `hf` is asked for. */
  readonly cropRounding?: CropRounding | undefined;
}

/**
 * What CLIP models see of a picture: shortest edge to `size` (bicubic), center crop to `size` x `size`, OpenAI normalization. float32 `[3, size, size]`.
 * Only what stays after the crop is made, so that a strip of 1 x 65535 pixels costs no more than a square.
 *
 * Equals open_clip's evaluation transform for RGB pictures. For palette and alpha pictures open_clip converts after the resize, this package before.
 *
 * @throws VitaminError `USAGE` for a size that is not a positive integer or no room in `into`.
 * @example
 * ```ts
 * import { clipInput, decodeImage } from '@vitamin-vlm/image';
 * const input = clipInput(await decodeImage('street.jpg'), 336);
 * ```
 */
export function clipInput(picture: Picture, size: number, options: ClipInputOptions = {}): Tensor<'float32'> {
  const target = centerOf(picture, size, options.cropRounding);
  for (const _ of pillowSteps(picture, target, 'bicubic'));
  return toTensor({ width: size, height: size, data: target.data }, { into: options.into });
}

/** Options of `clipCrop`. */
export interface ClipCropOptions extends Pick<ClipInputOptions, 'cropRounding'>, Pick<WorkOptions, 'signal'> {
  /** Default `bicubic`, as CLIP has it. */
  readonly filter?: 'bicubic' | 'bilinear' | undefined;
}

/**
 * The picture that `clipInput` normalizes, made without holding the event loop for much more than 8 ms.
 *
 * @throws VitaminError as `clipInput`, and `ABORTED` when the signal fires.
 * @example
 * ```ts
 * import { clipCrop, decodeImage, toTensor } from '@vitamin-vlm/image';
 * const input = toTensor(await clipCrop(await decodeImage('street.jpg'), 336));
 * ```
 */
export async function clipCrop(picture: Picture, size: number, options: ClipCropOptions = {}): Promise<Picture> {
  const target = centerOf(picture, size, options.cropRounding);
  await inSlices(pillowSteps(picture, target, options.filter ?? 'bicubic'), options.signal);
  return { width: size, height: size, data: target.data };
}

/** The middle of what the picture is scaled to. */
function centerOf(picture: Picture, size: number, rounding: CropRounding = 'torchvision'): Target {
  checkTarget(size, size);
  const whole = shortestEdgeSize(checkPicture(picture), size);
  const [left, top] = [cropOffset(whole.width - size, rounding), cropOffset(whole.height - size, rounding)];
  return { width: size, height: size, data: new Uint8Array(size * size * 3), whole, left, top };
}
