import type { VitaminError } from '@vitamin-vlm/core';

import type { Budget } from '../budget.ts';
import { corrupt } from '../corrupt.ts';
import { MAX_PICKLE_STACK } from '../limits.ts';
import type { PickleValue } from './values.ts';

/** The state of the restricted pickle machine: a cursor over the bytes, a stack, marks into it and a memo. */
export class PickleMachine {
  readonly path: string;
  readonly memo: Map<number, PickleValue> = new Map<number, PickleValue>();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #budget: Budget;
  #at = 0;

  constructor(path: string, bytes: Uint8Array, budget: Budget) {
    this.path = path;
    this.#budget = budget;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next byte stands. */
  get position(): number {
    return this.#at;
  }

  /** Counts work against `MAX_PICKLE_STEPS`; opcodes that allocate more than a value call it again. */
  spend(steps: number): void {
    this.#budget.steps(this.path, steps);
  }

  fail(problem: string): VitaminError {
    return corrupt(this.path, `${problem} (data.pkl)`);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (!(end <= this.#bytes.length)) throw this.fail(`Expected ${length} more bytes at byte ${this.#at} but found the end of the pickle`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A length; one beyond 2^53 is beyond the pickle too, so `take` refuses it. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** Big-endian, unlike the integers. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** The text up to the next newline, which is consumed. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.fail(`Expected a line at byte ${this.#at} but found the end of the pickle`);
    return this.text(end - this.#at, 1);
  }

  /** `length` bytes of UTF-8, and `skip` bytes thrown away. */
  text(length: number, skip = 0): string {
    const bytes = this.take(length);
    this.take(skip);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.fail('Expected UTF-8 text but found other bytes');
    }
  }

  push(value: PickleValue): void {
    if (this.#stack.length >= MAX_PICKLE_STACK) throw this.fail(`Expected at most ${MAX_PICKLE_STACK} values on the stack but found more`);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || this.#stack.length <= (this.#marks.at(-1) ?? 0))
      throw this.fail('Expected a value on the stack but found none');
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Takes the newest mark and returns, in order, the values above it. */
  popMark(): PickleValue[] {
    const from = this.#marks.pop();
    if (from === undefined) throw this.fail('Expected a mark on the stack but found none');
    return this.#stack.splice(from);
  }

  #skip(length: number): number {
    const at = this.#at;
    this.take(length);
    return at;
  }
}
// The lone surrogates that Python may write ("surrogatepass") are not UTF-8 and are refused; a byte order mark is text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
