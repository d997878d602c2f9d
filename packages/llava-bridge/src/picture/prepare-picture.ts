import { type Tensor, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import {
  centerCrop,
  CLIP_NORMALIZATION,
  LLAVA_PAD_COLOR,
  type Normalization,
  padToSquare,
  type Picture,
  resizeAsync,
  shortestEdgeSize,
  toTensor,
} from '@vitamin-vlm/image';

/**
 * How a picture becomes a square. `pad`: the mean color fills it up, nothing is lost (LLaVA-1.5: its second stage of training, and every answer). `square`: the
 * middle is cut out (its first stage).
 */
export type PictureRule = 'pad' | 'square';

/** Pixels of a picture on its way. Larger ones are strips that nobody means. */
const MAX_PIXELS = 2 ** 28;

/**
 * What LLaVA's tower sees of a picture, as bytes: filled up or not, then the shortest edge to `size` (Pillow's bicubic) and the middle, [size, size].
 *
 * @throws VitaminError `USAGE` for a picture so long that it would take too much memory, `ABORTED`.
 */
export async function squarePicture(picture: Picture, size: number, rule: PictureRule, { signal }: WorkOptions = {}): Promise<Picture> {
  const side = Math.max(picture.width, picture.height);
  const { width, height } = rule === 'pad' ? { width: size, height: size } : shortestEdgeSize(picture, size);
  if ((rule === 'pad' && side * side > MAX_PIXELS) || width * height > MAX_PIXELS) {
    throw new VitaminError(
      'USAGE',
      `Expected a picture whose square has at most ${MAX_PIXELS} pixels but received ${picture.width} x ${picture.height}`,
      {
        hint: 'Cut or shrink the picture first.',
      },
    );
  }
  const filled = rule === 'pad' ? padToSquare(picture, LLAVA_PAD_COLOR) : picture;
  const isSize = filled.width === width && filled.height === height;
  return centerCrop(isSize ? filled : await resizeAsync(filled, width, height, 'bicubic', { signal }), size, size, 'hf');
}

/**
 * A picture as the input of LLaVA's tower: float32 [3, size, size], equal to the bits of LLaVA's `process_images`.
 *
 * @param picture - RGB, as `decodeImage` gives it.
 * @throws VitaminError as `squarePicture`.
 * @example
 * ```ts
 * import { decodeImage } from '@vitamin-vlm/image';
 * import { preparePicture } from '@vitamin-vlm/llava-bridge';
 * const pixels = await preparePicture(await decodeImage('street.jpg'), 336, 'pad');
 * console.log(pixels.shape); // [3, 336, 336]
 * ```
 */
export async function preparePicture(
  picture: Picture,
  size: number,
  rule: PictureRule,
  { normalization = CLIP_NORMALIZATION, ...options }: WorkOptions & { readonly normalization?: Normalization | undefined } = {},
): Promise<Tensor<'float32'>> {
  return toTensor(await squarePicture(picture, size, rule, options), { normalization });
}
