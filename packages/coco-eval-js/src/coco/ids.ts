/** A lookup table may hold 2^20 entries plus this many for each id; sparser ids go to a hash map. */
const TABLE_SLOTS_PER_ID = 8;

/** Position of an id in a list; -1 when it is not there. A repeated id keeps its last position. */
export class IdIndex {
  readonly #table: Int32Array | undefined;
  readonly #map: Map<number, number> | undefined;

  constructor(ids: ArrayLike<number>) {
    let highest = 0;
    let plain = true;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      plain &&= Number.isInteger(id) && id >= 0;
      if (id > highest) highest = id;
    }
    if (plain && highest < TABLE_SLOTS_PER_ID * ids.length + 2 ** 20) {
      this.#table = new Int32Array(highest + 1).fill(-1);
      for (let i = 0; i < ids.length; i++) this.#table[ids[i]!] = i;
    } else {
      this.#map = new Map();
      for (let i = 0; i < ids.length; i++) this.#map.set(ids[i]!, i);
    }
  }

  get(id: number): number {
    if (this.#table !== undefined) return this.#table[id] ?? -1;
    return this.#map?.get(id) ?? -1;
  }

  /** Positions of many ids. */
  locate(ids: Float64Array): Int32Array {
    const out = new Int32Array(ids.length);
    for (let i = 0; i < ids.length; i++) out[i] = this.get(ids[i]!);
    return out;
  }
}

/** Positions of the ids of a list of records. */
export function indexOf(records: readonly { readonly id: number }[]): IdIndex {
  return new IdIndex(records.map(({ id }) => id));
}
