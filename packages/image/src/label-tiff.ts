import { VitaminError } from '@vitamin-vlm/core';
import sharp from 'sharp';
import { MAX_PIXELS } from './decode.ts';

/**
 * Reads a gray TIFF of 8 or 16 bits as numbers: label maps with more than 255 classes come as such.
 *
 * @param bytes - The file.
 * @param name - What messages call it.
 * @returns A number for each pixel, row-major, as it stands in the file.
 * @throws VitaminError `INPUT_UNREADABLE` for a file that is damaged, larger than `MAX_PIXELS`, colored, of several pages, or of other numbers than whole ones up to 65535.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodeLabelTiff } from '@vitamin-vlm/image';
 * const { data, width, height } = await decodeLabelTiff(await readFile('labels.tif'), 'labels.tif');
 * console.log(width, height, data[0]);
 * ```
 */
export async function decodeLabelTiff(bytes: Uint8Array, name: string): Promise<{ width: number; height: number; data: Uint16Array }> {
  try {
    const { channels, depth, pages = 1, width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const wide = depth === 'ushort';
    if (channels !== 1 || pages > 1 || !(wide || depth === 'uchar') || width * height > MAX_PIXELS) {
      throw new VitaminError(
        'INPUT_UNREADABLE',
        `Expected one gray map of 8 or 16 bits and at most ${MAX_PIXELS} pixels in ${name} but found ${width} x ${height}, ${channels} channels of ${depth}, ${pages} pages`,
        { hint: "Save the number of each pixel's class as a gray TIFF or PNG." },
      );
    }
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS });
    // libvips' own names; without them 16 bits would become 8.
    const { data } = await image
      .toColorspace(wide ? 'grey16' : 'b-w')
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const numbers = wide ? new Uint16Array(Uint8Array.from(data).buffer) : data; // aligned
    return { width, height, data: Uint16Array.from(numbers) };
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n', 1)[0]!;
    throw new VitaminError('INPUT_UNREADABLE', `Expected a complete TIFF but ${name} cannot be decoded: ${reason}`, { cause });
  }
}
