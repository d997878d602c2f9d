import { VitaminError } from '@vitamin-vlm/core';
import { readFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { MAX_HEADER_BYTES } from '../limits.ts';
import { isObject, parseStrictJson } from '../strict-json.ts';
import { formatHubUri, isSafePath, type FileAddress, type HubAddress } from './address.ts';

/** Names under which weights are published, best first: open_clip's order, then the sharded forms of transformers. */
export const weightNames: readonly string[] = [
  'open_clip_model.safetensors',
  'open_clip_pytorch_model.safetensors',
  'open_clip_pytorch_model.bin',
  'open_clip_pytorch_model.pth',
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'pytorch_model.pth',
  'model.pth',
];

/** The weights among a repository's files: the best of the published names, else the only file at the top that ends like weights. */
export function findWeights(files: readonly string[]): string | undefined {
  const present = new Set(files);
  const published = weightNames.find((name) => present.has(name));
  if (published !== undefined) return published;
  const others = files.filter((file) => isWeights(file) && isPlainName(file));
  return others.length === 1 ? others[0] : undefined;
}

/** The error for a repository where `findWeights` finds none or cannot choose. */
export function noWeights(files: readonly string[], address: HubAddress): VitaminError {
  const candidates = files.filter(isWeights);
  const uri = formatHubUri(address);
  const found = candidates.slice(0, 10).join(', ') || 'none';
  return new VitaminError('MODEL_UNKNOWN', `Expected weights under a known name in ${uri} but found ${found}`, {
    hint: `Name the file: ${uri}/${candidates[0] ?? 'FILE'}`,
  });
}

/** True for the small file that says which tensor lies in which shard. */
export function isShardIndex(file: string): boolean {
  return file.endsWith('.index.json');
}

/**
 * The repository paths of the shards that an index on disk names, in order of appearance.
 *
 * @throws VitaminError `WEIGHTS_CORRUPT` when it is no index or names a file outside its own folder.
 */
export async function shardsOf(path: string, address: FileAddress): Promise<string[]> {
  const { size } = await stat(path);
  const json = size > MAX_HEADER_BYTES ? {} : parseStrictJson(path, await readFile(path), 'the index of a sharded checkpoint');
  const map = json['weight_map'];
  const names = [...new Set<unknown>(isObject(map) ? Object.values(map) : [])];
  if (names.length === 0 || !names.every(isPlainName)) {
    const uri = formatHubUri(address);
    throw new VitaminError('WEIGHTS_CORRUPT', `Expected a weight_map of file names in ${uri} but found none or unsafe ones`, {
      hint: `The file is ${path}.`,
    });
  }
  return names.map((name) => posix.join(posix.dirname(address.file), name));
}

function isWeights(file: string): boolean {
  return /\.(safetensors|bin|pth?)$/.test(file);
}

/** True for the name of a file right beside another. */
function isPlainName(name: unknown): name is string {
  return typeof name === 'string' && !name.includes('/') && isSafePath(name);
}
