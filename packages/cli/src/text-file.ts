import { createReadStream } from 'node:fs';
import { VitaminError } from '@vitamin-vlm/core';

/**
 * The text of a file that a flag names; `-` is standard input. UTF-8, or UTF-16 as Windows' editors write it; a byte order mark is taken off.
 *
 * @throws VitaminError `USAGE` when it cannot be read, is larger than `most` bytes, or is text of another encoding.
 */
export async function readText(path: string, most: number, flagName: string): Promise<string> {
  return decodeText(await readBytes(path, most, flagName), `${flagName} ${path}`);
}

/** Reads pipes as well as files, and no more than `most` bytes of either. */
async function readBytes(path: string, most: number, flagName: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      size += (chunk as Buffer).length;
      if (size > most) throw new VitaminError('USAGE', `Expected at most ${most} bytes in ${flagName} ${path} but found more`);
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new VitaminError('USAGE', `Expected a text file for ${flagName} but ${path} cannot be read: ${reason}`, { cause });
  }
  return Buffer.concat(chunks, size);
}

/**
 * Text from the bytes of a file.
 *
 * @param what - The file, in messages.
 * @throws VitaminError `USAGE` for bytes that are neither UTF-8 nor UTF-16.
 */
export function decodeText(bytes: Uint8Array, what: string): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    const found = encoding === 'utf-8' ? 'bytes of another encoding, Latin-1 for example' : 'damaged UTF-16';
    throw new VitaminError('USAGE', `Expected UTF-8 text in ${what} but found ${found}`, {
      hint: 'Save it as UTF-8. In a shell, if it is Latin-1: iconv -f latin1 -t utf-8 OLD > NEW',
      cause,
    });
  }
}

/** By the byte order mark; without one, UTF-16 is told by the zeros that every second byte of Latin letters is. */
function encodingOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0 && second !== 0 && second !== undefined) return 'utf-16be';
  return second === 0 && first !== 0 ? 'utf-16le' : 'utf-8';
}
