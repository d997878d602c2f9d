import { CocoEvalError } from '../errors.ts';

/** Bound of one growing column: 2^30 numbers. Reached only by inputs of many gigabytes. */
const MAX_POOL = 2 ** 30;

/** A growing list of doubles without boxing. */
export class DoublePool {
  data: Float64Array = new Float64Array(1024);
  length = 0;
  readonly #most: number;

  /** @param most numbers; one more is a `LIMIT` */
  constructor(most: number = MAX_POOL) {
    this.#most = most;
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  reserve(more: number): void {
    const need = this.length + more;
    if (need <= this.data.length) return;
    if (need > this.#most) throw new CocoEvalError('LIMIT', `Expected at most ${this.#most} numbers in one column but found more`);
    // Doubling for single pushes, exactly as much as is asked for otherwise.
    const bigger = new Float64Array(Math.min(this.#most, Math.max(need, 2 * this.data.length)));
    bigger.set(this.data.subarray(0, this.length));
    this.data = bigger;
  }

  /** The numbers so far; shares memory with the pool. */
  view(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

const encoder = new TextEncoder();

/** A growing list of bytes. */
export class BytePool {
  data: Uint8Array = new Uint8Array(4096);
  length = 0;

  push(byte: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = byte;
  }

  append(bytes: Uint8Array, from: number, to: number): void {
    this.reserve(to - from);
    const { data, length } = this;
    // Short strings: a loop beats the call overhead of set(subarray()).
    if (to - from < 64) for (let i = from; i < to; i++) data[length + i - from] = bytes[i]!;
    else data.set(bytes.subarray(from, to), length);
    this.length += to - from;
  }

  /** Appends a text; false, and nothing is appended, when it is not ASCII. */
  appendAscii(text: string): boolean {
    this.reserve(text.length);
    const { read, written } = encoder.encodeInto(text, this.data.subarray(this.length));
    // Any other character takes more than one byte, or did not fit any more.
    if (read !== text.length || written !== text.length) return false;
    this.length += text.length;
    return true;
  }

  /** @param shared whether the bytes are to lie in memory that threads share */
  reserve(more: number, shared = false): void {
    const need = this.length + more;
    if (need <= this.data.length) return;
    if (need > 4 * MAX_POOL - 1) throw new CocoEvalError('LIMIT', 'Expected at most 4 GiB of mask strings');
    const size = Math.max(need, 2 * this.data.length);
    const bigger = shared ? new Uint8Array(new SharedArrayBuffer(size)) : new Uint8Array(size);
    bigger.set(this.data.subarray(0, this.length));
    this.data = bigger;
  }

  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}
