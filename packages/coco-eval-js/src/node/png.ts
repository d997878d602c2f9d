import { inflateSync } from 'node:zlib';
import { CocoEvalError } from '../errors.ts';

/** Most pixels of one PNG: 16384 x 16384 = 1 GiB of ids; the biggest panoptic set in use (Mapillary) stays below 100 million. */
const maxPixels = 2 ** 28;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly palette: boolean;
}

/** A panoptic PNG as ids. */
export interface IdMap {
  readonly width: number;
  readonly height: number;
  /** `R + 256 G + 65536 B`, row-major. */
  readonly ids: Uint32Array;
}

/**
 * Reads a PNG as panoptic ids.
 *
 * Own code, because the alternative is a native image library for one lossless format that Node's zlib nearly reads. Panoptic files are 8-bit RGB(A); lossless optimizers
 * rewrite them as palette or gray (1 to 8 bits) with the same colors, so those are read too. 16 bits and interlacing do not occur and are refused.
 * Chunk checksums are not verified; zlib's own checksum covers the pixels.
 *
 * @param bytes - the file
 * @param name - names the file in errors
 * @throws CocoEvalError `BAD_INPUT` when the file is not such a PNG, is truncated, or is larger than 2^28 pixels
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodePanopticPng } from 'coco-eval-js/node';
 * async function idsOf(path: string): Promise<Uint32Array> {
 *   return decodePanopticPng(await readFile(path), path).ids;
 * }
 * ```
 */
export function decodePanopticPng(bytes: Uint8Array, name: string): IdMap {
  const { header, palette, data } = readChunks(bytes, name);
  const { width, height, depth, channels } = header;
  const stride = Math.ceil((width * channels * depth) / 8);
  let raw: Uint8Array;
  try {
    raw = inflateSync(data, { maxOutputLength: (stride + 1) * height });
  } catch (cause) {
    throw bad(name, `pixels of ${width}x${height}`, 'data that zlib refuses', cause);
  }
  if (raw.length !== (stride + 1) * height) throw bad(name, `${(stride + 1) * height} bytes of pixels`, String(raw.length));
  unfilter(raw, stride, height, Math.max(1, (channels * depth) >> 3), name);
  return { width, height, ids: toIds(raw, stride, header, palette, name) };
}

function bad(name: string, expected: string, found: string, cause?: unknown): CocoEvalError {
  return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${name} but found ${found}`, {
    hint: 'Save panoptic maps as 8-bit RGB PNG without interlacing.',
    cause,
  });
}

function readChunks(bytes: Uint8Array, name: string): { header: Header; palette: Uint8Array; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a)
    throw bad(name, 'a PNG signature', 'something else');
  let header: Header | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  const data: Uint8Array[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw bad(name, 'an IEND chunk', 'the end of the file');
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw bad(name, `a chunk of ${length} bytes`, 'the end of the file');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
    if (type === 'IHDR') header = readHeader(body, name);
    else if (type === 'PLTE') palette = body;
    else if (type === 'IDAT') data.push(body);
    else if (type === 'IEND') break;
  }
  if (!header) throw bad(name, 'an IHDR chunk', 'none');
  return { header, palette, data: Buffer.concat(data) };
}

function readHeader(body: Uint8Array, name: string): Header {
  if (body.length !== 13) throw bad(name, 'an IHDR of 13 bytes', String(body.length));
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, color, , , interlace] = body.subarray(8) as unknown as [number, number, number, number, number];
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[color];
  const shallow = color === 0 || color === 3;
  if (!channels || !(depth === 8 || (shallow && (depth === 1 || depth === 2 || depth === 4)))) {
    throw bad(name, '8-bit RGB, RGBA, palette or gray', `color type ${color} with ${depth} bits`);
  }
  if (interlace !== 0) throw bad(name, 'no interlacing', 'Adam7');
  if (width === 0 || height === 0 || width * height > maxPixels) throw bad(name, `1 to ${maxPixels} pixels`, `${width}x${height}`);
  return { width, height, depth, channels, palette: color === 3 };
}

/** Undoes the row filters in place (PNG specification, section 9). `step` = bytes of one pixel. */
function unfilter(raw: Uint8Array, stride: number, height: number, step: number, name: string): void {
  for (let y = 0; y < height; y++) {
    const row = y * (stride + 1) + 1;
    const filter = raw[row - 1]!;
    if (filter > 4) throw bad(name, 'row filters 0 to 4', `${filter} in row ${y}`);
    if (filter === 0) continue;
    for (let x = 0; x < stride; x++) {
      const left = x < step ? 0 : raw[row + x - step]!;
      const up = y === 0 ? 0 : raw[row + x - stride - 1]!;
      const corner = y === 0 || x < step ? 0 : raw[row + x - stride - 1 - step]!;
      const predicted = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
      raw[row + x]! += predicted;
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

function toIds(
  raw: Uint8Array,
  stride: number,
  { width, height, depth, channels, palette }: Header,
  colors: Uint8Array,
  name: string,
): Uint32Array {
  const ids = new Uint32Array(width * height);
  const scale = 255 / (2 ** depth - 1);
  for (let y = 0, i = 0; y < height; y++) {
    const row = y * (stride + 1) + 1;
    for (let x = 0; x < width; x++, i++) {
      if (channels >= 3) {
        const at = row + x * channels;
        ids[i] = raw[at]! | (raw[at + 1]! << 8) | (raw[at + 2]! << 16);
        continue;
      }
      const bit = x * channels * depth;
      const sample = (raw[row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
      if (!palette) {
        ids[i] = sample * scale * 0x010101;
        continue;
      }
      if (sample * 3 + 2 >= colors.length) throw bad(name, `a palette of more than ${sample} colors`, String(colors.length / 3));
      ids[i] = colors[sample * 3]! | (colors[sample * 3 + 1]! << 8) | (colors[sample * 3 + 2]! << 16);
    }
  }
  return ids;
}
