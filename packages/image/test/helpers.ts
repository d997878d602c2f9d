import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Picture } from '../src/picture.ts';

/** Reference data that is not part of the repository; tests that need it skip where it is absent. */
export const shared: string = join(process.env['VITAMIN_SHARED']!, 'data');

/** Deterministic noise: the upper bytes of the 32-bit generator state * 1664525 + 1013904223. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function noisePicture(width: number, height: number, seed = 1): Picture {
  return { width, height, data: noise(width * height * 3, seed) };
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Bytes that a name stands for: FNV-1a of the name seeds a 32-bit generator, of whose states the upper bytes are taken. */
export function formulaBytes(name: string, length: number): Uint8Array {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 256);
  });
}
