import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BUNDLED_HINT, fileBeside, VitaminError } from '@vitamin-vlm/core';

/** Two token ids of 16 bits for each merge in rank order, little-endian; `data/README.md` tells where they come from. */
const SHA256 = '88d5677a60bb2d33e2c2b0e57fcd83b2b64fe832ff26e0395aff9a749db6f546';
/** A power of two, so that the table stays 37 % full and a probe is nearly always the first. */
const SLOTS = 1 << 17;
const EMPTY = 0xffffffff;

/** Bytes that are a visible character in Latin-1. */
function isVisible(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

const allBytes: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);

/**
 * Which byte stands at which token id: the visible ones first, then the rest (the byte order of GPT-2). Ids 0..255 are these bytes,
 * 256..511 the same bytes at the end of a word, 512 + r the result of the merge of rank r.
 */
export const bytesInIdOrder: readonly number[] = [...allBytes.filter(isVisible), ...allBytes.filter((byte) => !isVisible(byte))];

/** Byte-pair merges over token ids: an open-addressing hash from two ids to the rank of their merge. 768 KiB, no strings. */
export class MergeTable {
  readonly #keys: Uint32Array = new Uint32Array(SLOTS).fill(EMPTY);
  readonly #ranks: Uint16Array = new Uint16Array(SLOTS);

  /** @param merges - Left and right token id of each merge, in rank order. */
  constructor(merges: Uint16Array) {
    for (let rank = 0; 2 * rank < merges.length; rank++) this.#add(merges[2 * rank]!, merges[2 * rank + 1]!, rank);
  }

  #add(left: number, right: number, rank: number): void {
    const slot = this.#slot(left, right);
    this.#keys[slot] = ((left << 16) | right) >>> 0;
    this.#ranks[slot] = rank;
  }

  #slot(left: number, right: number): number {
    const key = ((left << 16) | right) >>> 0;
    let slot = Math.imul(key, 0x9e3779b1) >>> 15;
    while (this.#keys[slot] !== key && this.#keys[slot] !== EMPTY) slot = (slot + 1) & (SLOTS - 1);
    return slot;
  }

  /** The rank of the merge of two token ids, or Infinity when they do not merge. */
  rank(left: number, right: number): number {
    const slot = this.#slot(left, right);
    return this.#keys[slot] === EMPTY ? Number.POSITIVE_INFINITY : this.#ranks[slot]!;
  }
}

/**
 * Reads the 48,894 merges of CLIP.
 *
 * @throws VitaminError `RUNTIME` when the file is missing or not as it was published.
 */
export async function loadMergeTable(): Promise<MergeTable> {
  const bytes = await readFile(fileBeside('../../data/clip-merges.bin', import.meta.url)).catch((cause: unknown) => {
    throw damaged(cause);
  });
  if (createHash('sha256').update(bytes).digest('hex') !== SHA256) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new MergeTable(Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true)));
}

function damaged(cause?: unknown): VitaminError {
  return new VitaminError('RUNTIME', 'Expected the merges of the CLIP tokenizer but could not read them', {
    cause,
    hint: BUNDLED_HINT,
  });
}
