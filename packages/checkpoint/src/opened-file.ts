import type { TensorRecord } from '@vitamin-vlm/core';

import type { Budget } from './budget.ts';
import { corrupt, quote } from './corrupt.ts';
import { MAX_NAMES_TOTAL, MAX_NAME_LENGTH, MAX_TENSORS } from './limits.ts';

/** The forms that are read. A sharded checkpoint has the format of its shards. */
export type CheckpointFormat = 'safetensors' | 'torch' | 'npy';

/** What stands beside the tensors: epoch numbers, names, learning rates. Integers beyond 2^53 are bigint; bytes stay bytes. */
export type MetadataValue = string | number | bigint | boolean | null | Uint8Array;

/** A tensor of an element type, or a kind, that is listed but never read. */
export interface ForeignRecord {
  readonly name: string;
  /** As the file calls it: `F8_E4M3`, `float8_e5m2`, `qint8`, `sparse_coo`. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** How a file is read. */
export interface ReadOptions {
  readonly budget: Budget;
  /** Lists tensors of foreign types instead of refusing the file. */
  readonly listForeign: boolean;
}

/** What a reader finds in one file. Names are as stored, but for torch's wrapper dicts. */
export interface OpenedFile {
  readonly format: CheckpointFormat;
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly foreign: ReadonlyMap<string, ForeignRecord>;
}

/** Characters or bytes that a value keeps in memory. */
export function sizeOfLeaf(value: MetadataValue): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0;
}

/** A map whose names are unique and bounded in length, number and sum. */
export class NameTable<T> {
  readonly entries: Map<string, T> = new Map<string, T>();
  readonly #path: string;
  #characters = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param size - What the value adds to the sum of characters. */
  add(name: string, value: T, size = 0): void {
    this.#characters += name.length + size;
    if (name.length > MAX_NAME_LENGTH) {
      throw corrupt(this.#path, `Expected names of at most ${MAX_NAME_LENGTH} characters but found ${name.length} in ${quote(name)}`);
    }
    if (this.entries.size >= MAX_TENSORS || this.#characters > MAX_NAMES_TOTAL) {
      throw corrupt(
        this.#path,
        `Expected at most ${MAX_TENSORS} names of ${MAX_NAMES_TOTAL} characters in all, texts beside them included, but found more`,
      );
    }
    if (this.entries.has(name)) throw corrupt(this.#path, `Expected unique names but found ${quote(name)} twice`);
    this.entries.set(name, value);
  }
}

/** Where the bytes of a tensor lie. */
export type Place = Pick<TensorRecord, 'name' | 'offset' | 'byteLength'>;

/** Throws when two tensors of one file share bytes although their format forbids it, or when bytes belong to none. Ranges run from `start` to `end`. */
export function assertTiled(path: string, records: Iterable<Place>, start: number, end: number): void {
  const sorted = [...records].toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let at = start;
  for (const record of sorted) {
    if (record.offset !== at) {
      const problem = record.offset < at ? 'overlapping tensors' : `${record.offset - at} bytes that belong to no tensor`;
      throw corrupt(path, `Expected tensors one after the other but found ${problem} before ${quote(record.name)} (byte ${record.offset})`);
    }
    at += record.byteLength;
  }
  if (at !== end) throw corrupt(path, `Expected the file to end with its last tensor (byte ${at}) but found ${end} bytes`);
}
