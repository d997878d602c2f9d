import { open } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';

/** What a header is allowed to be: that of Llama 3 has 8 MB. */
const MAX_HEADER = 64 * 2 ** 20;
const [MAX_TENSORS, MAX_VALUES, MAX_EXTENTS] = [1 << 16, 1 << 12, 4];
/** Bytes of values by their type; strings and lists are walked through. */
const SIZES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const [STRING, ARRAY, UINT32] = [8, 9, 4];

/**
 * Reads the header of a language model in GGUF, and whether the file is as long as its tensors need.
 *
 * @throws VitaminError `WEIGHTS_MISSING` without the file; `WEIGHTS_CORRUPT` for something else, or a part of it.
 */
export async function checkGguf(path: string): Promise<{ readonly architecture: string; readonly embedding: number }> {
  await using file = await open(path).catch((cause: unknown) => {
    throw new VitaminError('WEIGHTS_MISSING', `Expected a language model at ${path} but found none`, { cause });
  });
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.min(size, MAX_HEADER));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  try {
    return walk(bytes.subarray(0, bytesRead), size);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VitaminError('WEIGHTS_CORRUPT', `Expected a whole language model in GGUF in ${path} but found something else: ${reason}`, {
      hint: 'Download it again, or name another file.',
      cause,
    });
  }
}

function walk(bytes: Buffer, size: number): { architecture: string; embedding: number } {
  let at = 0;
  const uint32 = (): number => bytes.readUInt32LE((at += 4) - 4);
  const uint64 = (limit: number): number => {
    const value = bytes.readBigUInt64LE((at += 8) - 8);
    if (value > BigInt(limit)) throw new Error(`a number above ${limit}`);
    return Number(value);
  };
  const text = (): string => {
    const length = uint64(bytes.length - at);
    return bytes.toString('utf8', at, (at += length));
  };
  const skip = (type: number): void => {
    if (type === STRING) text();
    else if (type === ARRAY) {
      const inner = uint32();
      const count = uint64(bytes.length);
      if (inner === STRING) for (let i = 0; i < count; i++) text();
      else at += count * sizeOf(inner);
    } else at += sizeOf(type);
  };
  if (bytes.toString('latin1', 0, 4) !== 'GGUF') throw new Error('no GGUF at its beginning');
  at = 4;
  const version = uint32();
  if (version !== 2 && version !== 3) throw new Error(`version ${version}`);
  const [tensors, values] = [uint64(MAX_TENSORS), uint64(MAX_VALUES)];
  const texts = new Map<string, string>();
  const numbers = new Map<string, number>();
  for (let i = 0; i < values; i++) {
    const name = text();
    const type = uint32();
    if (type === STRING) texts.set(name, text());
    else if (type === UINT32) numbers.set(name, uint32());
    else skip(type);
  }
  let end = 0;
  for (let i = 0; i < tensors; i++) {
    text();
    const extents = uint32();
    if (extents > MAX_EXTENTS) throw new Error(`a tensor of ${extents} extents`);
    let elements = 1;
    for (let n = 0; n < extents; n++) elements *= uint64(Number.MAX_SAFE_INTEGER);
    const type = uint32();
    const offset = uint64(size);
    // The length of other types is llama.cpp's business.
    end = Math.max(end, offset + (type === 0 ? 4 * elements : type === 1 ? 2 * elements : 1));
  }
  const alignment = numbers.get('general.alignment') ?? 32;
  const start = Math.ceil(at / alignment) * alignment;
  if (!(start + end <= size)) throw new Error(`${size} bytes where its tensors need ${start + end}`);
  const architecture = texts.get('general.architecture') ?? 'none';
  const embedding = numbers.get(`${architecture}.embedding_length`);
  if (embedding === undefined) throw new Error(`architecture ${architecture} without its width`);
  return { architecture, embedding };
}

function sizeOf(type: number): number {
  const size = SIZES[type];
  if (size === undefined) throw new Error(`a value of type ${type}`);
  return size;
}
