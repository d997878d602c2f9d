import { VitaminError, type Tensor, type TensorRecord } from '@vitamin-vlm/core';

import type { ByteSource } from './byte-source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { quote } from './corrupt.ts';
import { readTensor } from './layout.ts';
import type { CheckpointFormat, ForeignRecord, MetadataValue } from './opened-file.ts';

/** A checkpoint over open files. It owns the sources it is given. */
export class FileCheckpoint implements Checkpoint {
  readonly format: CheckpointFormat;
  readonly files: readonly string[];
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  readonly foreign: ReadonlyMap<string, ForeignRecord>;
  readonly #sources: ReadonlyMap<string, ByteSource>;
  #closed = false;

  constructor(
    format: CheckpointFormat,
    sources: readonly ByteSource[],
    tensors: ReadonlyMap<string, TensorRecord>,
    metadata: ReadonlyMap<string, MetadataValue>,
    foreign: ReadonlyMap<string, ForeignRecord>,
  ) {
    this.format = format;
    this.files = sources.map((source) => source.file);
    this.tensors = withoutModulePrefix(tensors);
    this.foreign = foreign;
    // No prototype: a key such as "__proto__" is a key like any other.
    this.metadata = Object.assign(Object.create(null) as Record<string, MetadataValue>, Object.fromEntries(metadata));
    this.#sources = new Map(sources.map((source) => [source.file, source]));
  }

  async read(name: string): Promise<Tensor> {
    if (this.#closed) throw new VitaminError('USAGE', 'Expected an open checkpoint but found it closed', { hint: 'Read before close().' });
    const record = this.tensors.get(name);
    if (record === undefined) {
      throw new VitaminError('WEIGHTS_MISSING', `Expected a tensor named ${quote(name)} but found none in ${this.files.join(', ')}`, {
        hint: 'The names are the keys of `tensors`.',
      });
    }
    return readTensor(this.#sources.get(record.file)!, record);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#sources.values()].map((source) => source.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** DistributedDataParallel puts `module.` in front of every name. It goes when all names bear it. */
function withoutModulePrefix(tensors: ReadonlyMap<string, TensorRecord>): ReadonlyMap<string, TensorRecord> {
  const prefix = 'module.';
  const all = tensors.size > 0 && [...tensors.keys()].every((name) => name.startsWith(prefix));
  if (!all) return tensors;
  return new Map([...tensors].map(([name, record]) => [name.slice(prefix.length), { ...record, name: name.slice(prefix.length) }]));
}
