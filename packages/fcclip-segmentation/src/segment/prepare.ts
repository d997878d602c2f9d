import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, throwIfAborted } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION_255, detectron2Size, type Picture, resizeAsync, toTensor } from '@vitamin-vlm/image';
import type { Extents } from '../models/config.ts';

/** A picture as the network's input. */
export interface PreparedPicture {
  /** [1, 3, height, width] */
  readonly pixels: Tensor<'float32'>;
  readonly geometry: ImageGeometry;
}

/**
 * FC-CLIP's test pipeline for ViTamin: as large as the canvas allows, Pillow's bilinear filter, black to the right and below, then CLIP's normalization.
 *
 * @param canvas - The input of the network, in pixels.
 * @throws VitaminError as `resizeAsync`.
 * @example
 * ```ts
 * import { preparePicture } from '@vitamin-vlm/fcclip-segmentation';
 * import { decodeImage } from '@vitamin-vlm/image';
 * const { pixels, geometry } = await preparePicture(await decodeImage('street.jpg'), { width: 1344, height: 1344 });
 * console.log(pixels.shape, geometry.region.height); // [ 1, 3, 1344, 1344 ] 896
 * ```
 */
export async function preparePicture(picture: Picture, canvas: Extents, signal?: AbortSignal): Promise<PreparedPicture> {
  const { width: fullWidth, height: fullHeight } = picture;
  const long = Math.round(scaleToFit(picture, canvas) * Math.max(fullWidth, fullHeight));
  const { width, height } = detectron2Size(picture, long, long);
  throwIfAborted(signal);
  const scaled = await resizeAsync(picture, width, height, 'bilinear', { signal });
  const { data } = toTensor(scaled, { normalization: CLIP_NORMALIZATION_255, canvas: { ...canvas, fill: 'zeroBefore' } });
  return {
    pixels: tensor('float32', [1, 3, canvas.height, canvas.width], data),
    geometry: {
      width: fullWidth,
      height: fullHeight,
      inputWidth: canvas.width,
      inputHeight: canvas.height,
      region: { left: 0, top: 0, width, height },
    },
  };
}

/** Pixels of the canvas per pixel of the picture, before sizes are rounded. */
export function scaleToFit({ width, height }: Extents, canvas: Extents): number {
  return Math.min(canvas.width / width, canvas.height / height);
}
