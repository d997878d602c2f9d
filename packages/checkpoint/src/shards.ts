import { dirname, join } from 'node:path';

import { VitaminError, type TensorRecord } from '@vitamin-vlm/core';

import { openFile, readRange, type ByteSource } from './byte-source.ts';
import { corrupt, quote } from './corrupt.ts';
import { FileCheckpoint } from './file-checkpoint.ts';
import { MAX_HEADER_BYTES, MAX_NAMES_TOTAL, MAX_SHARDS, MAX_TENSORS } from './limits.ts';
import {
  NameTable,
  sizeOfLeaf,
  type CheckpointFormat,
  type ForeignRecord,
  type MetadataValue,
  type OpenedFile,
  type ReadOptions,
} from './opened-file.ts';
import { readFile } from './read-file.ts';
import { assertWeights } from './sniff.ts';
import { isObject, parseStrictJson } from './strict-json.ts';

/**
 * Opens a sharded checkpoint by its `*.index.json`: `{metadata, weight_map: {tensor name: file name}}` (Hugging Face's form for safetensors
 * and for torch). Index and shards must name the same tensors.
 */
export async function openShards(index: ByteSource, options: ReadOptions): Promise<FileCheckpoint> {
  const { path } = index;
  if (index.size > MAX_HEADER_BYTES) throw corrupt(path, `Expected an index of at most ${MAX_HEADER_BYTES} bytes but found ${index.size}`);
  const json = parseStrictJson(path, await readRange(index, 0, index.size, 'the index'), 'the index of a sharded checkpoint');
  const shardOf = readWeightMap(path, json['weight_map']);
  const merged = new Merged(path, shardOf);
  if (isObject(json['metadata'])) {
    for (const [key, value] of Object.entries(json['metadata'])) {
      if (typeof value !== 'object') merged.metadata.set(key, value as string | number | boolean);
    }
  }
  const shards = [...new Set(shardOf.values())].toSorted();
  if (shards.length > MAX_SHARDS) throw corrupt(path, `Expected at most ${MAX_SHARDS} shards but found ${shards.length}`);
  const sources: ByteSource[] = [];
  try {
    let format: CheckpointFormat | undefined;
    for (const shard of shards) {
      const source = await openShard(path, shard);
      sources.push(source);
      const opened = await readFile(source, await assertWeights(source), options);
      format ??= opened.format;
      if (opened.format !== format) throw corrupt(source.path, `Expected every shard to be ${format} but found ${opened.format}`);
      merged.add(source.path, shard, opened);
    }
    merged.assertWhole();
    return new FileCheckpoint(format!, sources, merged.tensors.entries, merged.metadata, merged.foreign.entries);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** What the shards hold together. */
class Merged {
  readonly tensors: NameTable<TensorRecord>;
  readonly foreign: NameTable<ForeignRecord>;
  /** Shards may repeat a value, such as safetensors' format; the last one stands. */
  readonly metadata: Map<string, MetadataValue> = new Map<string, MetadataValue>();
  readonly #index: string;
  readonly #shardOf: ReadonlyMap<string, string>;
  #characters = 0;

  constructor(index: string, shardOf: ReadonlyMap<string, string>) {
    this.#index = index;
    this.#shardOf = shardOf;
    this.tensors = new NameTable<TensorRecord>(index);
    this.foreign = new NameTable<ForeignRecord>(index);
  }

  add(path: string, shard: string, { tensors, foreign, metadata }: OpenedFile): void {
    for (const name of [...tensors.keys(), ...foreign.keys()]) {
      if (this.#shardOf.get(name) === shard) continue;
      throw corrupt(path, `Expected only tensors that ${this.#index} places there but found ${quote(name)}`);
    }
    for (const [name, record] of tensors) this.tensors.add(name, record);
    for (const [name, record] of foreign) this.foreign.add(name, record);
    for (const [key, value] of metadata) {
      this.#characters += key.length + sizeOfLeaf(value);
      this.metadata.set(key, value);
    }
    if (this.metadata.size <= MAX_TENSORS && this.#characters <= MAX_NAMES_TOTAL) return;
    throw corrupt(
      path,
      `Expected at most ${MAX_TENSORS} values of ${MAX_NAMES_TOTAL} characters beside the weights of all shards but found more`,
    );
  }

  /** Every tensor of the index must have been found. */
  assertWhole(): void {
    for (const [name, shard] of this.#shardOf) {
      if (this.tensors.entries.has(name) || this.foreign.entries.has(name)) continue;
      throw corrupt(join(dirname(this.#index), shard), `Expected ${quote(name)}, as ${this.#index} says, but found no such tensor`);
    }
  }
}

function readWeightMap(path: string, map: unknown): ReadonlyMap<string, string> {
  const entries = isObject(map) ? Object.entries(map) : [];
  if (entries.length === 0) {
    throw corrupt(path, 'Expected a weight_map (the index of a sharded checkpoint) but found other JSON', {
      hint: 'Name the weight file, or the *.index.json beside its shards. A server may have sent an error message as JSON.',
    });
  }
  for (const [name, shard] of entries) {
    if (typeof shard !== 'string' || !/^[^/\\\0]+$/.test(shard) || shard === '..' || shard === '.') {
      throw corrupt(path, `Expected the name of a file beside the index for ${quote(name)} but found ${quote(String(shard))}`);
    }
  }
  return new Map(entries as [string, string][]);
}

/** Shards lie beside the index as the caller named it, which may be a link into a cache of hashed names. */
async function openShard(index: string, shard: string): Promise<ByteSource> {
  const path = join(dirname(index), shard);
  try {
    return await openFile(path);
  } catch (error) {
    if (!(error instanceof VitaminError) || error.code !== 'INPUT_NOT_FOUND') throw error;
    throw new VitaminError('WEIGHTS_MISSING', `Expected the shard ${quote(shard)} beside ${index} but found none`, {
      hint: 'Fetch all shards into one folder.',
      cause: error,
    });
  }
}
