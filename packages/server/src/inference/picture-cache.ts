import { createHash } from 'node:crypto';
import { VitaminError } from '@vitamin-vlm/core';
import { LRUCache } from 'lru-cache';
import type { PictureReference } from './job.ts';

/** A picture and everything that vision found in it so far. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly found: Map<string, unknown>;
}

/** Least that a picture counts, so that millions of tiny ones are bounded too. */
const LEAST_BYTES = 4096;

/**
 * Pictures by the digest of their files, each with its encodings: the second question about a picture does not run the networks again. The least recently used go when
 * the sum of their bytes is over the bound.
 */
export class PictureCache {
  readonly #pictures: LRUCache<string, Kept>;

  /** @param maxBytes - Of files and encodings together. A picture that alone is larger is answered, but not kept. */
  constructor(maxBytes: number) {
    this.#pictures = new LRUCache({ maxSize: maxBytes, sizeCalculation: (kept) => Math.max(LEAST_BYTES, bytesOf(kept)) });
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#pictures.calculatedSize;
  }

  /** Pictures that are kept. */
  get pictures(): number {
    return this.#pictures.size;
  }

  /**
   * The picture that a client means.
   *
   * @throws VitaminError `INPUT_NOT_FOUND` for a key that is not kept, or not any more.
   */
  open(reference: PictureReference): { key: string; bytes: Uint8Array } {
    const key = 'key' in reference ? reference.key : createHash('sha256').update(reference.bytes).digest('hex');
    const kept = this.#pictures.get(key);
    if (kept) return { key, bytes: kept.bytes };
    if ('key' in reference) {
      throw new VitaminError('INPUT_NOT_FOUND', `Expected the key of a picture that is kept but found none of ${key.slice(0, 80)}`, {
        hint: 'Send the picture again: pictures that were not asked for long make room for others.',
      });
    }
    this.#pictures.set(key, { bytes: reference.bytes, found: new Map() });
    return { key, bytes: reference.bytes };
  }

  /** What was found in a picture, or finds it and keeps it. */
  async find<T>(key: string, kind: string, make: () => Promise<T>): Promise<T> {
    const known = this.#pictures.get(key)?.found.get(kind);
    if (known !== undefined) return known as T;
    const value = await make();
    const kept = this.#pictures.get(key);
    if (kept) {
      // Set again, because an entry's size is taken when it is set.
      this.#pictures.delete(key);
      kept.found.set(kind, value);
      this.#pictures.set(key, kept);
    }
    return value;
  }
}

/** Bytes of all typed arrays in plain data. */
export function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const part of value instanceof Map ? value.values() : Object.values(value)) sum += bytesOf(part);
  return sum;
}
