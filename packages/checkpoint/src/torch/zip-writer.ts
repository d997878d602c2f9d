import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { writeAll } from '../write-all.ts';

/** PyTorch aligns every record to this, so that a storage can be mapped into memory and used in place. */
const ALIGNMENT = 64;
/** From here on a 32-bit field says "see the zip64 field", a 16-bit count likewise (APPNOTE 4.4.1.4). */
const MAX_32 = 0xffff_ffff;
const MAX_16 = 0xffff;
const UTF8_NAMES = 0x0800;

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** Writes a zip of stored entries, each aligned as PyTorch does it, one after the other; zip64 where sizes, offsets or counts need it. */
export class ZipWriter {
  /** Where the next entry begins. May be moved forward, which leaves a hole. */
  offset = 0;
  readonly #handle: FileHandle;
  readonly #written: Written[] = [];

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async add(name: string, bytes: Uint8Array): Promise<void> {
    const entry: Written = { name: Buffer.from(name), crc: crc32(bytes), size: bytes.length, offset: this.offset };
    const header = localHeader(entry);
    await writeAll(this.#handle, header, this.offset);
    await writeAll(this.#handle, bytes, this.offset + header.length);
    this.offset += header.length + bytes.length;
    this.#written.push(entry);
  }

  /** Writes the central directory. */
  async finish(): Promise<void> {
    const directory = Buffer.concat(this.#written.map(centralHeader));
    await writeAll(this.#handle, directory, this.offset);
    const end = endRecords(this.#written.length, directory.length, this.offset);
    await writeAll(this.#handle, end, this.offset + directory.length);
  }
}

/** Fields that local and central header share: version, flags, method 0, no date, crc, sizes, name length, extra length. */
function commonFields({ name, crc, size }: Written, extraLength: number): Buffer {
  const fields = Buffer.alloc(26);
  const stored = Math.min(size, MAX_32);
  fields.writeUInt16LE(45, 0); // version needed: zip64
  fields.writeUInt16LE(UTF8_NAMES, 2);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(stored, 14);
  fields.writeUInt32LE(stored, 18);
  fields.writeUInt16LE(name.length, 22);
  fields.writeUInt16LE(extraLength, 24);
  return fields;
}

/** The extra field that holds the padding is PyTorch's "FB". */
function localHeader(entry: Written): Buffer {
  const zip64 = entry.size >= MAX_32 ? zip64Field([entry.size, entry.size]) : Buffer.alloc(0);
  const unpadded = entry.offset + 30 + entry.name.length + zip64.length + 4;
  const padding = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT), 'Z');
  padding.write('FB', 0, 'latin1');
  padding.writeUInt16LE(padding.length - 4, 2);
  const signature = Buffer.from('PK\u0003\u0004');
  return Buffer.concat([signature, commonFields(entry, zip64.length + padding.length), entry.name, zip64, padding]);
}

function centralHeader(entry: Written): Buffer {
  const wide = [...(entry.size >= MAX_32 ? [entry.size, entry.size] : []), ...(entry.offset >= MAX_32 ? [entry.offset] : [])];
  const extra = wide.length > 0 ? zip64Field(wide) : Buffer.alloc(0);
  const start = Buffer.from('PK\u0001\u0002\u0000\u0000'); // signature, version made by
  const rest = Buffer.alloc(14); // comment length, disk, attributes: all 0; then the offset
  rest.writeUInt32LE(Math.min(entry.offset, MAX_32), 10);
  return Buffer.concat([start, commonFields(entry, extra.length), rest, entry.name, extra]);
}

function zip64Field(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return field;
}

/** The zip64 end record with its locator when a plain one is too narrow, then the plain one. */
function endRecords(count: number, size: number, offset: number): Buffer {
  const plain = Buffer.alloc(22);
  plain.write('PK\u0005\u0006', 0, 'latin1');
  plain.writeUInt16LE(Math.min(count, MAX_16), 8);
  plain.writeUInt16LE(Math.min(count, MAX_16), 10);
  plain.writeUInt32LE(Math.min(size, MAX_32), 12);
  plain.writeUInt32LE(Math.min(offset, MAX_32), 16);
  if (count < MAX_16 && size < MAX_32 && offset < MAX_32) return plain;
  const wide = Buffer.alloc(76);
  wide.write('PK\u0006\u0006', 0, 'latin1');
  wide.writeBigUInt64LE(44n, 4); // bytes of this record after this field
  wide.writeUInt16LE(45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(offset), 48);
  wide.write('PK\u0006\u0007', 56, 'latin1'); // locator
  wide.writeBigUInt64LE(BigInt(offset + size), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, plain]);
}
