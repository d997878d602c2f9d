import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, throwIfAborted } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION_255, detectron2Size, type Picture, resizeAsync, toTensor } from '@vitamin-vlm/image';
import type { Extents } from '../models/config.ts';
import { roundHalfEven } from '../postprocess/axis-taps.ts';
import type { EdgeLimits } from '../recipe/recipe.ts';

/** What the sides of a canvas are multiples of, where a picture has its own: the stride of the coarsest map. */
const DIVISOR = 32;

/** A picture as the network's input. */
export interface PreparedPicture {
  /** [1, 3, height, width] */
  readonly pixels: Tensor<'float32'>;
  /** `region` is what the original program cuts out of the masks. */
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
  const long = Math.round(scaleToFit(picture, canvas) * Math.max(picture.width, picture.height));
  const pixels = await pixelsOf(picture, detectron2Size(picture, long, long), { ...canvas, fill: 'zeroBefore' }, signal);
  return { pixels, geometry: fittedGeometry(picture, canvas) };
}

/** Where a picture lies on a canvas that it is fitted into. The original program rounds halves to even numbers here, and up where it resizes. */
export function fittedGeometry({ width, height }: Extents, canvas: Extents): ImageGeometry {
  const scale = scaleToFit({ width, height }, canvas);
  const kept = (pixels: number, limit: number): number => Math.min(Math.max(roundHalfEven(pixels * scale), 1), limit);
  return geometryOf({ width, height }, canvas, { width: kept(width, canvas.width), height: kept(height, canvas.height) });
}

/**
 * FC-CLIP's test pipeline for ConvNeXt: the shorter edge to a length unless the longer one becomes too long, Pillow's bilinear filter, CLIP's normalization, then zeros to the right
 * and below up to multiples of 32.
 *
 * @throws VitaminError as `resizeAsync`.
 * @example
 * ```ts
 * import { prepareAnySize } from '@vitamin-vlm/fcclip-segmentation';
 * import { decodeImage } from '@vitamin-vlm/image';
 * const { pixels } = await prepareAnySize(await decodeImage('street.jpg'), { shortest: 800, longest: 1333 }); // 640 x 480
 * console.log(pixels.shape); // [ 1, 3, 800, 1088 ]
 * ```
 */
export async function prepareAnySize(picture: Picture, { shortest, longest }: EdgeLimits, signal?: AbortSignal): Promise<PreparedPicture> {
  const size = detectron2Size(picture, shortest, longest);
  const canvas = { width: DIVISOR * Math.ceil(size.width / DIVISOR), height: DIVISOR * Math.ceil(size.height / DIVISOR) };
  const pixels = await pixelsOf(picture, size, { ...canvas, fill: 'zeroAfter' }, signal);
  return { pixels, geometry: geometryOf(picture, canvas, size) };
}

async function pixelsOf(
  picture: Picture,
  { width, height }: Extents,
  canvas: Extents & { readonly fill: 'zeroBefore' | 'zeroAfter' },
  signal: AbortSignal | undefined,
): Promise<Tensor<'float32'>> {
  throwIfAborted(signal);
  const scaled = await resizeAsync(picture, width, height, 'bilinear', { signal });
  const { data } = toTensor(scaled, { normalization: CLIP_NORMALIZATION_255, canvas });
  return tensor('float32', [1, 3, canvas.height, canvas.width], data);
}

function geometryOf({ width, height }: Extents, canvas: Extents, region: Extents): ImageGeometry {
  const place = { left: 0, top: 0, width: region.width, height: region.height };
  return { width, height, inputWidth: canvas.width, inputHeight: canvas.height, region: place };
}

/** Pixels of the canvas per pixel of the picture, before sizes are rounded. */
function scaleToFit({ width, height }: Extents, canvas: Extents): number {
  return Math.min(canvas.width / width, canvas.height / height);
}
