/** A power of two. */
const SLOTS = 256;

/** Keys repeat with every entry: the last one of each length and first letter is kept and found again by its bytes, without decoding. */
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

function slotOf(bytes: Uint8Array, from: number, to: number): number {
  return ((to - from) * 8 + bytes[from]!) & (SLOTS - 1);
}
