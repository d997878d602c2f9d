import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CocoEvalError, throwIfAborted } from '../errors.ts';

/** The path that stands for standard input. */
export const STDIN = '-';
/** Large enough to make calls rare, small enough to keep memory flat. */
const CHUNK_BYTES = 2 ** 22;
/** A file that is wanted whole is read in one piece where it can be: pieces would have to be copied together. */
const LARGE_CHUNK_BYTES = 2 ** 26;
/** An annotation file is held whole; this bounds what a small .gz may unpack to. */
const MAX_WHOLE_BYTES = 2 ** 31;

/** Stops reading, or reports it: bytes of the file read so far and in all. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
}

/**
 * The bytes of a file in chunks, unpacked when it is gzip (told by its first two bytes, not by its name). Pipes can be read too; `-` is standard input.
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND`, or `INPUT_UNREADABLE` also for a damaged .gz
 */
export async function* readChunks(path: string, options: ReadOptions = {}, chunkBytes: number = CHUNK_BYTES): AsyncGenerator<Uint8Array> {
  let stream: Readable | undefined;
  try {
    const chunks = packedChunks(path, options, chunkBytes);
    const head = await firstBytes(chunks);
    const joined = prepend(head, chunks);
    stream = head[0] === 0x1f && head[1] === 0x8b ? gunzip(Readable.from(joined)) : undefined;
    for await (const chunk of stream ?? joined) {
      throwIfAborted(options.signal);
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    throw cause instanceof CocoEvalError ? cause : unreadable(path, cause as NodeJS.ErrnoException);
  } finally {
    stream?.destroy();
  }
}

/** The bytes as they lie in the file. */
async function* packedChunks(path: string, { onBytes }: ReadOptions, chunkBytes: number): AsyncGenerator<Uint8Array> {
  // A pipe has no size.
  const { size } = path === STDIN ? { size: 0 } : await stat(path);
  let done = 0;
  const highWaterMark = size === 0 ? CHUNK_BYTES : Math.min(size, chunkBytes);
  for await (const chunk of path === STDIN ? process.stdin : createReadStream(path, { highWaterMark })) {
    done += (chunk as Uint8Array).length;
    onBytes?.(done, size);
    yield chunk as Uint8Array;
  }
}

/** At least two bytes, unless the file has fewer: a pipe may begin with a single one. */
async function firstBytes(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* prepend(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* rest;
}

function gunzip(source: Readable): Readable {
  const stream = source.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  source.once('error', (error) => stream.destroy(error));
  stream.once('close', () => source.destroy());
  return stream;
}

function unreadable(path: string, cause: NodeJS.ErrnoException): CocoEvalError {
  const { code = '', message } = cause;
  if (code === 'ENOENT') return new CocoEvalError('INPUT_NOT_FOUND', `Expected a readable file ${path} but it does not exist`, { cause });
  if (code.startsWith('Z_')) {
    return new CocoEvalError('INPUT_UNREADABLE', `Expected gzip data in ${path} but found ${message}`, {
      hint: 'The file is damaged or cut: fetch or compress it again.',
      cause,
    });
  }
  const found = { EISDIR: 'it is a folder', EACCES: 'it may not be read' }[code] ?? `failed: ${message}`;
  return new CocoEvalError('INPUT_UNREADABLE', `Expected a readable file ${path} but ${found}`, { cause });
}

/** What is packed more tightly than any annotations are. */
const MAX_RATIO = 200;
/** Small files may be packed as tightly as they like. */
const SMALL_BYTES = 2 ** 26;

/** As `ReadOptions`, and the most bytes taken. */
export interface ReadWholeOptions extends ReadOptions {
  /** Of the unpacked file; 2 GiB by default. */
  readonly maxBytes?: number | undefined;
}

/** The whole of a file, unpacked when it is gzip. @throws CocoEvalError as `readChunks`, and `LIMIT` beyond `maxBytes` */
export async function readWhole(path: string, options: ReadWholeOptions = {}): Promise<Uint8Array> {
  const { maxBytes = MAX_WHOLE_BYTES } = options;
  const chunks: Uint8Array[] = [];
  let length = 0;
  let packed = 0;
  const onBytes = (done: number, total: number): void => {
    packed = done;
    options.onBytes?.(done, total);
  };
  for await (const chunk of readChunks(path, { ...options, onBytes }, LARGE_CHUNK_BYTES)) {
    length += chunk.length;
    if (length > SMALL_BYTES && length > MAX_RATIO * packed) {
      throw new CocoEvalError('LIMIT', `Expected gzip data of at most ${MAX_RATIO} times its size in ${path} but it unpacks to more`, {
        hint: 'No annotations pack so tightly: the file is damaged, or made to fill the memory.',
      });
    }
    if (length > maxBytes) throw new CocoEvalError('LIMIT', `Expected at most ${maxBytes} bytes in ${path} but found more`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
}

/**
 * The bytes of a file that another file names: never of a pipe, a device or a socket, which might not end.
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, or `LIMIT` beyond `maxBytes`, before anything is read
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    // Without waiting: opening a pipe would wait for somebody who writes.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
      if (!found.isFile()) throw new CocoEvalError('INPUT_UNREADABLE', `Expected a regular file ${path} but it is a pipe or a device`);
      if (found.size > maxBytes) throw new CocoEvalError('LIMIT', `Expected at most ${maxBytes} bytes in ${path} but found ${found.size}`);
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(found.size), 0, found.size, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof CocoEvalError ? cause : unreadable(path, cause as NodeJS.ErrnoException);
  }
}
