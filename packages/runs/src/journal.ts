import { VitaminError } from '@vitamin-vlm/core';
import { type FileHandle, open } from 'node:fs/promises';
import { decodeLine, encodeLine, type Outcome, readHead } from './line.ts';
import { readLines } from './read-lines.ts';

/**
 * Written lines reach the disk at the latest after this many milliseconds. The death of the process loses none of them whenever it
 * comes, since the system holds what was written; a power cut loses the items of these seconds, which are then worked on again.
 */
const syncEvery = 5_000;

/**
 * What became of the items so far, as an append-only file of JSON lines in the order in which they ended. A later line of the same item
 * takes the place of an earlier one. In memory it is 13 bytes per item.
 *
 * Every line carries a checksum. What a death leaves at the end (a torn line, blocks that never reached the disk) is cut off when the
 * file is opened. A damaged line that undamaged ones follow was not left by a death: that is an error.
 */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  /** Where the line of an item begins, in bytes; -1 while there is none. */
  readonly #starts: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #broken: Uint8Array;
  #end = 0;
  #synced = Date.now();
  #last: Promise<void> = Promise.resolve();
  #doneCount = 0;
  #brokenCount = 0;

  private constructor(path: string, file: FileHandle, total: number) {
    this.path = path;
    this.#file = file;
    this.#starts = new Float64Array(total).fill(-1);
    this.#lengths = new Uint32Array(total);
    this.#broken = new Uint8Array(total);
  }

  /**
   * Opens or makes a journal of `total` items, mended as above. One that is only read must be there and undamaged to its end.
   *
   * @throws VitaminError `INPUT_UNREADABLE` that names the line when the file is damaged.
   */
  static async open(path: string, total: number, access: 'append' | 'read' = 'append'): Promise<Journal> {
    const file = await open(path, access === 'append' ? 'a+' : 'r');
    try {
      const journal = new Journal(path, file, total);
      const damaged = await journal.#scan();
      if (damaged !== undefined && access === 'read') throw journal.#damaged(`in line ${damaged}`);
      if (damaged !== undefined) await file.truncate(journal.#end);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Items with a line, broken ones included. */
  get done(): number {
    return this.#doneCount;
  }

  /** Items whose last line says that they are broken. */
  get broken(): number {
    return this.#brokenCount;
  }

  has(index: number): boolean {
    return this.#starts[index]! >= 0;
  }

  isBroken(index: number): boolean {
    return this.#broken[index] === 1;
  }

  /** Adds a line. Calls are served in order, so that lines never mix. */
  append(outcome: Outcome): Promise<void> {
    const line = encodeLine(outcome);
    const turn = this.#last.then(() => this.#write(outcome.index, 'error' in outcome, line));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The bytes of an item's line, line feed included, or undefined while there is none. */
  async line(index: number): Promise<Buffer | undefined> {
    if (!this.has(index)) return undefined;
    const bytes = Buffer.alloc(this.#lengths[index]!);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, this.#starts[index]);
    if (bytesRead !== bytes.length || !readHead(bytes.subarray(0, -1))) throw this.#damaged(`at byte ${this.#starts[index]}`);
    return bytes;
  }

  /** What became of an item, or undefined while it is not done. */
  async outcome<R>(index: number): Promise<Outcome<R> | undefined> {
    const line = await this.line(index);
    return line && decodeLine<R>(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(index: number, broken: boolean, line: Buffer): Promise<void> {
    await this.#file.appendFile(line);
    this.#note(index, broken, line.length);
    if (Date.now() - this.#synced < syncEvery) return;
    await this.#file.datasync();
    this.#synced = Date.now();
  }

  #note(index: number, broken: boolean, length: number): void {
    if (!this.has(index)) this.#doneCount++;
    this.#brokenCount += Number(broken) - this.#broken[index]!;
    this.#starts[index] = this.#end;
    this.#lengths[index] = length;
    this.#broken[index] = Number(broken);
    this.#end += length;
  }

  /** Notes every line. The number of the first damaged line, if only damaged ones follow it. */
  async #scan(): Promise<number | undefined> {
    let damaged: number | undefined;
    let number = 0;
    for await (const line of readLines(this.#file)) {
      number++;
      const head = line.ended ? readHead(line.bytes) : undefined;
      if (head && damaged !== undefined) throw this.#damaged(`in line ${damaged}`);
      if (!head) damaged ??= number;
      else if (head.index >= this.#starts.length) {
        throw this.#damaged(`in line ${number}: item ${head.index} of ${this.#starts.length}`);
      } else this.#note(head.index, head.broken, line.bytes.length + 1);
    }
    return damaged;
  }

  #damaged(where: string): VitaminError {
    return new VitaminError('INPUT_UNREADABLE', `Expected undamaged lines in ${this.path} but found a damaged one ${where}`, {
      hint: 'Cut the file before this line to keep what stands above it, or start again in a new folder.',
    });
  }
}
