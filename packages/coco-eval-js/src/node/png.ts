import { inflateSync } from 'node:zlib';
import { CocoEvalError } from '../errors.ts';

/** Most pixels of one PNG: 512 MiB of ids and as much of unpacked samples; the biggest panoptic set in use (Mapillary) stays below 100 million. */
const maxPixels = 2 ** 27;
/** Signature and IHDR. */
const HEADER_BYTES = 33;

/** What the first bytes of a PNG tell. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly palette: boolean;
}

/** How the ids of a gray map are written: as gray colors (R = G = B), as lossless optimizers leave them, or as the gray values themselves. */
export interface GrayIds {
  readonly gray?: 'color' | 'value' | undefined;
}

/** Whether a PNG is gray: 0 to 65535 at most. */
export function isGray({ channels, palette }: PngHeader): boolean {
  return channels <= 2 && !palette;
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
 * rewrite them as palette or gray (1 to 8 bits) with the same colors, so those are read too; gray files may also hold the ids as their values, then of up to 16
 * bits. Colors of 16 bits and interlacing do not occur and are refused.
 * Chunk checksums are not verified; zlib's own checksum covers the pixels.
 *
 * @param bytes - the file
 * @param name - names the file in errors
 * @param options - `gray`: what the values of a gray file are; `color` by default, `value` for those of 16 bits
 * @throws CocoEvalError `BAD_INPUT` when the file is not such a PNG, is truncated, or is larger than 2^27 pixels
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
export function decodePanopticPng(bytes: Uint8Array, name: string, options: GrayIds = {}): IdMap {
  const { header, palette, raw, stride } = unpack(bytes, name);
  const { width, height } = header;
  return { width, height, ids: isGray(header) ? grayIds(raw, stride, header, options) : colorIds(raw, stride, header, palette, name) };
}

/**
 * Reads a PNG as a label map: the values of a gray file, or the places of a palette, whatever its colors.
 *
 * @throws CocoEvalError as `decodePanopticPng`, and for a file of colors
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { decodeLabelPng } from 'coco-eval-js/node';
 * async function labelsOf(path: string): Promise<Uint32Array> {
 *   return decodeLabelPng(await readFile(path), path).ids;
 * }
 * ```
 */
export function decodeLabelPng(bytes: Uint8Array, name: string): IdMap {
  const header = readPngHeader(bytes, name);
  if (header.channels > 2) {
    throw new CocoEvalError('BAD_INPUT', `Expected a label map, gray or with a palette, in ${name} but found colors`, {
      hint: "Save the number of each pixel's class as a gray PNG.",
    });
  }
  const { raw, stride } = unpack(bytes, name);
  const { width, height } = header;
  return { width, height, ids: grayIds(raw, stride, header, { gray: 'value' }) };
}

/** The samples of a PNG: rows of `stride` bytes, each after the byte of its filter. */
function unpack(bytes: Uint8Array, name: string): { header: PngHeader; palette: Uint8Array; raw: Uint8Array; stride: number } {
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
  return { header, palette, raw, stride };
}

function bad(name: string, expected: string, found: string, cause?: unknown): CocoEvalError {
  return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${name} but found ${found}`, {
    hint: 'Save panoptic maps as 8-bit RGB PNG without interlacing.',
    cause,
  });
}

/** The size and kind of a PNG, before anything is unpacked. @throws CocoEvalError as `decodePanopticPng` */
export function readPngHeader(bytes: Uint8Array, name: string): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a)
    throw bad(name, 'a PNG signature', 'something else');
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) throw bad(name, 'an IHDR of 13 bytes', 'another chunk');
  return checkHeader(bytes.subarray(16, 29), name);
}

function readChunks(bytes: Uint8Array, name: string): { header: PngHeader; palette: Uint8Array; data: Uint8Array } {
  const header = readPngHeader(bytes, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let palette: Uint8Array = new Uint8Array(0);
  const data: Uint8Array[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw bad(name, 'an IEND chunk', 'the end of the file');
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw bad(name, `a chunk of ${length} bytes`, 'the end of the file');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
    if (type === 'PLTE') palette = body;
    else if (type === 'IDAT') data.push(body);
    else if (type === 'IEND') break;
  }
  return { header, palette, data: Buffer.concat(data) };
}

function checkHeader(body: Uint8Array, name: string): PngHeader {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, color, , , interlace] = body.subarray(8) as unknown as [number, number, number, number, number];
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[color];
  const shallow = color === 0 || color === 3;
  const deep = depth === 16 && (color === 0 || color === 4);
  if (!channels || !(depth === 8 || deep || (shallow && (depth === 1 || depth === 2 || depth === 4)))) {
    throw bad(name, '8-bit RGB, RGBA, palette or gray, or 16-bit gray', `color type ${color} with ${depth} bits`);
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

/** Ids of a gray map, from the values or from the gray colors that they are. */
function grayIds(raw: Uint8Array, stride: number, { width, height, depth, channels }: PngHeader, { gray }: GrayIds): Uint32Array {
  const ids = new Uint32Array(width * height);
  const color = gray !== 'value' && depth < 16;
  const scale = color ? (255 / (2 ** depth - 1)) * 0x010101 : 1;
  for (let y = 0, i = 0; y < height; y++) {
    const row = y * (stride + 1) + 1;
    for (let x = 0; x < width; x++, i++) {
      const at = row + 2 * x * channels;
      ids[i] = depth === 16 ? (raw[at]! << 8) | raw[at + 1]! : sampleAt(raw, row, x * channels * depth, depth) * scale;
    }
  }
  return ids;
}

function colorIds(raw: Uint8Array, stride: number, header: PngHeader, colors: Uint8Array, name: string): Uint32Array {
  const { width, height, depth, channels, palette } = header;
  const ids = new Uint32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const row = y * (stride + 1) + 1;
    for (let x = 0; x < width; x++, i++) {
      const sample = palette ? sampleAt(raw, row, x * depth, depth) : 0;
      if (palette && sample * 3 + 2 >= colors.length) throw bad(name, `a palette of more than ${sample} colors`, String(colors.length / 3));
      const source = palette ? colors : raw;
      const at = palette ? sample * 3 : row + x * channels;
      ids[i] = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16);
    }
  }
  return ids;
}

/** A sample of at most 8 bits. */
function sampleAt(raw: Uint8Array, row: number, bit: number, depth: number): number {
  return (raw[row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
