import { dirname, join } from 'node:path';

import { VitaminError, type TensorRecord } from '@vitamin-vlm/core';

import { openFile, readRange, type ByteSource } from './byte-source.ts';
import { corrupt, quote } from './corrupt.ts';
import { FileCheckpoint } from './file-checkpoint.ts';
import { MAX_HEADER_BYTES } from './limits.ts';
import { NameTable, type CheckpointFormat, type MetadataValue } from './opened-file.ts';
import { readFile } from './read-file.ts';
import { assertWeights } from './sniff.ts';
import { isObject, parseStrictJson } from './strict-json.ts';

/**
 * Opens a sharded checkpoint by its `*.index.json`: `{metadata, weight_map: {tensor name: file name}}` (Hugging Face's form for safetensors
 * and for torch). Index and shards must name the same tensors.
 */
export async function openShards(index: ByteSource): Promise<FileCheckpoint> {
  const { path } = index;
  if (index.size > MAX_HEADER_BYTES) throw corrupt(path, `Expected an index of at most ${MAX_HEADER_BYTES} bytes but found ${index.size}`);
  const json = parseStrictJson(path, await readRange(index, 0, index.size, 'the index'), 'the index of a sharded checkpoint');
  const shardOf = readWeightMap(path, json['weight_map']);
  const tensors = new NameTable<TensorRecord>(path);
  const metadata = new Map<string, MetadataValue>();
  if (isObject(json['metadata'])) {
    for (const [key, value] of Object.entries(json['metadata']))
      if (typeof value !== 'object') metadata.set(key, value as string | number | boolean);
  }
  const sources: ByteSource[] = [];
  try {
    let format: CheckpointFormat | undefined;
    for (const shard of [...new Set(shardOf.values())].toSorted()) {
      const source = await openShard(path, shard);
      sources.push(source);
      const opened = await readFile(source, await assertWeights(source));
      format ??= opened.format;
      if (opened.format !== format) throw corrupt(source.path, `Expected every shard to be ${format} but found ${opened.format}`);
      for (const [name, record] of opened.tensors) {
        if (shardOf.get(name) !== shard)
          throw corrupt(source.path, `Expected only tensors that ${path} places there but found ${quote(name)}`);
        tensors.add(name, record);
      }
      for (const [key, value] of opened.metadata) metadata.set(key, value);
    }
    for (const [name, shard] of shardOf) {
      if (!tensors.entries.has(name))
        throw corrupt(join(dirname(path), shard), `Expected ${quote(name)}, as ${path} says, but found no such tensor`);
    }
    return new FileCheckpoint(format!, sources, tensors.entries, metadata);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
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
