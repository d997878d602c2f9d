import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { archivePicture } from './data-sets/tar-pictures.ts';

/** What stands for standard input. */
export const STDIN = '-';

/** As much as a file may have. */
const MAX_BYTES = 2 ** 30;

/** Pipes that a shell makes: `cat a.jpg | vitamin ... /dev/stdin`, `vitamin ... <(curl ...)`. Opened by number, for a socket has no name to open. */
const PIPES = /^(?:\/dev|\/proc\/self)\/fd\/(\d+)$/u;

/**
 * A picture as the libraries take it: the path of a file, or the bytes that came through a pipe or lie in an archive.
 *
 * @throws VitaminError `INPUT_UNREADABLE` when a pipe gives more than 1 GiB, or nothing.
 */
export async function pictureSource(file: string): Promise<string | Uint8Array> {
  const fd = file === STDIN || file === '/dev/stdin' ? 0 : Number(PIPES.exec(file)?.[1] ?? Number.NaN);
  if (Number.isNaN(fd)) return (await archivePicture(file)) ?? file;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of fd === 0 ? process.stdin : createReadStream('', { fd, autoClose: false })) {
      size += (chunk as Buffer).length;
      if (size > MAX_BYTES)
        throw new VitaminError('INPUT_UNREADABLE', `Expected a picture of at most ${MAX_BYTES} bytes but ${file} gives more`);
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    throw new VitaminError('INPUT_UNREADABLE', `Expected a picture from ${file} but it cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (size > 0) return Buffer.concat(chunks, size);
  throw new VitaminError('INPUT_UNREADABLE', `Expected a picture from ${file} but received nothing`, {
    hint: 'Pipe a file into it: cat street.jpg | vitamin classify - --labels person,bus',
  });
}

/** What files made for a picture are called. */
export function stemOf(file: string): string {
  return file === STDIN ? 'stdin' : basename(file, extname(file));
}
