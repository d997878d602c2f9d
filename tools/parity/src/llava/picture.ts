import { createHash } from 'node:crypto';
import type { Picture } from '@vitamin-vlm/image';
import { formulaStream } from '../formula.ts';

/** Side of the squares of one color that lie below the noise. */
const BLOCK = 10;

/** A picture made from a name: three quarters in blocks, one quarter noise. */
export function formulaPicture(name: string, width: number, height: number): Picture {
  const columns = Math.ceil(width / BLOCK);
  const nextBlock = formulaStream(`${name}.blocks`);
  const blocks = Float64Array.from({ length: Math.ceil(height / BLOCK) * columns * 3 }, () => nextBlock() + 0.5);
  const next = formulaStream(name);
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    const block = blocks[(Math.floor(y / BLOCK) * columns + Math.floor(x / BLOCK)) * 3 + c]!;
    return Math.floor(block * 192) + Math.floor((next() + 0.5) * 64);
  });
  return { width, height, data };
}

/** 64 hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The bytes of an array, little-endian. */
export function bytesOf(data: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
