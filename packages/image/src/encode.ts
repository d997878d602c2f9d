import { crc32 } from 'node:zlib';
import { VitaminError, type LabelMap } from '@vitamin-vlm/core';
import sharp, { type Sharp } from 'sharp';
import { checkLabelMap } from './label-map.ts';
import { checkPicture, isSide, type Picture } from './picture.ts';

/** A color as red, green and blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * The picture as the bytes of a PNG file, lossless.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for an inconsistent picture.
 * @example
 * ```ts
 * import { writeFileAtomic } from '@vitamin-vlm/core';
 * import { decodeImage, encodePng } from '@vitamin-vlm/image';
 * await writeFileAtomic('copy.png', await encodePng(await decodeImage('street.jpg')));
 * ```
 */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  return rawRgb(picture).png().toBuffer();
}

/**
 * The picture as the bytes of a JPEG file. `quality` goes from 1 to 100; colors are stored at full resolution, so that thin colored lines stay sharp.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for an inconsistent picture, `USAGE` for a quality out of range.
 * @example
 * ```ts
 * import { decodeImage, encodeJpeg } from '@vitamin-vlm/image';
 * const bytes = await encodeJpeg(await decodeImage('drawing.png'), 85);
 * ```
 */
export async function encodeJpeg(picture: Picture, quality = 90): Promise<Uint8Array> {
  if (!isSide(quality) || quality > 100) throw new VitaminError('USAGE', `Expected a JPEG quality from 1 to 100 but received ${quality}`);
  return rawRgb(picture).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

/**
 * A label map as a one-channel PNG whose sample values are the labels: 8 bits for a `Uint8Array`, 16 bits for a `Uint16Array`.
 * With a `palette` the 8-bit file is shown in colors by viewers and still read as label numbers by programs (as PASCAL VOC does).
 *
 * @param palette color per label, at most 256; labels without one are black.
 * @throws VitaminError `USAGE` for an inconsistent map, or a palette with more than 256 colors or with 16-bit labels.
 * @example
 * ```ts
 * import { encodeLabelPng, labelColor } from '@vitamin-vlm/image';
 * const map = { width: 2, height: 1, data: new Uint8Array([0, 1]) };
 * const png = await encodeLabelPng(map, [labelColor(0), labelColor(1)]);
 * ```
 */
export async function encodeLabelPng(map: LabelMap, palette?: readonly Rgb[]): Promise<Uint8Array> {
  checkLabelMap(map);
  const { width, height, data } = map;
  const wide = data instanceof Uint16Array;
  if (palette && (wide || palette.length > 256)) {
    throw new VitaminError(
      'USAGE',
      `Expected 8-bit labels and at most 256 colors for a palette but received ${wide ? '16' : '8'}-bit labels and ${palette.length}`,
    );
  }
  const gray = await sharp(data, { raw: { width, height, channels: 1 } })
    // libvips' own spelling; a name that it does not know would silently give 8 bits.
    .toColorspace(wide ? 'grey16' : 'b-w')
    .png({ palette: false })
    .toBuffer();
  return palette ? withPalette(gray, palette) : gray;
}

/**
 * Segment ids as the RGB PNG of COCO panoptic: id = red + 256 green + 65,536 blue. 0 means unlabeled.
 *
 * @param ids one id from 0 to 16,777,215 per pixel, row-major.
 * @throws VitaminError `USAGE` when the number of ids is not `width * height` or an id is out of range.
 * @example
 * ```ts
 * import { encodeIdPng } from '@vitamin-vlm/image';
 * const png = await encodeIdPng(new Uint32Array([0, 300, 300, 70_000]), 2, 2);
 * ```
 */
export async function encodeIdPng(ids: Uint32Array | Int32Array, width: number, height: number): Promise<Uint8Array> {
  if (!isSide(width) || !isSide(height) || ids.length !== width * height) {
    throw new VitaminError('USAGE', `Expected one id per pixel of ${width} x ${height} but received ${ids.length}`);
  }
  const data = new Uint8Array(ids.length * 3);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < 0 || id > 0xffffff) throw new VitaminError('USAGE', `Expected segment ids from 0 to 16777215 but received ${id}`);
    data[i * 3] = id;
    data[i * 3 + 1] = id >> 8;
    data[i * 3 + 2] = id >> 16;
  }
  return encodePng({ width, height, data });
}

function rawRgb(picture: Picture): Sharp {
  const { width, height, data } = checkPicture(picture);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Turns an 8-bit gray PNG into an indexed one: same pixels, color type 3 instead of 0, and a PLTE chunk after the header (PNG 1.2, 4.1). */
function withPalette(gray: Buffer, palette: readonly Rgb[]): Uint8Array {
  const headerEnd = 8 + 25;
  const header = Buffer.from(gray.subarray(12, headerEnd - 4));
  header[13] = 3;
  // A palette entry must exist for every value that occurs, so all 256 are written.
  const colors = Buffer.alloc(256 * 3);
  for (const [i, color] of palette.entries()) colors.set(color, i * 3);
  const plte = Buffer.concat([Buffer.from('PLTE', 'latin1'), colors]);
  return Buffer.concat([gray.subarray(0, 8), chunk(header), chunk(plte), gray.subarray(headerEnd)]);
}

/** Length, the given type and data, checksum. */
function chunk(typeAndData: Buffer): Buffer {
  const out = Buffer.alloc(typeAndData.length + 8);
  out.writeUInt32BE(typeAndData.length - 4, 0);
  out.set(typeAndData, 4);
  out.writeUInt32BE(crc32(typeAndData), typeAndData.length + 4);
  return out;
}
