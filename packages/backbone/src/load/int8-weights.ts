import { join } from 'node:path';
import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, type TensorRecord, throwIfAborted, toFloat32, VitaminError, makeFolder } from '@vitamin-vlm/core';
import { type Int8Weight, packInt8 } from '@vitamin-vlm/graph';
import type { DigestOptions } from './weights/tensor-digests.ts';

/** Matrices in 8 bits by their path: places in a file, or numbers where nothing is kept. */
export type Int8Weights = ReadonlyMap<string, Int8Weight<Tensor | TensorRecord>>;

/** Goes up when other matrices are rounded, or in another way. */
const SCHEMA = '1';

/** One part of a model, as far as rounding needs it. */
export interface RoundedPart {
  /** Digest of the weights: what is kept on disk belongs to it. */
  readonly digest: string;
  /** Paths of the matrices to round. */
  readonly matrices: readonly string[];
  /** Reads one of them. */
  readonly read: (path: string) => Promise<Tensor>;
}

/**
 * The matrices of a part in 8 bits. They are rounded once and kept beside the graphs, in a file that bears the digest of the weights; it goes
 * when no graph has used it for a day. Without a cache folder they are rounded anew, into memory.
 *
 * @throws VitaminError `RUNTIME` when the cache cannot be written; `ABORTED` between two matrices.
 */
export async function int8Weights(part: RoundedPart, options: DigestOptions): Promise<Int8Weights> {
  if (options.cacheDir === false) {
    const weights = new Map<string, Int8Weight<Tensor>>();
    for await (const [path, weight] of roundAll(part, options)) weights.set(path, weight);
    return weights;
  }
  const folder = join(options.cacheDir, 'weights');
  const file = join(folder, `int8-${part.digest.slice(0, 32)}.safetensors`);
  const kept = await readKept(file, part);
  if (kept) return kept;
  try {
    await makeFolder(folder, 0o700);
    await writeSafetensors(file, tensorsOf(roundAll(part, options)), { schema: SCHEMA, weights: part.digest }, options);
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    throw new VitaminError('RUNTIME', `Expected to write the weights in 8 bits to ${folder} but failed: ${(cause as Error).message}`, {
      hint: 'Pass a cacheDir that can be written, or set XDG_CACHE_HOME.',
      cause,
    });
  }
  const written = await readKept(file, part);
  if (written) return written;
  throw new VitaminError('RUNTIME', `Expected the weights in 8 bits in ${file} but found another file there`);
}

/** One matrix after the other: only one is held in full. */
async function* roundAll({ matrices, read }: RoundedPart, options: DigestOptions): AsyncGenerator<readonly [string, Int8Weight<Tensor>]> {
  for (const [done, path] of matrices.entries()) {
    throwIfAborted(options.signal);
    yield [path, packInt8(toFloat32(await read(path)))];
    options.onProgress?.({ phase: 'round', done: done + 1, total: matrices.length });
  }
}

function stepsOf(path: string): string {
  return `${path}:steps`;
}

async function* tensorsOf(weights: AsyncIterable<readonly [string, Int8Weight<Tensor>]>): AsyncGenerator<readonly [string, Tensor]> {
  for await (const [path, { rounded, steps }] of weights) {
    yield [stepsOf(path), steps];
    yield [path, rounded];
  }
}

/** What lies in the cache, or undefined where it is absent, damaged or of other weights. */
async function readKept(file: string, { digest, matrices }: RoundedPart): Promise<Int8Weights | undefined> {
  try {
    await using checkpoint = await openCheckpoint(file);
    const { metadata, tensors } = checkpoint;
    if (metadata['schema'] !== SCHEMA || metadata['weights'] !== digest) return undefined;
    const weights = new Map<string, Int8Weight<TensorRecord>>();
    for (const path of matrices) {
      const [rounded, steps] = [tensors.get(path), tensors.get(stepsOf(path))];
      if (!rounded || !steps) return undefined;
      weights.set(path, { rounded, steps });
    }
    return weights;
  } catch (error) {
    if (error instanceof VitaminError) return undefined;
    throw error;
  }
}
