import { FORMAT_KEYS } from './format-keys.data.ts';

/** A power of two. */
const SLOTS = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const encoder = new TextEncoder();
const FORMAT_TABLE: readonly (Known | undefined)[] = tableOf(FORMAT_KEYS);

/**
 * Keys repeat with every entry: they are kept, one in each place of a table, and found again by their bytes, without decoding. Those of the formats are there
 * from the start, as the very strings that the readers compare with: two such are compared by address, not letter by letter.
 */
export class KnownKeys {
  readonly #slots = [...FORMAT_TABLE];

  /** The key in this range of bytes, or undefined when it was not seen lately. */
  find(bytes: Uint8Array, from: number, to: number): string | undefined {
    const entry = this.#slots[slotOf(bytes, from, to)];
    if (entry?.bytes.length !== to - from) return undefined;
    for (let i = 0; i < to - from; i++) if (entry.bytes[i] !== bytes[from + i]) return undefined;
    return entry.text;
  }

  /** Keeps a key for `find`, unless its place belongs to one of the formats. */
  add(text: string): void {
    const bytes = encoder.encode(text);
    const slot = slotOf(bytes, 0, bytes.length);
    if (FORMAT_TABLE[slot] === undefined) this.#slots[slot] = { bytes, text };
  }
}

function tableOf(keys: readonly string[]): (Known | undefined)[] {
  const table: (Known | undefined)[] = Array.from({ length: SLOTS });
  for (const text of keys) {
    const bytes = encoder.encode(text);
    table[slotOf(bytes, 0, bytes.length)] = { bytes, text };
  }
  return table;
}

/** The factors are chosen so that no two keys of the formats share a place. */
function slotOf(bytes: Uint8Array, from: number, to: number): number {
  return (to - from + 3 * bytes[from]! + 13 * bytes[to - 1]!) & (SLOTS - 1);
}
