import { VitaminError } from '@vitamin-vlm/core';
import { type FileHandle, open } from 'node:fs/promises';

/** A file in a tar archive. */
export interface TarEntry {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Entries of one archive, and bytes of a name: more is an attack. */
const MAX_ENTRIES = 2 ** 22;
const MAX_NAME_BYTES = 2 ** 16;

/**
 * The regular files of a tar archive (ustar, GNU and pax long names) by reading its headers alone: archives of data sets have gigabytes, and any picture of them must be found
 * again after a stop. That is why no library reads them: those known stream through all bytes and tell no offsets.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE` for a file that is no tar archive, is cut short, or is compressed.
 */
export async function readTarIndex(path: string): Promise<TarEntry[]> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a tar archive at ${path} but found ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  });
  try {
    const { size: end } = await file.stat();
    const entries: TarEntry[] = [];
    const header = Buffer.alloc(BLOCK);
    let longName: string | undefined;
    for (let at = 0; at + BLOCK <= end;) {
      await file.read(header, 0, BLOCK, at);
      if (header.every((byte) => byte === 0)) break;
      const { name, size, type } = parseHeader(header, path, at);
      at += BLOCK;
      if (at + size > end) throw damaged(path, `${size} bytes of ${printed(name)}`, `the end of the file after ${end - at}`);
      if (type === 'L' || type === 'x') longName = (await readName(file, at, size, type, path)) ?? longName;
      else {
        if (type === '0' || type === '\0') entries.push({ name: longName ?? name, offset: at, size });
        longName = undefined;
      }
      if (entries.length > MAX_ENTRIES) throw damaged(path, `at most ${MAX_ENTRIES} files`, 'more');
      at += Math.ceil(size / BLOCK) * BLOCK;
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** The bytes of an entry. @throws VitaminError `INPUT_UNREADABLE` when they are more than `most`, or cut short. */
export async function readTarEntry(file: FileHandle, path: string, { name, offset, size }: TarEntry, most: number): Promise<Uint8Array> {
  if (size > most) throw damaged(path, `at most ${most} bytes of ${printed(name)}`, String(size));
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, offset);
  if (bytesRead !== size) throw damaged(path, `${size} bytes of ${printed(name)}`, String(bytesRead));
  return bytes;
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

/** POSIX.1-1988 (ustar): name 0-99, size 124-135, checksum 148-155, type 156, prefix 345-499. */
function parseHeader(header: Buffer, path: string, at: number): Header {
  const stated = Number.parseInt(text(header, 148, 8), 8);
  let sum = 8 * 32; // the checksum counts as spaces
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  if (stated !== sum) {
    const packed = header[0] === 0x1f && header[1] === 0x8b;
    throw damaged(
      path,
      `a tar header at byte ${at}`,
      packed ? 'gzip data' : 'something else',
      packed ? 'Unpack it once with gunzip: samples are read at random.' : undefined,
    );
  }
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return { name: prefix === '' ? name : `${prefix}/${name}`, size: sizeOf(header, path, at), type: String.fromCharCode(header[156]!) };
}

/** Octal digits, or in GNU's archives a big-endian number behind a set bit. */
function sizeOf(header: Buffer, path: string, at: number): number {
  const size = header[124]! & 0x80 ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(header, 124, 12).trim() || '0', 8);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw damaged(path, `a size in the tar header at byte ${at}`, 'none');
}

async function readName(file: FileHandle, at: number, size: number, type: string, path: string): Promise<string | undefined> {
  if (size > MAX_NAME_BYTES) throw damaged(path, `a name of at most ${MAX_NAME_BYTES} bytes`, String(size));
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, at);
  if (type === 'L') return text(bytes, 0, size);
  return /(?:^|\n)\d+ path=([^\n]*)\n/u.exec(bytes.toString('utf8'))?.[1];
}

/** Up to the first zero. */
function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

function printed(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function damaged(path: string, expected: string, found: string, hint?: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected ${expected} in ${path} but found ${found}`, hint === undefined ? {} : { hint });
}
