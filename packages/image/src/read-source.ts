import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VitaminError } from '@vitamin-vlm/core';

/** Larger files are not read: a picture within the pixel limits is smaller even when stored without compression. */
const MAX_FILE_BYTES = 2 ** 30;

/** Reads a picture file whole. `name` is what messages call it. */
export async function readSource(source: string | URL | Uint8Array): Promise<{ bytes: Uint8Array; name: string }> {
  if (source instanceof Uint8Array) return { bytes: notEmpty(source, 'the given data'), name: 'the given data' };
  const path = toPath(source);
  try {
    const info = await stat(path);
    if (!info.isFile()) {
      const kind = info.isDirectory() ? 'a directory' : 'not a regular file';
      throw new VitaminError('INPUT_UNREADABLE', `Expected an image file but ${path} is ${kind}`, {
        hint: 'Name the files inside it, e.g. folder/*.jpg.',
      });
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

function toPath(source: string | URL): string {
  if (typeof source === 'string' && !source.startsWith('file://')) {
    if (source !== '' && !source.includes('\0') && !/^(https?|data):/i.test(source)) return source;
  } else if (String(source).startsWith('file://')) {
    return fileURLToPath(source);
  }
  throw new VitaminError('INPUT_NOT_FOUND', `Expected a file path or a file: URL but received "${String(source).slice(0, 80)}"`, {
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
