import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CocoEvalError, throwIfAborted } from '../errors.ts';

/** Large enough to make calls rare, small enough to keep memory flat. */
const CHUNK_BYTES = 2 ** 22;
/** An annotation file is held whole; this bounds what a small .gz may unpack to. */
const MAX_WHOLE_BYTES = 2 ** 31;

/** Stops reading, or reports it: bytes of the file read so far and in all. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
}

/**
 * The bytes of a file in chunks, unpacked when it is gzip (told by its first two bytes, not by its name).
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND`, or `INPUT_UNREADABLE` also for a damaged .gz
 */
export async function* readChunks(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
  const { size, gzip } = await inspect(path);
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  let done = 0;
  source.on('data', (chunk) => {
    done += chunk.length;
    options.onBytes?.(done, size);
  });
  const stream: Readable = gzip ? source.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : source;
  source.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) {
      throwIfAborted(options.signal);
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    if (cause instanceof CocoEvalError) throw cause;
    throw new CocoEvalError('INPUT_UNREADABLE', `Expected to read ${path} but failed: ${(cause as Error).message}`, { cause });
  } finally {
    source.destroy();
  }
}

/** The whole of a file, unpacked when it is gzip. At most 2 GiB. */
export async function readWhole(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readChunks(path, options)) {
    length += chunk.length;
    if (length > MAX_WHOLE_BYTES) throw new CocoEvalError('LIMIT', `Expected at most ${MAX_WHOLE_BYTES} bytes in ${path}`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
}

async function inspect(path: string): Promise<{ size: number; gzip: boolean }> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const magic = new Uint8Array(2);
    await file.read(magic, 0, 2, 0);
    return { size, gzip: magic[0] === 0x1f && magic[1] === 0x8b };
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const found = missing ? 'it does not exist' : (cause as Error).message;
    throw new CocoEvalError(missing ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE', `Expected a readable file ${path} but ${found}`, { cause });
  }
}
