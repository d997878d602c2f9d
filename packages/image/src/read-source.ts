import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isAnyArrayBuffer } from 'node:util/types';
import { VitaminError } from '@vitamin-vlm/core';
import type { Picture } from './picture.ts';

/** Larger files are not read: a picture within the pixel limits is smaller even when stored without compression. */
const MAX_FILE_BYTES = 2 ** 30;

/** Pixels as a canvas gives them (`ImageData`): red, green, blue, alpha, a byte each. */
export interface PixelData {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** Where a picture comes from: a path, a `file:` URL, the bytes of a file, the pixels of a canvas, or a decoded picture. */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob | PixelData | Picture;

/** Reads a picture file whole. `name` is what messages call it. */
export async function readSource(source: Exclude<ImageSource, PixelData | Picture>): Promise<{ bytes: Uint8Array; name: string }> {
  const given = await bytesOf(source);
  if (given) return { bytes: notEmpty(given, 'the given data'), name: 'the given data' };
  const path = toPath(source);
  try {
    const info = await stat(path);
    if (!info.isFile()) {
      const [kind, hint] = info.isDirectory()
        ? ['a directory', 'Name the files inside it, e.g. folder/*.jpg.']
        : [
            'not a regular file',
            'Pipes and devices could be read for ever: pass a file, or its bytes. vitamin reads a picture from a pipe as "-".',
          ];
      throw new VitaminError('INPUT_UNREADABLE', `Expected an image file but ${path} is ${kind}`, { hint });
    }
    if (info.size > MAX_FILE_BYTES) {
      throw new VitaminError('INPUT_UNREADABLE', `Expected an image file of at most ${MAX_FILE_BYTES} bytes but ${path} has ${info.size}`, {
        hint: 'Shrink the picture or store it compressed.',
      });
    }
    return { bytes: notEmpty(await readFile(path), path), name: path };
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    throw asVitaminError(cause, path);
  }
}

/** The bytes that are passed themselves. */
async function bytesOf(source: unknown): Promise<Uint8Array | undefined> {
  if (source instanceof Uint8Array) return source;
  if (isAnyArrayBuffer(source)) return new Uint8Array(source);
  if (!(source instanceof Blob)) return undefined;
  if (source.size <= MAX_FILE_BYTES) return new Uint8Array(await source.arrayBuffer());
  throw new VitaminError('INPUT_UNREADABLE', `Expected an image of at most ${MAX_FILE_BYTES} bytes but the given data has ${source.size}`, {
    hint: 'Shrink the picture or store it compressed.',
  });
}

function toPath(source: unknown): string {
  const text = typeof source === 'string' ? source : source instanceof URL ? source.href : undefined;
  if (text === undefined) {
    const kind = Object.prototype.toString.call(source).slice(8, -1);
    throw new VitaminError('USAGE', `Expected a path, a file: URL, the bytes of a picture or a Picture but received ${kind}`, {
      hint: 'Bytes are passed as Uint8Array, ArrayBuffer or Blob: for a Response, await response.arrayBuffer().',
    });
  }
  // `file:/x` and `file:///x` are the same URL; `file:x` is a path that happens to begin so.
  if (/^file:\//i.test(text)) return fileURLToPath(text);
  if (text !== '' && !text.includes('\0') && !/^(https?|data|blob):/i.test(text)) return text;
  throw new VitaminError('INPUT_NOT_FOUND', `Expected a file path or a file: URL but received "${text.slice(0, 80)}"`, {
    hint: 'Download the picture first, then pass its path or its bytes.',
  });
}

function notEmpty(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length > 0) return bytes;
  throw new VitaminError('INPUT_UNREADABLE', `Expected an image but ${name} is empty (0 bytes)`, {
    hint: 'Its download or copy was probably cut short: fetch it again.',
  });
}

function asVitaminError(cause: unknown, path: string): VitaminError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new VitaminError('INPUT_NOT_FOUND', `Expected an image file but there is none at ${path}`, {
      cause,
      hint: 'Check the path; relative paths start at the current directory.',
    });
  }
  return new VitaminError('INPUT_UNREADABLE', `Expected to read ${path} but the system refused: ${code ?? String(cause)}`, {
    cause,
    hint: 'Check the permissions of the file.',
  });
}
