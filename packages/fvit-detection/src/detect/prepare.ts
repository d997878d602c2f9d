import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, throwIfAborted } from '@vitamin-vlm/core';
import {
  CLIP_NORMALIZATION_255,
  mmdetSize,
  type Normalization,
  type Picture,
  type ResizeFilter,
  resizeAsync,
  toTensor,
} from '@vitamin-vlm/image';

/** A picture as the network's input. */
export interface PreparedPicture {
  /** [1, 3, size, size] */
  readonly pixels: Tensor<'float32'>;
  readonly geometry: ImageGeometry;
}

/** Where a picture goes. All in pixels of the network's input. */
export interface CanvasSettings {
  /** What the longer and the shorter edge of the picture may be: the picture becomes as large as both allow, smaller ones grow. */
  readonly scale: readonly [long: number, short: number];
  /** Of the resize. Default: OpenCV's bilinear filter, F-ViT's. */
  readonly filter?: ResizeFilter | undefined;
  /** Default: CLIP's. CLIPSelf's detectors on plain Vision Transformers have ImageNet's. */
  readonly normalization?: Normalization | undefined;
  /** Extents with the padding. */
  readonly width: number;
  readonly height: number;
}

/** F-ViT's canvas: a square as long as the picture's longer edge. */
export function squareCanvas(size: number): CanvasSettings {
  return { scale: [size, size], width: size, height: size };
}

/**
 * F-ViT's test pipeline: keep the ratio, a bilinear filter, CLIP's normalization, then zeros to the right and below.
 *
 * @throws VitaminError as `resizeAsync`; `USAGE` for a canvas smaller than the scaled picture.
 * @example
 * ```ts
 * import { preparePicture, squareCanvas } from '@vitamin-vlm/fvit-detection';
 * import { decodeImage } from '@vitamin-vlm/image';
 * const { pixels, geometry } = await preparePicture(await decodeImage('street.jpg'), squareCanvas(896));
 * console.log(pixels.shape, geometry.region.height); // [ 1, 3, 896, 896 ] 597
 * ```
 */
export async function preparePicture(
  picture: Picture,
  { scale, filter = 'opencv-bilinear', normalization = CLIP_NORMALIZATION_255, ...canvas }: CanvasSettings,
  signal?: AbortSignal,
): Promise<PreparedPicture> {
  const { width, height } = mmdetSize(picture, ...scale);
  throwIfAborted(signal);
  const scaled = await resizeAsync(picture, width, height, filter, { signal });
  const { data } = toTensor(scaled, { normalization, canvas: { ...canvas, fill: 'zeroAfter' } });
  return {
    pixels: tensor('float32', [1, 3, canvas.height, canvas.width], data),
    geometry: {
      width: picture.width,
      height: picture.height,
      inputWidth: canvas.width,
      inputHeight: canvas.height,
      region: { left: 0, top: 0, width, height },
    },
  };
}

/** Pixels of the input per pixel of the picture, in float32 as mmdetection keeps them: the two differ a little, because sizes are rounded. */
export function scaleFactors({ width, height, region }: ImageGeometry): { readonly x: number; readonly y: number } {
  return { x: Math.fround(region.width / width), y: Math.fround(region.height / height) };
}
