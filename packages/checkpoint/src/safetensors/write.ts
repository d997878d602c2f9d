import type { FileHandle } from 'node:fs/promises';

import { bytesPerElement, sizeOf, throwIfAborted, VitaminError, writeAtomically, type DType, type WorkOptions } from '@vitamin-vlm/core';

import { writeAll } from '../write-all.ts';
import { quote } from '../corrupt.ts';
import { pairsOf, partsOf, type TensorInput } from '../tensor-input.ts';
import { safetensorsNames } from './read.ts';

/** Room left for the header when the number of tensors is not known beforehand: about 35 tensors. More are made room for afterwards. */
const HEADER_ROOM = 4096;
const MOVE_BYTES = 8 * 1024 * 1024;

/**
 * Writes a safetensors file through a temporary one and a rename. A record or an array is written in one pass; from a generator the elements
 * are written as they come, and the file's body is moved once if the header outgrows the room left for it. Every tensor begins at a multiple
 * of its element size if wider element types come first.
 *
 * @throws VitaminError `USAGE` for a repeated name or elements that do not fit the shape, `ABORTED` on the signal.
 * @example
 * ```ts
 * import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
 * await using source = await openCheckpoint('pytorch_model.bin');
 * async function* tensors() {
 *   for (const name of source.tensors.keys()) yield [name, await source.read(name)] as const;
 * }
 * await writeSafetensors('model.safetensors', tensors(), { format: 'pt' });
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorInput,
  metadata: Readonly<Record<string, string>> = {},
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<void> {
  await writeAtomically(path, async (handle) => {
    const pairs = pairsOf(tensors);
    const room = Array.isArray(pairs) ? encodeHeader(plan(pairs), metadata, 0).length : HEADER_ROOM;
    const header = new Map<string, HeaderEntry>();
    let end = 0;
    for await (const [name, tensor] of pairs) {
      throwIfAborted(options.signal);
      addEntry(header, name, tensor, end);
      for await (const part of partsOf(name, tensor)) {
        await writeAll(handle, part, room + end);
        end += part.length;
      }
    }
    const head = encodeHeader(header, metadata, room);
    if (head.length > room) await moveUp(handle, room, end, head.length - room);
    await writeAll(handle, head, 0);
  });
}

/** One tensor as the header names it. */
interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

type Described = { readonly dtype: DType; readonly shape: readonly number[] };

function plan(pairs: readonly (readonly [string, Described])[]): Map<string, HeaderEntry> {
  const header = new Map<string, HeaderEntry>();
  let end = 0;
  for (const [name, tensor] of pairs) end = addEntry(header, name, tensor, end);
  return header;
}

function addEntry(header: Map<string, HeaderEntry>, name: string, { dtype, shape }: Described, start: number): number {
  if (header.has(name) || name === '__metadata__') {
    throw new VitaminError('USAGE', `Expected unique tensor names other than "__metadata__" but received ${quote(name)}`);
  }
  const end = start + sizeOf(shape) * bytesPerElement(dtype);
  header.set(name, { dtype: safetensorsNames.get(dtype)!, shape, data_offsets: [start, end] });
  return end;
}

/** Length and JSON, filled up with spaces to a multiple of 8 bytes, at least to `room`: the format allows spaces at the end. */
function encodeHeader(header: ReadonlyMap<string, HeaderEntry>, metadata: Readonly<Record<string, string>>, room: number): Uint8Array {
  const about: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  // Not one object: JavaScript would put names that are whole numbers first.
  const members = [...about, ...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = Buffer.from(`{${members.join(',')}}`);
  const length = Math.max(Math.ceil((8 + text.length) / 8) * 8, room);
  const bytes = Buffer.alloc(length, ' ');
  bytes.writeBigUInt64LE(BigInt(length - 8), 0);
  bytes.set(text, 8);
  return bytes;
}

/** Moves `length` bytes at `from` towards the end of the file by `by`, last block first, in place. */
async function moveUp(handle: FileHandle, from: number, length: number, by: number): Promise<void> {
  const block = new Uint8Array(Math.min(length, MOVE_BYTES));
  for (let end = length; end > 0;) {
    const start = Math.max(end - block.length, 0);
    const part = block.subarray(0, end - start);
    for (let done = 0; done < part.length;) {
      const { bytesRead } = await handle.read(part, done, part.length - done, from + start + done);
      done += bytesRead;
    }
    await writeAll(handle, part, from + start + by);
    end = start;
  }
}
