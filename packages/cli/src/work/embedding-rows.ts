import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';

/** Rows are put together into writes, and read again in parts, of about this many numbers. */
const PART = 2 ** 18;

/**
 * Rows of length one that come one by one, on disk until all are there: how many they are stands at the beginning of the files that they go into.
 * In memory there is a part of them.
 */
export class EmbeddingRows implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  #waiting: Float32Array[] = [];
  #count = 0;
  #dim = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** @param beside - The file that they are for: they lie in its folder, whose disk must have room for both. */
  static async create(beside: string): Promise<EmbeddingRows> {
    const path = `${beside}.${randomBytes(6).toString('hex')}.tmp`;
    return new EmbeddingRows(path, await open(path, 'wx+'));
  }

  /** [N, E] */
  get shape(): [number, number] {
    return [this.#count, this.#dim];
  }

  /** Adds a row of any length, as long as the others in numbers. */
  async add(row: Float32Array): Promise<void> {
    if (this.#count > 0 && row.length !== this.#dim)
      throw new VitaminError('RUNTIME', `Expected ${this.#dim} numbers in a row but received ${row.length}`);
    const length = Math.hypot(...row) || 1;
    this.#waiting.push(row.map((value) => value / length));
    this.#dim = row.length;
    this.#count++;
    if (this.#waiting.length * this.#dim >= PART) await this.#flush();
  }

  /** All rows, one behind the other, in parts of whole rows. */
  async *parts(): AsyncGenerator<Float32Array, void> {
    await this.#flush();
    const rows = Math.max(1, Math.floor(PART / this.#dim));
    for (let at = 0; at < this.#count; at += rows) {
      const part = new Float32Array(Math.min(rows, this.#count - at) * this.#dim);
      const bytes = new Uint8Array(part.buffer);
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, at * this.#dim * 4);
      if (bytesRead !== bytes.length)
        throw new VitaminError('RUNTIME', `Expected ${bytes.length} bytes in ${this.#path} but found ${bytesRead}`);
      yield part;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const rows = this.#waiting.splice(0);
    if (rows.length > 0) await this.#file.appendFile(Buffer.concat(rows.map(({ buffer }) => new Uint8Array(buffer))));
  }
}
