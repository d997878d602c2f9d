import type { Picture } from './picture.ts';

const COLOR_TABLE = 0x80;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/** A still GIF whose transparent pixels bear the color that is stored for them. */
export interface OpaqueGif {
  readonly bytes: Uint8Array;
  /** Left, top, right, bottom of its frame on the canvas. */
  readonly frame: readonly [left: number, top: number, right: number, bottom: number];
  /** The color of the canvas where the frame does not reach, as Pillow has it: that of the transparent index, else of index 0. */
  readonly canvas: Uint8Array;
}

/**
 * libvips makes transparent pixels black; the color under them is lost. Without the flag of transparency in the first frame's graphic control extension
 * (GIF89a, section 23) every pixel has the color of its index. Undefined for a file that is cut short before its frame: decoding says what is wrong.
 */
export function withoutTransparency(source: Uint8Array): OpaqueGif | undefined {
  const bytes = Uint8Array.from(source);
  const view = new DataView(bytes.buffer);
  if (bytes.length < 13) return undefined;
  let colors = 13;
  let at = 13 + tableBytes(bytes[10]!);
  let index = 0;
  while (bytes[at] === EXTENSION) {
    // Introducer, label, then blocks that begin with their length. A graphic control holds flags, a delay of 2 bytes, and the transparent index.
    if (bytes[at + 1] === GRAPHIC_CONTROL && bytes[at + 2] === 4 && at + 6 < bytes.length) {
      if (bytes[at + 3]! & 1) index = bytes[at + 6]!;
      bytes[at + 3]! &= ~1;
    }
    at += 2;
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1;
    at++;
  }
  if (bytes[at] !== IMAGE || at + 10 > bytes.length) return undefined;
  // Separator, place and size of the frame, flags, its own color table if it has one.
  const [left, top, width, height] = [1, 3, 5, 7].map((field) => view.getUint16(at + field, true)) as [number, number, number, number];
  if (bytes[at + 9]! & COLOR_TABLE) colors = at + 10;
  return { bytes, frame: [left, top, left + width, top + height], canvas: bytes.slice(colors + index * 3, colors + index * 3 + 3) };
}

/** Gives the canvas its color where the frame does not reach. */
export function fillCanvas({ width, height, data }: Picture, { frame: [left, top, right, bottom], canvas }: OpaqueGif): void {
  if (left === 0 && top === 0 && right >= width && bottom >= height) return;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y < top || y >= bottom || x < left || x >= right) data.set(canvas, (y * width + x) * 3);
    }
  }
}

/** Bytes of a color table, from the flags that announce it. */
function tableBytes(flags: number): number {
  return flags & COLOR_TABLE ? 3 * 2 ** ((flags & 7) + 1) : 0;
}
