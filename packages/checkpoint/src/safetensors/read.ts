import { bytesPerElement, type DType, type TensorRecord, type VitaminError } from '@vitamin-vlm/core';

import { readRange, type ByteSource } from '../byte-source.ts';
import { corrupt, quote, unsupported } from '../corrupt.ts';
import { checkedList, countElements, toRecord } from '../layout.ts';
import { MAX_HEADER_BYTES } from '../limits.ts';
import {
  assertTiled,
  NameTable,
  sizeOfLeaf,
  type ForeignRecord,
  type MetadataValue,
  type OpenedFile,
  type Place,
  type ReadOptions,
} from '../opened-file.ts';
import { isObject, parseStrictJson } from '../strict-json.ts';

/** Element types by their name in a safetensors header. */
const dtypes: ReadonlyMap<unknown, DType> = new Map<unknown, DType>([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

/** The safetensors names of our element types. */
export const safetensorsNames: ReadonlyMap<DType, string> = new Map([...dtypes].map(([name, dtype]) => [dtype, String(name)]));

/**
 * Reads a safetensors header: u64 header length, JSON, then the tensors without gap or overlap
 * (https://github.com/huggingface/safetensors, "Format"; the same strictness as its Rust reader).
 */
export async function readSafetensors(source: ByteSource, { budget, listForeign }: ReadOptions): Promise<OpenedFile> {
  const { path } = source;
  const prefix = await readRange(source, 0, 8, 'a header length');
  const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) {
    throw corrupt(path, `Expected a safetensors header of at most ${MAX_HEADER_BYTES} bytes but found one of ${headerBytes}`);
  }
  budget.header(path, headerBytes);
  const header = parseStrictJson(path, await readRange(source, 8, headerBytes, 'the safetensors header'), 'the safetensors header');
  const start = 8 + headerBytes;
  const tensors = new NameTable<TensorRecord>(path);
  const metadata = new NameTable<MetadataValue>(path);
  const foreign = new NameTable<ForeignRecord>(path);
  const places: Place[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      readMetadata(path, value, metadata);
      continue;
    }
    const entry = readEntry(source, name, value, start);
    const dtype = dtypes.get(entry.dtype);
    if (dtype !== undefined) tensors.add(name, recordOf(source, entry, dtype));
    else if (listForeign)
      foreign.add(name, { name, dtype: quote(entry.dtype).slice(1, -1), shape: checkedList(path, entry.shape, `shape of ${quote(name)}`) });
    else throw foreignType(path, name, entry.dtype);
    places.push({ name, offset: entry.begin, byteLength: entry.end - entry.begin });
  }
  assertTiled(path, places, start, source.size);
  return { format: 'safetensors', tensors: tensors.entries, metadata: metadata.entries, foreign: foreign.entries };
}

function foreignType(path: string, name: string, stored: string): VitaminError {
  return unsupported(
    path,
    `Expected one of ${[...dtypes.keys()].join(', ')} for ${quote(name)} but found dtype ${quote(stored)}`,
    'Save the tensor again with one of these types, for example as F32. vitamin show lists the file as it is.',
  );
}

/** What a header says of one tensor. `begin` and `end` are absolute and lie inside the file. */
interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly unknown[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(source: ByteSource, name: string, entry: unknown, start: number): Entry {
  const { path } = source;
  const label = quote(name);
  if (!isObject(entry)) throw corrupt(path, `Expected dtype, shape and data_offsets for ${label} but found another value`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') throw corrupt(path, `Expected a dtype name for ${label} but found another value`);
  if (!Array.isArray(shape) || !Array.isArray(offsets) || offsets.length !== 2) {
    throw corrupt(path, `Expected a shape and two data_offsets for ${label} but found other values`);
  }
  const [begin, end] = offsets as unknown[];
  if (!isOffset(begin) || !isOffset(end) || begin > end) {
    throw corrupt(path, `Expected rising data_offsets for ${label} but found ${quote(String(begin))} and ${quote(String(end))}`);
  }
  if (start + end > source.size) {
    throw corrupt(path, `Expected ${label} up to byte ${start + end} but found only ${source.size} bytes (a truncated file?)`);
  }
  return { name, dtype, shape: shape as readonly unknown[], begin: start + begin, end: start + end };
}

function recordOf(source: ByteSource, { name, shape, begin, end }: Entry, dtype: DType): TensorRecord {
  const { path } = source;
  const record = toRecord(source, { name, dtype, shape, start: begin, end });
  const bytes = countElements(path, record.shape, quote(name)) * bytesPerElement(dtype);
  if (bytes !== end - begin) {
    throw corrupt(path, `Expected ${bytes} bytes for ${quote(name)} (${dtype} [${record.shape.join(', ')}]) but found ${end - begin}`);
  }
  return record;
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readMetadata(path: string, entry: unknown, metadata: NameTable<MetadataValue>): void {
  if (!isObject(entry)) throw corrupt(path, 'Expected an object of strings as __metadata__ but found another value');
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') throw corrupt(path, `Expected a string as __metadata__ ${quote(key)} but found another value`);
    metadata.add(key, value, sizeOfLeaf(value));
  }
}
