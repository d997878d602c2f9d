import { LRUCache } from 'lru-cache';

/** Vocabularies that are kept. One of 1,000 labels at width 768 is 3 MB. */
const KEPT = 64;

/** Vocabularies by their words, the least recently used out: someone who types asks the same words of many pictures, and many words of one. */
export class Words {
  readonly #kept = new LRUCache<string, object>({ max: KEPT });

  /** The vocabulary of some words, or makes it. @param words - Everything that it depends on, as plain data. */
  async of<T extends object>(task: string, words: object, make: () => Promise<T>): Promise<T> {
    const key = JSON.stringify([task, words]);
    const known = this.#kept.get(key) as T | undefined;
    if (known) return known;
    const made = await make();
    this.#kept.set(key, made);
    return made;
  }
}
