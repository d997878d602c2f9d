import { deflateSync } from 'node:zlib';

/** One chunk, without its checksum. */
export function chunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body, Buffer.alloc(4)]);
}

/** What a PNG is made of; every row begins with its filter. */
export interface Png {
  width: number;
  height: number;
  color: number;
  rows: number[][];
  depth?: number;
  interlace?: number;
  palette?: number[];
}

/** A PNG file. */
export function png({ width, height, color, rows, depth = 8, interlace = 0, palette }: Png): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, interlace], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const colors = palette ? [chunk('PLTE', Uint8Array.from(palette))] : [];
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...colors,
    chunk('IDAT', deflateSync(Uint8Array.from(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
