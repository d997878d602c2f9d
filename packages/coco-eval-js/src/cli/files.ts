import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CocoEvalError } from '../errors.ts';

/**
 * A file's bytes.
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE` naming the path
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CocoEvalError('INPUT_NOT_FOUND', `Expected a file at ${path} but found none`, { cause });
    throw new CocoEvalError('INPUT_UNREADABLE', `Expected a readable file at ${path} but received ${code ?? String(cause)}`, { cause });
  }
}

const unzip = promisify(gunzip);

/** A JSON file beyond this many bytes is refused: the longest string of V8 has 2^29 - 24 characters. */
const maxText = 2 ** 29 - 24;

/**
 * A parsed JSON file, plain or gzip-compressed.
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, `LIMIT` or `BAD_JSON` naming the path
 */
export async function readJson(path: string): Promise<unknown> {
  let bytes = await readBytes(path);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await unzip(bytes, { maxOutputLength: maxText });
    } catch (cause) {
      throw new CocoEvalError('INPUT_UNREADABLE', `Expected gzip data in ${path} but zlib refuses it: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  if (bytes.length > maxText)
    throw new CocoEvalError('LIMIT', `Expected at most ${maxText} bytes of JSON in ${path} but found ${bytes.length}`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (cause) {
    throw new CocoEvalError('BAD_JSON', `Expected JSON in ${path} but ${(cause as Error).message}`, { cause });
  }
}

/** The name of a file without folder, `.gz` and `.json`. */
export function stem(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.json$/i, '');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes `folder/name.extension`, or `name-2` and so on when that exists, first under another name and then renamed, so that no half file is ever seen.
 *
 * @returns the path that was written
 * @throws CocoEvalError `INPUT_UNREADABLE` when the folder cannot be written
 */
export async function writeNew(folder: string, name: string, extension: string, text: string, force: boolean): Promise<string> {
  const temporary = join(folder, `.${name}.${process.pid}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const path = force ? join(folder, `${name}.${extension}`) : await freePath(folder, name, extension);
    await writeFile(temporary, text);
    await rename(temporary, path);
    return path;
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CocoEvalError('INPUT_UNREADABLE', `Expected a folder to write to at ${folder} but received ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function freePath(folder: string, name: string, extension: string): Promise<string> {
  let path = join(folder, `${name}.${extension}`);
  for (let i = 2; await exists(path); i++) path = join(folder, `${name}-${i}.${extension}`);
  return path;
}
