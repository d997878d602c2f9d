import { VitaminError } from '@vitamin-vlm/core';
import type { Rgb } from './encode.ts';
import { checkPicture, isSide, type Picture } from './picture.ts';

/**
 * Where a center crop begins when an odd number of pixels is left over: torchvision rounds half to even, the Hugging Face processor rounds down.
 * They differ by one pixel whenever the leftover is 3 more than a multiple of 4.
 */
export type CropRounding = 'torchvision' | 'hf';

/** The color LLaVA pads with: `int(mean * 255)` of the OpenAI CLIP mean. */
export const LLAVA_PAD_COLOR: Rgb = [122, 116, 104];

/**
 * Cuts a rectangle out of a picture, into new memory.
 *
 * @throws VitaminError `USAGE` when the rectangle does not lie inside the picture.
 * @example
 * ```ts
 * import { crop, decodeImage } from '@vitamin-vlm/image';
 * const corner = crop(await decodeImage('street.jpg'), 0, 0, 64, 64);
 * ```
 */
export function crop(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  checkPicture(picture);
  const inside =
    isSide(x + 1) && isSide(y + 1) && isSide(width) && isSide(height) && x + width <= picture.width && y + height <= picture.height;
  if (!inside) {
    throw new VitaminError(
      'USAGE',
      `Expected a rectangle inside ${picture.width} x ${picture.height} but received ${width} x ${height} at (${x}, ${y})`,
    );
  }
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3;
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}

/**
 * Cuts `width` x `height` out of the middle.
 *
 * @throws VitaminError `USAGE` when the picture is smaller than that.
 * @example
 * ```ts
 * import { centerCrop, decodeImage } from '@vitamin-vlm/image';
 * const square = centerCrop(await decodeImage('street.jpg'), 336, 336, 'torchvision');
 * ```
 */
export function centerCrop(picture: Picture, width: number, height: number, rounding: CropRounding): Picture {
  return crop(picture, cropOffset(picture.width - width, rounding), cropOffset(picture.height - height, rounding), width, height);
}

/** Where a center crop begins, by how many pixels are left over. */
export function cropOffset(leftover: number, rounding: CropRounding): number {
  const floor = Math.floor(leftover / 2);
  const halfToEven = leftover % 2 === 1 && floor % 2 === 1 ? floor + 1 : floor;
  return rounding === 'hf' ? floor : halfToEven;
}

/**
 * Puts a picture on a larger canvas of one color, with its top left corner at (`x`, `y`).
 *
 * @throws VitaminError `USAGE` when the picture does not fit.
 * @example
 * ```ts
 * import { decodeImage, pad } from '@vitamin-vlm/image';
 * const canvas = pad(await decodeImage('street.jpg'), 1344, 1344, [0, 0, 0]);
 * ```
 */
export function pad(picture: Picture, width: number, height: number, color: Rgb, x = 0, y = 0): Picture {
  checkPicture(picture);
  const fits =
    isSide(x + 1) && isSide(y + 1) && isSide(width) && isSide(height) && x + picture.width <= width && y + picture.height <= height;
  if (!fits) {
    throw new VitaminError(
      'USAGE',
      `Expected room for ${picture.width} x ${picture.height} at (${x}, ${y}) but received a canvas of ${width} x ${height}`,
    );
  }
  const data = new Uint8Array(width * height * 3);
  if (color.some((value) => value !== 0)) {
    data.set(color);
    // Each step doubles what is filled.
    for (let filled = 3; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  }
  const rowBytes = picture.width * 3;
  for (let row = 0; row < picture.height; row++) {
    data.set(picture.data.subarray(row * rowBytes, (row + 1) * rowBytes), ((y + row) * width + x) * 3);
  }
  return { width, height, data };
}

/**
 * Pads the shorter side so that the picture becomes a square with the picture in its middle, as LLaVA's `expand2square` does.
 *
 * @example
 * ```ts
 * import { decodeImage, LLAVA_PAD_COLOR, padToSquare } from '@vitamin-vlm/image';
 * const square = padToSquare(await decodeImage('street.jpg'), LLAVA_PAD_COLOR);
 * ```
 */
export function padToSquare(picture: Picture, color: Rgb): Picture {
  const side = Math.max(picture.width, picture.height);
  return pad(picture, side, side, color, Math.floor((side - picture.width) / 2), Math.floor((side - picture.height) / 2));
}
