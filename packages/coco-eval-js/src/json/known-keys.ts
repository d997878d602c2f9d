/** A power of two. */
const SLOTS = 256;

/** Keys repeat with every entry: they are kept, one in each place of a table, and found again by their bytes, without decoding. */
export class KnownKeys {
  readonly #slots: ({ readonly bytes: Uint8Array; readonly text: string } | undefined)[] = Array.from({ length: SLOTS });

  /** The key in this range of bytes, or undefined when it was not seen lately. */
  find(bytes: Uint8Array, from: number, to: number): string | undefined {
    const entry = this.#slots[slotOf(bytes, from, to)];
    if (entry?.bytes.length !== to - from) return undefined;
    for (let i = 0; i < to - from; i++) if (entry.bytes[i] !== bytes[from + i]) return undefined;
    return entry.text;
  }

  /** Keeps a key for `find`. Returns it as the engine holds names of properties: two of them are compared by address, not letter by letter. */
  add(bytes: Uint8Array, key: string): string {
    const [text = key] = Object.keys({ [key]: 0 });
    this.#slots[slotOf(bytes, 0, bytes.length)] = { bytes, text };
    return text;
  }
}

/** The factors are chosen so that no two keys of COCO and LVIS files share a place. */
function slotOf(bytes: Uint8Array, from: number, to: number): number {
  return (to - from + 3 * bytes[from]! + 13 * bytes[to - 1]!) & (SLOTS - 1);
}
