import { CocoEvalError } from '../errors.ts';

// What V8 takes, rounded up: an array's header, the 17 places that the first push makes, a place (grown by half; a number that is not small may be an
// object), an object with room for four values, a string's header, the shape of an object with a key of its own.
export const LIST_BYTES = 32;
export const FIRST_ITEMS_BYTES = 152;
export const ITEM_BYTES = 28;
export const OBJECT_BYTES = 56;
export const STRING_BYTES = 32;
export const NEW_KEY_BYTES = 280;

/** What a value may take: less than the heap of Node on common machines. */
const MAX_JSON_MEMORY = 3 * 2 ** 30;

/** A few bytes of text can become many of memory (`{},`), so they are counted before the engine runs out of them, which nothing survives. */
export class MemoryBudget {
  readonly #most: number;
  #spent = 0;

  constructor(most: number = MAX_JSON_MEMORY) {
    this.#most = most;
  }

  /** Begins anew: what was built is gone. */
  reset(): void {
    this.#spent = 0;
  }

  /** @param at the byte of the file that is read, for the error */
  spend(bytes: number, at: number): void {
    this.#spent += bytes;
    if (this.#spent <= this.#most) return;
    const bound = Math.round(this.#most / 2 ** 20);
    throw new CocoEvalError('LIMIT', `Expected a value of at most ${bound} MiB but byte ${at} goes beyond`);
  }
}
