import { CocoEvalError } from '../errors.ts';
import { KnownKeys } from './known-keys.ts';

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below, every whole number is exact; beginning here, one may have been rounded. */
const FIRST_INEXACT_MANTISSA = 2 ** 53;
/** Longer numbers would be too many arguments of one call. */
const MAX_SHORT_NUMBER = 64;

export const QUOTE = 0x22;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const COMMA = 0x2c;
export const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Thrown when the bytes end inside a value and more may follow. */
export class NeedMore extends Error {}

/**
 * Reads JSON from bytes, piece by piece. Accepts what Python's json module writes: also NaN, Infinity and -Infinity, so that they can be reported by entry.
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
  /** Where the characters of the last string lie, without its quotes. */
  from = 0;
  to = 0;
  /** Whether it holds escapes, and whether all its bytes are ASCII. */
  escaped = false;
  ascii = true;
  /** Keys that had to be decoded: those not seen lately. */
  newKeys = 0;
  readonly #decoder = new TextDecoder();
  readonly #keys = new KnownKeys();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
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

  /** The next byte that is not white space, without taking it; -1 at the end. */
  peek(): number {
    const { bytes, end } = this;
    for (let at = this.at; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 0x20 || !isSpace(byte)) {
        this.at = at;
        return byte;
      }
    }
    this.at = end;
    return -1;
  }

  /** Takes one byte after white space. */
  take(byte: number, expected: string): void {
    if (this.peek() !== byte) throw this.fail(expected);
    this.at++;
  }

  /** After an item of a list or object: true when another one follows the comma that was taken, false when the closing byte was. */
  next(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw this.fail(`"," or "${String.fromCharCode(close)}"`);
    this.at++;
    return byte === COMMA;
  }

  /** Takes the first byte of a list or object: whether an item follows; otherwise the closing byte was taken, too. */
  enter(open: number, close: number, expected: string): boolean {
    this.take(open, expected);
    if (this.peek() !== close) return true;
    this.at++;
    return false;
  }

  /** Takes `"key":`. */
  key(): string {
    this.range();
    let key = this.escaped ? undefined : this.#keys.find(this.bytes, this.from, this.to);
    if (key === undefined) {
      this.newKeys++;
      key = this.text();
      this.#keys.add(key);
    }
    this.take(COLON, '":"');
    return key;
  }

  /** Takes a string and notes where its characters lie, without decoding them. */
  range(): void {
    this.take(QUOTE, 'a string');
    const { bytes, end } = this;
    const from = this.at;
    let escaped = false;
    let bits = 0;
    let byte = 0;
    let i = from;
    while (i < end && (byte = bytes[i]!) !== QUOTE) {
      bits |= byte;
      if (byte === BACKSLASH) {
        escaped = true;
        i++;
      }
      i++;
    }
    if (i >= end) throw this.#failAt(end, 'the end of a string');
    this.at = i + 1;
    this.from = from;
    this.to = i;
    this.escaped = escaped;
    this.ascii = bits < 0x80;
  }

  /** The string that `range` took. */
  text(): string {
    const { from, to } = this;
    if (!this.escaped) return this.#decoder.decode(this.bytes.subarray(from, to));
    try {
      return JSON.parse(this.#decoder.decode(this.bytes.subarray(from - 1, to + 1))) as string;
    } catch (cause) {
      throw new CocoEvalError('BAD_JSON', `Expected valid escapes in the string at byte ${this.offset + from - 1}`, { cause });
    }
  }

  /** Whether a number comes next, as JSON knows them. */
  atNumber(): boolean {
    const byte = this.peek();
    return (byte >= ZERO && byte <= 0x39) || byte === MINUS;
  }

  number(): number {
    const negative = this.peek() === MINUS;
    const { bytes, end, at: start } = this;
    const first = negative ? start + 1 : start;
    let i = first;
    let mantissa = 0;
    let digit = 0;
    for (; i < end && (digit = bytes[i]! - ZERO) >= 0 && digit <= 9; i++) mantissa = mantissa * 10 + digit;
    if (i === first) return this.#word(start);
    // A number such as 007 is two of JSON's, or a damaged one.
    if (bytes[first] === ZERO && i > first + 1) throw this.#failAt(first + 1, '"," or the end of the value');
    let scale = 0;
    if (i < end && bytes[i] === POINT) {
      const fraction = ++i;
      for (; i < end && (digit = bytes[i]! - ZERO) >= 0 && digit <= 9; i++) mantissa = mantissa * 10 + digit;
      scale = i - fraction;
      if (scale === 0) throw this.#failAt(i, 'a digit');
    }
    return this.#finishNumber(start, i, negative, mantissa, scale);
  }

  /** A number that names something: whole ones that a double would round are taken exactly. */
  id(): number | bigint {
    this.peek();
    const start = this.at;
    const value = this.number();
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
    const text = this.#decoder.decode(this.bytes.subarray(start, this.at));
    return /^-?\d+$/.test(text) ? BigInt(text) : BigInt(value);
  }

  #finishNumber(start: number, at: number, negative: boolean, mantissa: number, scale: number): number {
    this.at = at;
    // At the end of a chunk the number may go on.
    if (at >= this.end && this.open) throw new NeedMore();
    const exponent = at < this.end && (this.bytes[at]! | 0x20) === 0x65;
    if (exponent || mantissa >= FIRST_INEXACT_MANTISSA || scale > 22) return this.#longNumber(start, at);
    const value = scale === 0 ? mantissa : mantissa / EXACT_POWERS[scale]!;
    return negative ? -value : value;
  }

  #longNumber(start: number, from: number): number {
    let i = from;
    while (i < this.end && '0123456789+-eE'.includes(String.fromCharCode(this.bytes[i]!))) i++;
    this.at = i;
    if (i >= this.end && this.open) throw new NeedMore();
    const digits = this.bytes.subarray(start, i);
    const value = Number(
      digits.length <= MAX_SHORT_NUMBER ? String.fromCharCode.apply(null, digits as unknown as number[]) : this.#decoder.decode(digits),
    );
    if (Number.isNaN(value)) throw this.#failAt(start, 'a value');
    return value;
  }

  /** NaN, Infinity and -Infinity, as Python writes them. */
  #word(start: number): number {
    if (this.takeWord('NaN')) return NaN;
    if (this.takeWord('Infinity')) return Infinity;
    if (this.takeWord('-Infinity')) return -Infinity;
    throw this.#failAt(start, 'a value');
  }

  /** Takes a word, if it comes next. */
  takeWord(word: string): boolean {
    const { at } = this;
    for (let i = 0; i < word.length; i++) {
      if (at + i >= this.end) throw this.#failAt(this.end, 'a value');
      if (this.bytes[at + i] !== word.charCodeAt(i)) return false;
    }
    this.at = at + word.length;
    return true;
  }
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
