/** An id as files have it. JavaScript numbers beyond 2^53 are refused: they may be one id or many. */
export type Id = number | string | bigint;

/** From here on doubles skip whole numbers, so no id that stands for itself lies here. */
const FIRST_KEY = 2 ** 53;

/** Whether a number names one id: a whole number beyond 2^53 could be several, rounded. */
export function isExact(id: number): boolean {
  return Number.isSafeInteger(id) || (Number.isFinite(id) && !Number.isInteger(id));
}

/**
 * Columns hold ids as doubles. Text, and whole numbers that no double tells apart, get a number beyond 2^53 that stands for them in both files of an evaluation;
 * every other id stands for itself.
 */
export class IdKeys {
  readonly #ids: (string | bigint)[] = [];
  readonly #keys = new Map<string | bigint, number>();

  /** @param ids the first ones, in the order of their keys */
  constructor(ids: Iterable<string | bigint> = []) {
    for (const id of ids) this.key(id);
  }

  /** The number that stands for an id. */
  key(id: Id): number {
    let key = this.find(id);
    if (key === undefined && typeof id !== 'number') {
      key = FIRST_KEY + 2 * this.#ids.length;
      this.#keys.set(id, key);
      this.#ids.push(id);
    }
    return key!;
  }

  /** The same for an id that may not have one yet. */
  find(id: Id): number | undefined {
    if (typeof id === 'number' || (typeof id === 'bigint' && isExact(Number(id)))) return Number(id);
    return this.#keys.get(id);
  }

  /** The id that a number stands for. */
  id(key: number): Id {
    return this.#ids[(key - FIRST_KEY) / 2] ?? key;
  }

  /** The same for documents: whole numbers beyond 2^53 as text. */
  shown(key: number): number | string {
    const id = this.id(key);
    return typeof id === 'bigint' ? String(id) : id;
  }

  /** Everything that has a key of its own, in their order. */
  list(): readonly (string | bigint)[] {
    return this.#ids;
  }

  /** Keys without repetitions in the order of their ids: numbers ascending, text by its characters (numpy.unique). */
  sorted(keys: readonly number[]): number[] {
    const unique = [...new Set(keys)];
    if (this.#ids.length === 0) return unique.toSorted((a, b) => a - b);
    return unique.toSorted((a, b) => compareIds(this.id(a), this.id(b)));
  }

  /** The records with keys for ids; the same list where every id stands for itself. */
  records<T extends { readonly id: Id }>(list: readonly T[]): readonly (T & { readonly id: number })[] {
    if (list.every(({ id }) => typeof id === 'number')) return list as readonly (T & { readonly id: number })[];
    return list.map((record) => ({ ...record, id: this.key(record.id) }));
  }
}

/** Numbers before text. */
export function compareIds(a: Id, b: Id): number {
  if ((typeof a === 'string') !== (typeof b === 'string')) return typeof a === 'string' ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

/** An id in a message: text in quotes. */
export function showId(id: Id): string {
  return typeof id === 'string' ? JSON.stringify(id.length > 40 ? `${id.slice(0, 40)}...` : id) : String(id);
}
