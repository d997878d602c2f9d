import { CocoEvalError } from '../errors.ts';
import { KnownKeys } from './known-keys.ts';
import { FIRST_ITEMS_BYTES, ITEM_BYTES, LIST_BYTES, MemoryBudget, NEW_KEY_BYTES, OBJECT_BYTES, STRING_BYTES } from './memory-budget.ts';

/** Arrays and objects nested deeper than this are refused: no such file is an annotation file, and recursion must end. */
const MAX_DEPTH = 64;
/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below, every whole number is exact; beginning here, one may have been rounded. */
const FIRST_INEXACT_MANTISSA = 2 ** 53;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;

/** Thrown when the bytes end inside a value and more may follow. */
export class NeedMore extends Error {}

/**
 * Reads JSON values from bytes. Accepts what Python's json module writes: also NaN, Infinity and -Infinity, so that they can be reported by entry.
 * Numbers are exact: short ones are computed, long ones go through `Number`.
 */
export class JsonScanner {
  bytes: Uint8Array;
  at = 0;
  end: number;
  /** Whether bytes may follow; then the end throws `NeedMore` instead of an error. */
  open = false;
  /** Bytes that came before `bytes[0]`, for error messages. */
  offset = 0;
  readonly #text = new TextDecoder();
  readonly #skip: ReadonlySet<string>;
  readonly #keys = new KnownKeys();
  readonly #memory: MemoryBudget;
  #depth = 0;

  /**
   * @param skip object keys whose values are left out by `value`
   * @param maxMemory bytes of what `value` may build in all, estimated from above
   */
  constructor(bytes: Uint8Array, skip: ReadonlySet<string> = new Set(), maxMemory: number = Infinity) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.#skip = skip;
    this.#memory = new MemoryBudget(maxMemory);
  }

  fail(expected: string): Error {
    if (this.at >= this.end) {
      if (this.open) return new NeedMore();
      return new CocoEvalError('BAD_JSON', `Expected ${expected} but the file ends at byte ${this.offset + this.end}`, {
        hint: 'Is the file complete?',
      });
    }
    const found = JSON.stringify(String.fromCharCode(this.bytes[this.at]!));
    return new CocoEvalError('BAD_JSON', `Expected ${expected} but found ${found} at byte ${this.offset + this.at}`);
  }

  #failAt(at: number, expected: string): Error {
    this.at = at;
    return this.fail(expected);
  }

  /** The next byte that is not white space, without taking it. */
  peek(): number {
    const { bytes, end } = this;
    while (this.at < end) {
      const byte = bytes[this.at]!;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return byte;
      this.at++;
    }
    return -1;
  }

  /** Takes one byte after white space. */
  take(byte: number, expected: string): void {
    if (this.peek() !== byte) throw this.fail(expected);
    this.at++;
  }

  /** Inside a list or object: true when another item follows a comma, false when the closing byte was taken. */
  next(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw this.fail(`"," or "${String.fromCharCode(close)}"`);
    this.at++;
    return byte === COMMA;
  }

  /** At the start of a list or object, after its opening byte: true when it is empty (and closed now). */
  isEmpty(close: number): boolean {
    if (this.peek() !== close) return false;
    this.at++;
    return true;
  }

  /** Takes `"key":`. */
  key(): string {
    const start = this.at;
    const [from, to, escaped] = this.stringRange();
    let key: string;
    if (escaped) {
      this.at = start;
      key = this.string();
    } else {
      key = this.#keys.find(this.bytes, from, to) ?? this.#newKey(from, to);
    }
    this.take(COLON, '":"');
    return key;
  }

  /** A key that was not seen lately may be one of very many, each of which gives its object a shape of its own. */
  #newKey(from: number, to: number): string {
    this.#memory.spend(NEW_KEY_BYTES + 2 * (to - from), this.offset + this.at);
    return this.#keys.add(this.bytes, from, to);
  }

  string(): string {
    const [from, to, escaped] = this.stringRange();
    this.#memory.spend(STRING_BYTES + 2 * (to - from), this.offset + this.at);
    if (!escaped) return this.#text.decode(this.bytes.subarray(from, to));
    try {
      return JSON.parse(this.#text.decode(this.bytes.subarray(from - 1, to + 1))) as string;
    } catch (cause) {
      throw new CocoEvalError('BAD_JSON', `Expected valid escapes in the string at byte ${this.offset + from - 1}`, { cause });
    }
  }

  /** Takes a string and returns where its characters lie, and whether it holds escapes. */
  stringRange(): [from: number, to: number, escaped: boolean] {
    this.take(QUOTE, 'a string');
    const { bytes, end } = this;
    const from = this.at;
    let escaped = false;
    let i = from;
    while (i < end && bytes[i] !== QUOTE) {
      if (bytes[i] === BACKSLASH) {
        escaped = true;
        i++;
      }
      i++;
    }
    this.at = Math.min(i, end);
    if (i >= end) throw this.fail('the end of a string');
    this.at = i + 1;
    return [from, i, escaped];
  }

  number(): number {
    const first = this.peek();
    const { bytes, end } = this;
    const start = this.at;
    let i = start;
    if (first === 0x2d) i++;
    let mantissa = 0;
    const digitsFrom = i;
    let digit = 0;
    for (; i < end && (digit = bytes[i]! - 48) >= 0 && digit <= 9; i++) mantissa = mantissa * 10 + digit;
    if (i === digitsFrom) return this.#word(start);
    // A number such as 007 is two of JSON's, or a damaged one.
    if (bytes[digitsFrom] === ZERO && i > digitsFrom + 1) throw this.#failAt(digitsFrom + 1, '"," or the end of the value');
    let scale = 0;
    if (i < end && bytes[i] === 0x2e) {
      const fractionFrom = ++i;
      for (; i < end && (digit = bytes[i]! - 48) >= 0 && digit <= 9; i++) mantissa = mantissa * 10 + digit;
      scale = i - fractionFrom;
      if (scale === 0) throw this.#failAt(i, 'a digit');
    }
    return this.#finishNumber(start, i, first === 0x2d, mantissa, scale);
  }

  #finishNumber(start: number, i: number, negative: boolean, mantissa: number, scale: number): number {
    this.at = i;
    // At the end of a chunk the number may go on.
    if (i >= this.end && this.open) throw new NeedMore();
    const exponent = i < this.end && (this.bytes[i]! | 0x20) === 0x65;
    if (exponent || mantissa >= FIRST_INEXACT_MANTISSA || scale > 22) return this.#longNumber(start, i);
    const value = scale === 0 ? mantissa : mantissa / EXACT_POWERS[scale]!;
    return negative ? -value : value;
  }

  #longNumber(start: number, from: number): number {
    let i = from;
    while (i < this.end && '0123456789+-eE'.includes(String.fromCharCode(this.bytes[i]!))) i++;
    this.at = i;
    if (i >= this.end && this.open) throw new NeedMore();
    const value = Number(this.#text.decode(this.bytes.subarray(start, i)));
    this.at = start;
    if (Number.isNaN(value)) throw this.fail('a value');
    this.at = i;
    return value;
  }

  /** NaN, Infinity and -Infinity, as Python writes them. */
  #word(start: number): number {
    for (const [word, value] of [
      ['NaN', NaN],
      ['Infinity', Infinity],
      ['-Infinity', -Infinity],
    ] as const) {
      if (this.#takeWord(start, word)) return value;
    }
    throw this.#failAt(start, 'a value');
  }

  #takeWord(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (start + i >= this.end) {
        this.at = this.end;
        throw this.fail('a value');
      }
      if (this.bytes[start + i] !== word.charCodeAt(i)) return false;
    }
    this.at = start + word.length;
    return true;
  }

  /** Any value, as `JSON.parse` gives it. */
  value(): unknown {
    const byte = this.peek();
    if (byte === QUOTE) return this.string();
    if (byte === OPEN_LIST) return this.#nested(() => this.#list());
    if (byte === OPEN_OBJECT) return this.#nested(() => this.#object());
    const start = this.at;
    if (byte === 0x74 && this.#takeWord(start, 'true')) return true;
    if (byte === 0x66 && this.#takeWord(start, 'false')) return false;
    if (byte === 0x6e && this.#takeWord(start, 'null')) return null;
    if (byte === -1) throw this.fail('a value');
    return this.number();
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new CocoEvalError(
        'LIMIT',
        `Expected at most ${MAX_DEPTH} nested lists and objects but found more at byte ${this.offset + this.at}`,
      );
    }
    this.at++;
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#memory.spend(LIST_BYTES, this.offset + this.at);
    if (this.isEmpty(CLOSE_LIST)) return list;
    this.#memory.spend(FIRST_ITEMS_BYTES, this.offset + this.at);
    do {
      this.#memory.spend(ITEM_BYTES, this.offset + this.at);
      list.push(this.value());
    } while (this.next(CLOSE_LIST));
    return list;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#memory.spend(OBJECT_BYTES, this.offset + this.at);
    if (this.isEmpty(CLOSE_OBJECT)) return object;
    do {
      const key = this.key();
      this.#memory.spend(ITEM_BYTES, this.offset + this.at);
      if (this.#skip.has(key)) this.skip();
      // Defined, not assigned: a key "__proto__" must stay data.
      else if (key === '__proto__')
        Object.defineProperty(object, key, { value: this.value(), enumerable: true, configurable: true, writable: true });
      else object[key] = this.value();
    } while (this.next(CLOSE_OBJECT));
    return object;
  }

  /** Passes over any value: brackets are counted, strings are stepped over, nothing is built or checked inside. */
  skip(): void {
    const first = this.peek();
    if (first === QUOTE) {
      this.stringRange();
      return;
    }
    if (first !== OPEN_LIST && first !== OPEN_OBJECT) {
      this.value();
      return;
    }
    const { bytes, end } = this;
    let depth = 0;
    for (let i = this.at; i < end; i++) {
      const byte = bytes[i]!;
      if (byte < 0x5b && byte !== QUOTE) continue;
      if (byte === QUOTE) {
        this.at = i;
        this.stringRange();
        i = this.at - 1;
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        depth++;
      } else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --depth === 0) {
        this.at = i + 1;
        return;
      }
    }
    this.at = end;
    throw this.fail('the end of a value');
  }
}
