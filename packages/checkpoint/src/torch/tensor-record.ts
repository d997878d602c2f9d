import { bytesPerElement, type TensorRecord } from '@vitamin-vlm/core';

import type { ByteSource } from '../byte-source.ts';
import { corrupt, quote, unsupported } from '../corrupt.ts';
import { toRecord } from '../layout.ts';
import { RECOMPRESSED } from './zip-directory.ts';
import type { PickledTensor } from './values.ts';
import type { ZipEntry } from './zip-directory.ts';

/** Places a pickled tensor in the file: its storage's entry gives the bytes, its offset, shape and strides the view. */
export function toTensorRecord(
  source: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  root: string,
  name: string,
  tensor: PickledTensor,
): TensorRecord {
  const { path } = source;
  const { type, key, elements } = tensor.storage;
  const entry = entries.get(`${root}data/${key}`);
  if (entry === undefined) throw corrupt(path, `Expected storage data/${quote(key)} of ${quote(name)} but found no such entry`);
  if (entry.method !== 'stored') {
    throw unsupported(path, `Expected storage data/${quote(key)} of ${quote(name)} uncompressed but found it compressed`, RECOMPRESSED);
  }
  const bytes = elements * bytesPerElement(type.dtype!);
  if (!Number.isSafeInteger(elements) || elements < 0 || bytes > entry.byteLength) {
    throw corrupt(path, `Expected ${elements} elements (${type.name}) in data/${quote(key)} but found ${entry.byteLength} bytes`);
  }
  return toRecord(source, {
    name,
    dtype: type.dtype!,
    shape: tensor.shape,
    strides: tensor.strides,
    start: entry.offset,
    end: entry.offset + bytes,
    first: tensor.first,
  });
}
