import { callbackify } from 'node:util';

import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';

import { VitaminError } from '@vitamin-vlm/core';

import type { ByteSource } from '../byte-source.ts';
import { corrupt, quote } from '../corrupt.ts';
import { MAX_ZIP_END_BYTES, MAX_ZIP_ENTRY_BYTES, MAX_ZIP_ENTRIES } from '../limits.ts';

/** Local headers asked for together: one after the other would wait for the disk a thousand times. */
const HEADERS_AT_ONCE = 64;

/** Also a zip program's work: weights that were unpacked and packed again. */
export const RECOMPRESSED =
  'Compressed tensors cannot be read in place. In Python: torch.save(torch.load(old, map_location="cpu", weights_only=True), new).';

/** One entry of a zip archive with the absolute place of its data. */
export interface ZipEntry {
  readonly name: string;
  /** Byte offset of the data in the file. */
  readonly offset: number;
  /** Bytes in the file. */
  readonly byteLength: number;
  /** Bytes after inflation; equal to `byteLength` for a stored entry. */
  readonly inflatedLength: number;
  readonly method: 'stored' | 'deflated' | 'other';
}

/**
 * Reads the central directory and every local header (whose extra field may be longer than the directory says). Names are unique and no two
 * entries overlap, so that two readers cannot see two different files.
 */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const reader = new SourceReader(source);
  try {
    const zip = await fromRandomAccessReaderPromise(reader, source.size, { autoClose: false, strictFileNames: true });
    // What lies behind the start of the directory is the directory and its end record.
    const bytes = source.size - Number(Reflect.get(zip, 'readEntryCursor')); // its types say boolean
    const most = MAX_ZIP_END_BYTES + zip.entryCount * MAX_ZIP_ENTRY_BYTES;
    if (bytes > most) throw corrupt(source.path, `Expected a zip directory of at most ${most} bytes but found ${bytes}`);
    return await listEntries(source, zip);
  } catch (cause) {
    if (cause instanceof VitaminError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(source.path, `Expected a whole zip archive but found a damaged or truncated one (${reason})`, { cause });
  }
}

async function listEntries(source: ByteSource, zip: ZipFile): Promise<ReadonlyMap<string, ZipEntry>> {
  if (zip.entryCount > MAX_ZIP_ENTRIES) {
    throw corrupt(source.path, `Expected at most ${MAX_ZIP_ENTRIES} zip entries but found ${zip.entryCount}`);
  }
  const listed = new Map<string, Listed>();
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    // PyTorch's reader (miniz) takes names that differ in case for one.
    const key = name.toLowerCase();
    if (listed.has(key)) {
      throw corrupt(source.path, `Expected unique zip entries, whatever their case, but found ${quote(name)} twice`);
    }
    if (entry.isEncrypted()) throw corrupt(source.path, `Expected plain zip entries but found ${quote(name)} encrypted`);
    // Not the entry itself: extra fields and comments would stay in memory.
    const { fileName, relativeOffsetOfLocalHeader, compressedSize, uncompressedSize, compressionMethod } = entry;
    listed.set(key, { fileName, relativeOffsetOfLocalHeader, compressedSize, uncompressedSize, compressionMethod });
  }
  const entries = new Map<string, ZipEntry>();
  const spans: { name: string; start: number; end: number }[] = [];
  const all = [...listed.values()];
  for (let i = 0; i < all.length; i += HEADERS_AT_ONCE) {
    const some = all.slice(i, i + HEADERS_AT_ONCE);
    const headers = await Promise.all(some.map((entry) => zip.readLocalFileHeaderPromise(entry as Entry, { minimal: true })));
    for (const [j, entry] of some.entries()) {
      const name = entry.fileName;
      const offset = headers[j]!.fileDataStart;
      const byteLength = entry.compressedSize;
      entries.set(name, { name, offset, byteLength, inflatedLength: entry.uncompressedSize, method: methodOf(entry) });
      spans.push({ name, start: entry.relativeOffsetOfLocalHeader, end: offset + byteLength });
    }
  }
  spans.sort((a, b) => a.start - b.start);
  for (const [i, span] of spans.entries()) {
    const next = spans[i + 1];
    if (next && next.start < span.end) {
      throw corrupt(source.path, `Expected zip entries apart but found ${quote(span.name)} and ${quote(next.name)} overlapping`);
    }
  }
  return entries;
}

/** What is kept of an entry of the directory; yauzl needs no more to find its local header. */
type Listed = Pick<Entry, 'fileName' | 'relativeOffsetOfLocalHeader' | 'compressedSize' | 'uncompressedSize' | 'compressionMethod'>;

function methodOf(entry: Listed): ZipEntry['method'] {
  if (entry.compressionMethod === 0) return 'stored';
  return entry.compressionMethod === 8 ? 'deflated' : 'other';
}

/** Bytes fetched at once: yauzl asks for 46 bytes, then for a name, entry by entry. One page serves about 40 entries of the directory. */
const WINDOW_BYTES = 4096;

/** yauzl's view of a source. Only `read` is used here: no entry is ever opened as a stream. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(): never {
    throw new Error('Streams are not used');
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const fetch = callbackify(async (): Promise<number> => {
      const bytes = await this.#bytes(position, length);
      buffer.set(bytes, offset);
      return bytes.length;
    });
    fetch((error, bytesRead) => callback(error, bytesRead));
  }

  /** Fewer bytes than asked for at the end of the file, none beyond it: yauzl reports both. */
  async #bytes(position: number, length: number): Promise<Uint8Array> {
    const at = position - this.#windowStart;
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length);
    const available = Math.max(Math.min(Math.max(length, WINDOW_BYTES), this.#source.size - position), 0);
    const window = new Uint8Array(available);
    if (available > 0) await this.#source.readInto(window, position);
    this.#window = window;
    this.#windowStart = position;
    return window.subarray(0, length);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
