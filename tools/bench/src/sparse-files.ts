import { open, readFile, truncate } from 'node:fs/promises';
import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';

const TENSORS = 900;
const ELEMENTS = 1_250_000;

/** A safetensors file of 900 tensors; the large one has 4.5 GB, all of it a hole on the disk. */
export async function sparseSafetensors(path: string, large: boolean): Promise<void> {
  const shape = [large ? ELEMENTS : 1];
  let end = 0;
  const entries = Array.from({ length: TENSORS }, (_, i) => {
    const begin = end;
    end += 4 * shape[0]!;
    return [`blocks.${i}.weight`, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8);
  header.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(path, 'w');
  await handle.writeFile(Buffer.concat([header, text]));
  await handle.close();
  await truncate(path, header.length + text.length + end);
}

const END_RECORD = 22;
const HOLE = 2 ** 32;

/**
 * A torch archive of 900 tensors; the large one has its central directory behind a hole of 4 GiB, as zip64 has it.
 * Layouts: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
 */
export async function sparseTorchArchive(path: string, large: boolean): Promise<void> {
  await writeTorchArchive(
    path,
    Array.from({ length: TENSORS }, (_, i) => [`blocks.${i}.weight`, tensor('float32', [1])] as const),
  );
  if (!large) return;
  const bytes = await readFile(path);
  const end = bytes.subarray(-END_RECORD);
  const [count, size, start] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  const directory = bytes.subarray(start, start + size);
  const wide = Buffer.alloc(56);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4); // bytes of this record that follow
  wide.writeUInt16LE(45, 12); // made by, and needed: version 4.5
  wide.writeUInt16LE(45, 14);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, size],
    [48, HOLE],
  ] as const)
    wide.writeBigUInt64LE(BigInt(value), at);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(HOLE + size), 8);
  locator.writeUInt32LE(1, 16);
  const last = Buffer.from(end);
  last.writeUInt32LE(0xffffffff, 16);
  const handle = await open(path, 'r+');
  await handle.truncate(start);
  await handle.write(Buffer.concat([directory, wide, locator, last]), 0, null, HOLE);
  await handle.close();
}
