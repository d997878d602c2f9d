import { sizeOf, VitaminError, type DType } from '@vitamin-vlm/core';

import { rowMajorStrides } from '../layout.ts';
import { storageNames } from './globals.ts';

/** Writes protocol 2, with the opcodes and globals that torch.load(weights_only=True) takes. Nothing is memoized. */
export class PickleWriter {
  readonly #parts: Buffer[] = [Buffer.from([0x80, 2])];

  /** The finished pickle. */
  end(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from('.')]);
  }

  /** Opens an OrderedDict; pairs of key and value follow, then `endDict`. */
  beginDict(): void {
    this.#ascii('ccollections\nOrderedDict\n)R(');
  }

  endDict(): void {
    this.#ascii('u');
  }

  /** Gives the OrderedDict before an attribute, whose value follows; then `endState`. */
  attribute(name: string): void {
    this.#ascii('}'); // an empty dict
    this.string(name);
  }

  endAttribute(): void {
    this.#ascii('sb'); // set the item, and build the object with it
  }

  beginList(): void {
    this.#ascii('](');
  }

  endList(): void {
    this.#ascii('e');
  }

  string(text: string): void {
    const bytes = Buffer.from(text);
    const head = Buffer.from('X\0\0\0\0');
    head.writeUInt32LE(bytes.length, 1);
    this.#parts.push(head, bytes);
  }

  scalar(value: number | bigint | boolean | null): void {
    if (value === null) this.#ascii('N');
    else if (typeof value === 'boolean') this.#parts.push(Buffer.from([value ? 0x88 : 0x89]));
    else if (typeof value === 'bigint') this.#integer(value);
    // A whole number becomes a Python int: JavaScript does not tell 1 from 1.0. Minus zero can only be a float.
    else if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#integer(BigInt(value));
    else this.#float(value);
  }

  /** A contiguous tensor over the whole storage `key`. */
  tensor(dtype: DType, shape: readonly number[], key: string): void {
    this.#ascii('ctorch._utils\n_rebuild_tensor_v2\n((');
    this.string('storage');
    this.#ascii(`ctorch\n${storageNames.get(dtype)!}\n`);
    this.string(key);
    this.string('cpu');
    this.#integer(BigInt(sizeOf(shape)));
    this.#ascii('tQ'); // the storage, by persistent id
    this.#integer(0n); // storage offset
    this.#sizes(shape);
    this.#sizes(rowMajorStrides(shape));
    this.#parts.push(Buffer.from([0x89])); // requires_grad
    this.#ascii('ccollections\nOrderedDict\n)RtR'); // no hooks; end of arguments; call
  }

  #sizes(values: readonly number[]): void {
    this.#ascii('(');
    for (const value of values) this.#integer(BigInt(value));
    this.#ascii('t');
  }

  #integer(value: bigint): void {
    if (BigInt.asIntN(32, value) === value) {
      const bytes = Buffer.from('J\0\0\0\0');
      bytes.writeInt32LE(Number(value), 1);
      this.#parts.push(bytes);
      return;
    }
    if (BigInt.asIntN(64, value) !== value) {
      throw new VitaminError('USAGE', `Expected an integer of at most 64 bits but received ${value}`);
    }
    const bytes = Buffer.alloc(10);
    bytes.set([0x8a, 8]); // LONG1 of 8 bytes
    bytes.writeBigInt64LE(value, 2);
    this.#parts.push(bytes);
  }

  #float(value: number): void {
    const bytes = Buffer.alloc(9);
    bytes.write('G', 0, 'latin1');
    bytes.writeDoubleBE(value, 1);
    this.#parts.push(bytes);
  }

  #ascii(text: string): void {
    this.#parts.push(Buffer.from(text, 'latin1'));
  }
}
