import { VitaminError } from '@vitamin-vlm/core';

/** A decoded picture: 8-bit sRGB, row-major, interleaved, 3 bytes a pixel. Plain data that can be posted between threads. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes: red, green, blue of the top left pixel first. */
  readonly data: Uint8Array;
}

/**
 * Checks sizes and byte count of a picture that came from outside and returns it.
 *
 * @throws VitaminError `INPUT_UNREADABLE` when a side is not a positive integer or `data` has not `width * height * 3` bytes.
 * @example
 * ```ts
 * import { checkPicture } from '@vitamin-vlm/image';
 * const black = checkPicture({ width: 4, height: 2, data: new Uint8Array(4 * 2 * 3) });
 * ```
 */
export function checkPicture(picture: Picture): Picture {
  const { width, height, data } = picture;
  if (!isSide(width) || !isSide(height)) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a picture with positive integer sides but received ${width} x ${height}`);
  }
  if (!(data instanceof Uint8Array) || data.length !== width * height * 3) {
    const found = data instanceof Uint8Array ? `${data.length} bytes` : typeof data;
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${width * height * 3} bytes of RGB for ${width} x ${height} pixels but received ${found}`,
      {
        hint: 'Pass interleaved 8-bit RGB without alpha; decodeImage makes it from any image file.',
      },
    );
  }
  return picture;
}

/** Longest side of a picture: what JPEG can hold. Longer ones are strips that no model reads. */
export const MAX_SIDE = 65_535;

/** True for 1, 2, 3 ... */
export function isSide(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
