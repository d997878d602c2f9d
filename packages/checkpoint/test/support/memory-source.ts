import { Budget } from '../../src/budget.ts';
import type { ByteSource } from '../../src/byte-source.ts';
import { readTensor } from '../../src/layout.ts';
import { readFile } from '../../src/read-file.ts';
import { assertWeights } from '../../src/sniff.ts';
import type { OpenedFile } from '../../src/opened-file.ts';
import type { Tensor } from '@vitamin-vlm/core';

/** Bytes in memory behind the interface of a file, so that thousands of damaged files cost no disk. */
export function memorySource(bytes: Uint8Array, path = 'memory.bin'): ByteSource {
  return {
    path,
    file: path,
    size: bytes.length,
    readInto(target, offset) {
      if (offset < 0 || offset + target.length > bytes.length) return Promise.reject(new Error(`read outside the file: ${offset}`));
      target.set(bytes.subarray(offset, offset + target.length));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** Opens bytes as a file, as `openCheckpoint` does after it has found one. */
export async function openBytes(bytes: Uint8Array): Promise<OpenedFile> {
  const source = memorySource(bytes);
  return readFile(source, await assertWeights(source), { budget: new Budget(), listForeign: false });
}

/** Opens bytes and reads every tensor. */
export async function readBytes(bytes: Uint8Array): Promise<ReadonlyMap<string, Tensor>> {
  const source = memorySource(bytes);
  const tensors = new Map<string, Tensor>();
  for (const [name, record] of (await openBytes(bytes)).tensors) tensors.set(name, await readTensor(source, record));
  return tensors;
}
