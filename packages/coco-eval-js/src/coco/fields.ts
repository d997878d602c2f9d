import { CocoEvalError, describe } from '../errors.ts';
import { type Id, isExact } from './id-keys.ts';

const QUOTED_NUMBER = 'A number in quotes is text: write it without quotes.';
const ROUNDED_ID =
  'JavaScript numbers beyond 2^53 are rounded: read the file with readDataset or parseJson, which keep them, or give the ids as text or bigint.';

/** Reads the fields of one JSON entry; every error names the list and the entry's position. */
export class EntryReader {
  readonly #list: string;

  constructor(list: string) {
    this.#list = list;
  }

  fail(index: number, expected: string, found: unknown, hint?: string): CocoEvalError {
    const advice = hint ?? (isQuotedNumber(found) ? QUOTED_NUMBER : undefined);
    return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${this.#list}[${index}] but received ${describe(found)}`, {
      list: this.#list,
      index,
      hint: advice,
    });
  }

  object(index: number, value: unknown): Record<string, unknown> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.fail(index, 'an object', value, Array.isArray(value) ? listAdvice(value) : undefined);
  }

  number(index: number, name: string, value: unknown): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.fail(index, `a finite number for "${name}"`, value);
    return value;
  }

  /** An id: a number, or text. @throws CocoEvalError `BAD_INPUT`, also for numbers that may have been rounded */
  id(index: number, name: string, value: unknown): Id {
    if (typeof value === 'string' || typeof value === 'bigint' || (typeof value === 'number' && isExact(value))) return value;
    const rounded = typeof value === 'number' && Number.isFinite(value);
    throw this.fail(index, `an id (a number or text) for "${name}"`, value, rounded ? ROUNDED_ID : undefined);
  }

  /** A flag: absent, boolean or number. */
  flag(index: number, name: string, value: unknown): boolean {
    if (value === undefined || value === null || typeof value === 'boolean') return value === true;
    return this.number(index, name, value) !== 0;
  }

  /** Copies a list of finite numbers of known length into a column. */
  numbers(index: number, name: string, value: unknown, out: Float64Array, at: number, length: number): void {
    if (!Array.isArray(value) || value.length !== length) {
      throw this.fail(index, `a list of ${length} numbers for "${name}"`, value);
    }
    for (let i = 0; i < length; i++) {
      const item: unknown = value[i];
      if (typeof item !== 'number' || !Number.isFinite(item)) throw this.fail(index, `finite numbers for "${name}"`, item);
      out[at + i] = item;
    }
  }

  /** The same for `x, y, v` of so many keypoints; a visibility may be true or false. */
  keypoints(index: number, value: unknown, out: Float64Array, at: number, count: number): void {
    if (!Array.isArray(value) || value.length !== 3 * count) throw this.#wrongPoints(index, value, count);
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      const number = typeof item === 'boolean' && i % 3 === 2 ? Number(item) : item;
      if (typeof number !== 'number' || !Number.isFinite(number)) throw this.fail(index, 'finite numbers for "keypoints"', item);
      out[at + i] = number;
    }
  }

  #wrongPoints(index: number, value: unknown, count: number): CocoEvalError {
    const expected = `a list of ${3 * count} numbers for "keypoints" (x, y and v of ${count} points, as many as there are sigmas)`;
    if (!Array.isArray(value)) return this.fail(index, expected, value);
    const { length } = value;
    if (value.some((item) => Array.isArray(item)))
      return this.fail(index, expected, value, 'Write one flat list: [x1, y1, v1, x2, y2, v2, ...].');
    if (length === 2 * count)
      return this.fail(index, expected, value, `These are ${count} pairs of x and y: write a third number, v or a score, behind each.`);
    if (length === 0 || length % 3 !== 0) return this.fail(index, expected, value);
    const points = length / 3;
    const hint = `Keypoints other than the 17 of COCO's persons need sigmas of their own: give ${points} with --sigmas (kptOksSigmas in code).`;
    return this.fail(index, expected, value, hint);
  }
}

function isQuotedNumber(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
}

function listAdvice(value: readonly unknown[]): string {
  const objects = value.some((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
  if (objects) return 'The entries lie in lists of their own, perhaps one for each image: join them into one list.';
  return 'Write each entry as an object with names, like {"image_id": 1, "category_id": 1, "bbox": [x, y, width, height], "score": 0.9}.';
}
