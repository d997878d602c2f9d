import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Tensor, TensorRecord } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';

/** Bytes of each tensor that are looked at, in its first and last part and in the middle. */
const SAMPLE_BYTES = 64;

/**
 * A hash of a model's weights, to keep what was computed with one model apart from another's: SHA-256 over name, type and shape of every
 * tensor and over three samples of its bytes, 32 hexadecimal digits. Cheap (192 bytes of each tensor are read), and the same for the same
 * numbers in another container. Training changes every tensor, so models differ in many samples; weights that were edited by hand
 * outside the samples are not told apart.
 *
 * @param weights - Names in open_clip's custom text form, so that both text forms of one model agree.
 */
export async function weightIdentity(weights: Weights): Promise<string> {
  const hash = createHash('sha256');
  const handles = new Map<string, FileHandle>();
  try {
    for (const name of [...weights.keys()].toSorted()) {
      const data = weights.get(name)!;
      hash.update(`${name}|${data.dtype}|${data.shape.join()}|`);
      if ('file' in data) await sampleFile(hash, await handleOf(handles, data.file), data);
      else sampleMemory(hash, data);
    }
  } finally {
    for (const handle of handles.values()) await handle.close();
  }
  return hash.digest('hex').slice(0, 32);
}

/** Where the samples of a tensor begin. Short tensors are read whole. */
function sampleStarts(bytes: number): { starts: readonly number[]; length: number } {
  if (bytes <= 3 * SAMPLE_BYTES) return { starts: [0], length: bytes };
  return { starts: [0, Math.floor((bytes - SAMPLE_BYTES) / 2), bytes - SAMPLE_BYTES], length: SAMPLE_BYTES };
}

async function sampleFile(hash: Hash, file: FileHandle, { offset, byteLength }: TensorRecord): Promise<void> {
  const { starts, length } = sampleStarts(byteLength);
  const bytes = new Uint8Array(length);
  for (const start of starts) {
    const { bytesRead } = await file.read(bytes, 0, length, offset + start);
    hash.update(bytes.subarray(0, bytesRead));
  }
}

function sampleMemory(hash: Hash, { data }: Tensor): void {
  const { starts, length } = sampleStarts(data.byteLength);
  for (const start of starts) hash.update(new Uint8Array(data.buffer, data.byteOffset + start, length));
}

async function handleOf(handles: Map<string, FileHandle>, file: string): Promise<FileHandle> {
  const known = handles.get(file);
  if (known) return known;
  const handle = await open(file);
  handles.set(file, handle);
  return handle;
}
