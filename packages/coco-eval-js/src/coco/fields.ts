import { CocoEvalError, describe } from '../errors.ts';

/** Reads the fields of one JSON entry; every error names the list and the entry's position. */
export class EntryReader {
  readonly #list: string;

  constructor(list: string) {
    this.#list = list;
  }

  fail(index: number, expected: string, found: unknown, hint?: string): CocoEvalError {
    const advice = hint ?? (isQuotedNumber(found) ? 'A number in quotes is text: write it without quotes.' : undefined);
    return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${this.#list}[${index}] but received ${describe(found)}`, {
      list: this.#list,
      index,
      hint: advice,
    });
  }

  object(index: number, value: unknown): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail(index, 'an object', value);
    return value as Record<string, unknown>;
  }

  number(index: number, name: string, value: unknown): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.fail(index, `a finite number for "${name}"`, value);
    return value;
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
}

function isQuotedNumber(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
}
