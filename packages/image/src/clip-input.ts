import type { Tensor } from '@vitamin-vlm/core';
import { centerCrop, type CropRounding } from './geometry.ts';
import { toTensor, type ToTensorOptions } from './normalize.ts';
import type { Picture } from './picture.ts';
import { resize } from './resize.ts';
import { shortestEdgeSize } from './sizes.ts';

/** Options of `clipInput`. */
export interface ClipInputOptions extends Pick<ToTensorOptions, 'into'> {
  /** `torchvision` (open_clip, timm) unless `hf` is asked for. */
  readonly cropRounding?: CropRounding | undefined;
}

/**
 * What CLIP models see of a picture: shortest edge to `size` (bicubic), center crop to `size` x `size`, OpenAI normalization. float32 `[3, size, size]`.
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
  const resized = shortestEdgeSize(picture, size);
  const scaled = resize(picture, resized.width, resized.height, 'bicubic');
  return toTensor(centerCrop(scaled, size, size, options.cropRounding ?? 'torchvision'), { into: options.into });
}
