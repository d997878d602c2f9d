import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Reference data beside the checkout; tests that need it are skipped when it is not there. */
const root = process.env['VITAMIN_SHARED']!;
export const dataFolder: string = join(root, 'data');
export const hasData: boolean = existsSync(join(dataFolder, 'golden/README.txt'));
export const whyNot = hasData ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

export function dataPath(name: string): string {
  return join(dataFolder, name);
}

export function readJson(name: string): unknown {
  const bytes = readFileSync(dataPath(name));
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}

/** Raw little-endian float64, gzipped. */
export function readDoubles(name: string): Float64Array {
  const bytes = gunzipSync(readFileSync(dataPath(name)));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** A small repeatable generator (mulberry32), so that a failing random case can be run again. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
