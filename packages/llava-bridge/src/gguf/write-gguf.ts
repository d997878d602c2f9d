import { type Tensor, VitaminError, writeAtomically } from '@vitamin-vlm/core';

/** A value of GGUF's header. Numbers carry their type, because readers insist on it. */
export type GgufValue =
  | string
  | boolean
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly strings: readonly string[] }
  | { readonly float32s: readonly number[] }
  | { readonly int32s: readonly number[] };

/** A tensor that is made when its turn comes, so that one alone is in memory. */
export interface GgufTensor {
  readonly name: string;
  /** As PyTorch has it: the last extent is contiguous. */
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'float16';
  readonly data: () => Promise<Tensor> | Tensor;
}

const VERSION = 3;
const ALIGNMENT = 32;
/** Numbers of the types in the file. */
const TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const TENSOR_TYPES = { float32: 0, float16: 1 } as const;
const MAX_NAME = 63;

/**
 * Writes a file of llama.cpp's format, version 3: header, list of tensors, data at multiples of 32 bytes. It is there whole or not at all.
 *
 * @throws VitaminError `USAGE` for a name of more than 63 bytes or more than four extents; `RUNTIME` when it cannot be written, or a tensor is not what was declared.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { writeGguf } from '@vitamin-vlm/llava-bridge';
 * const weight = tensor('float32', [2, 3]);
 * await writeGguf('tiny.gguf', { 'general.architecture': 'clip' }, [{ name: 'mm.0.weight', shape: [2, 3], dtype: 'float32', data: () => weight }]);
 * ```
 */
export async function writeGguf(path: string, header: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Promise<void> {
  for (const { name, shape } of tensors) {
    if (Buffer.byteLength(name) > MAX_NAME || shape.length > 4 || shape.length === 0)
      throw new VitaminError(
        'USAGE',
        `Expected a name of at most ${MAX_NAME} bytes and 1 to 4 extents but received ${name} [${shape.join(', ')}]`,
      );
  }
  const parts = [Buffer.from('GGUF'), uint32(VERSION), uint64(tensors.length), uint64(Object.keys(header).length)];
  for (const [name, value] of Object.entries(header)) parts.push(text(name), encoded(value));
  let offset = 0;
  for (const { name, shape, dtype } of tensors) {
    // The first extent is the contiguous one.
    const extents = [uint32(shape.length), ...shape.toReversed().map(uint64)];
    parts.push(text(name), ...extents, uint32(TENSOR_TYPES[dtype]), uint64(offset));
    offset = aligned(offset + bytesOf(shape, dtype));
  }
  const head = Buffer.concat(parts);
  await writeAtomically(path, async (file) => {
    await file.write(padded(head));
    for (const { name, shape, dtype, data } of tensors) {
      const { data: values, dtype: found } = await data();
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      if (found !== dtype || bytes.length !== bytesOf(shape, dtype))
        throw new VitaminError(
          'RUNTIME',
          `Expected ${bytesOf(shape, dtype)} bytes of ${dtype} for ${name} but received ${bytes.length} of ${found}`,
        );
      await file.write(padded(bytes));
    }
  });
}

function encoded(value: GgufValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([uint32(TYPES.string), text(value)]);
  if (typeof value === 'boolean') return Buffer.concat([uint32(TYPES.bool), Buffer.from([Number(value)])]);
  if ('uint32' in value) return Buffer.concat([uint32(TYPES.uint32), uint32(value.uint32)]);
  if ('float32' in value) return Buffer.concat([uint32(TYPES.float32), numbers(Float32Array.of(value.float32))]);
  if ('strings' in value) return list(TYPES.string, value.strings.length, Buffer.concat(value.strings.map(text)));
  if ('float32s' in value) return list(TYPES.float32, value.float32s.length, numbers(Float32Array.from(value.float32s)));
  return list(TYPES.int32, value.int32s.length, numbers(Int32Array.from(value.int32s)));
}

function list(type: number, count: number, items: Buffer): Buffer {
  return Buffer.concat([uint32(TYPES.array), uint32(type), uint64(count), items]);
}

function text(value: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);
}

function numbers(values: Float32Array | Int32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function bytesOf(shape: readonly number[], dtype: keyof typeof TENSOR_TYPES): number {
  return shape.reduce((product, extent) => product * extent, dtype === 'float32' ? 4 : 2);
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % ALIGNMENT === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}
