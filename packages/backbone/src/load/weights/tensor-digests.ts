import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type Tensor, type TensorRecord, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { DigestMemory, sameState, stateOf, type TensorDigest } from './digest-memory.ts';
import { allFinite } from './finite.ts';

/** How digests are made. */
export interface DigestOptions extends WorkOptions {
  /** Folder of the memory of digests, or false for none. */
  readonly cacheDir: string | false;
}

/** Bytes read at once: a multiple of every element size, and short work between two turns of the event loop. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Digests of tensors in files. A file is read once: what was found is remembered under its path, size, times and inode, so that an unchanged
 * file costs one look at its directory entry.
 *
 * @param records - Contiguous tensors.
 * @throws VitaminError `WEIGHTS_CORRUPT` when a file ends early or changes while it is read; `ABORTED`.
 */
export async function digestRecords(records: readonly TensorRecord[], options: DigestOptions): Promise<Map<TensorRecord, TensorDigest>> {
  const found = new Map<TensorRecord, TensorDigest>();
  for (const path of new Set(records.map(({ file }) => file))) {
    const inFile = records.filter(({ file }) => file === path);
    for (const [record, digest] of await digestFile(path, inFile, options)) found.set(record, digest);
  }
  return found;
}

/** The digest of a tensor in memory: equal to that of its record. */
export function digestTensor({ dtype, data }: Tensor): TensorDigest {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), finite: allFinite(dtype, bytes) };
}

async function digestFile(
  path: string,
  records: readonly TensorRecord[],
  options: DigestOptions,
): Promise<Map<TensorRecord, TensorDigest>> {
  await using file = await open(path);
  const state = await stateOf(file, path);
  const memory = await DigestMemory.read(options.cacheDir, state);
  const digests = new Map<TensorRecord, TensorDigest>();
  const missing: TensorRecord[] = [];
  for (const record of records) {
    const known = memory.get(record);
    if (known) digests.set(record, known);
    else missing.push(record);
  }
  if (missing.length === 0) return digests;
  const total = missing.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(...missing.map(({ byteLength }) => byteLength))));
  let loaded = 0;
  const onChunk = (bytes: number): void => {
    throwIfAborted(options.signal);
    loaded += bytes;
    options.onProgress?.({ phase: 'digest', file: path, loaded, total });
  };
  for (const record of missing.toSorted((a, b) => a.offset - b.offset)) {
    const digest = await digestRecord(file, record, buffer, onChunk);
    digests.set(record, digest);
    memory.set(record, digest);
  }
  if (!sameState(state, await stateOf(file, path))) {
    throw new VitaminError('WEIGHTS_CORRUPT', `Expected ${path} to stay as it is while it is read but found it changed`, {
      hint: 'Wait until the file is complete, then load it again.',
    });
  }
  await memory.write();
  return digests;
}

async function digestRecord(
  file: FileHandle,
  { name, dtype, offset, byteLength, file: path }: TensorRecord,
  buffer: Uint8Array<ArrayBuffer>,
  onChunk: (bytes: number) => void,
): Promise<TensorDigest> {
  const hash = createHash('sha256');
  let finite = true;
  for (let done = 0; done < byteLength;) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, byteLength - done));
    await fill(file, chunk, offset + done, `${name} in ${path}`);
    hash.update(chunk);
    finite &&= allFinite(dtype, chunk);
    done += chunk.length;
    onChunk(chunk.length);
  }
  return { sha256: hash.digest('hex'), finite };
}

async function fill(file: FileHandle, target: Uint8Array, offset: number, what: string): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, target.length - done, offset + done);
    if (bytesRead === 0) throw new VitaminError('WEIGHTS_CORRUPT', `Expected all bytes of ${what} but found the end of the file`);
    done += bytesRead;
  }
}
