import type { DetectionBuilder } from '../coco/detection-builder.ts';
import { type FoundObject, objectForResults } from '../coco/not-results.ts';
import { CocoEvalError, inEntry } from '../errors.ts';
import { EntryScanner } from './entry-scanner.ts';
import { MemoryBudget } from './memory-budget.ts';
import { CLOSE_LIST, CLOSE_OBJECT, JsonScanner, NeedMore, OPEN_LIST, OPEN_OBJECT } from './scanner.ts';
import { BYTE_ORDER_MARK_BYTES, skipByteOrderMark } from './parse-json.ts';
import { skipValue } from './skip.ts';
import { readValue } from './value.ts';

/** One entry of a results file may not be longer than this: it is the only thing kept whole. */
const MAX_ENTRY_BYTES = 2 ** 26;
/** Columns of so many entries take some 4 GiB: what a small .gz unpacks to must end somewhere. */
const MAX_ENTRIES = 2 ** 25;
/** All mask strings together: their places are kept in 32 bits. */
const MAX_MASK_BYTES = 2 ** 31;
/** All polygon coordinates and plain run lengths together: 1 GiB. */
const MAX_MASK_NUMBERS = 2 ** 27;

/** Bounds that a test can make small. */
export interface ResultsLimits {
  readonly entryBytes?: number;
  readonly entries?: number;
  readonly maskBytes?: number;
  readonly maskNumbers?: number;
}

/**
 * Reads a results file chunk by chunk straight into columns: no string of the whole file, no object for each entry, and mask strings stay bytes.
 * Memory is that of the columns, one chunk and one entry; all are bounded.
 */
export class ResultsReader {
  readonly #builder: DetectionBuilder;
  readonly #limits: Required<ResultsLimits>;
  readonly #scanner = new JsonScanner(new Uint8Array(0));
  readonly #entries: EntryScanner;
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes from which reading goes on: an entry of many chunks is tried each time it has doubled, not with every chunk. */
  #enough = BYTE_ORDER_MARK_BYTES;
  #state: 'start' | 'first' | 'entry' | 'separator' | 'done' = 'start';

  constructor(builder: DetectionBuilder, limits: ResultsLimits = {}) {
    this.#builder = builder;
    this.#entries = new EntryScanner(this.#scanner, builder.fields, 'results');
    const defaults = { entryBytes: MAX_ENTRY_BYTES, entries: MAX_ENTRIES, maskBytes: MAX_MASK_BYTES, maskNumbers: MAX_MASK_NUMBERS };
    this.#limits = { ...defaults, ...limits };
  }

  /** Takes the next bytes of the file. @throws CocoEvalError `BAD_JSON` or `BAD_INPUT` naming the entry, `LIMIT` for too many or too long ones */
  write(chunk: Uint8Array): void {
    this.#feed(chunk, true);
  }

  /** Ends the file. @throws CocoEvalError `BAD_JSON` when it is cut */
  end(): void {
    this.#feed(new Uint8Array(0), false);
    if (this.#state !== 'done')
      throw this.#located(this.#scanner.fail(this.#state === 'start' ? 'a list of results' : 'more results or "]"'));
  }

  #feed(chunk: Uint8Array, open: boolean): void {
    const scanner = this.#scanner;
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    if (open && bytes.length < this.#enough) {
      this.#rest = bytes;
      return;
    }
    scanner.offset += scanner.at;
    scanner.bytes = bytes;
    scanner.at = 0;
    scanner.end = scanner.bytes.length;
    scanner.open = open;
    let kept = 0;
    try {
      if (this.#state === 'start') skipByteOrderMark(scanner);
      while (scanner.peek() !== -1) {
        kept = scanner.at;
        this.#step();
        kept = scanner.at;
      }
      kept = scanner.at;
    } catch (error) {
      if (!(error instanceof NeedMore)) throw this.#located(error);
      // It will be read again from its start.
      this.#builder.fields.dropMask();
      const { entryBytes } = this.#limits;
      if (scanner.end - kept > entryBytes) throw tooMuch(this.#builder.count, `entries of at most ${entryBytes} bytes`, 'is longer');
    }
    scanner.at = kept;
    this.#rest = scanner.bytes.slice(kept);
    this.#enough = Math.min(2 * this.#rest.length, this.#limits.entryBytes + 1);
  }

  #step(): void {
    const scanner = this.#scanner;
    if (this.#state === 'start') {
      if (scanner.peek() === OPEN_OBJECT) throw objectForResults(this.#foundObject());
      scanner.take(OPEN_LIST, 'a list of results');
      this.#state = 'first';
    } else if (this.#state === 'separator') {
      this.#state = scanner.next(CLOSE_LIST) ? 'entry' : 'done';
    } else if (this.#state === 'done') {
      throw scanner.fail('the end of the file');
    } else if (this.#state === 'first' && scanner.peek() === CLOSE_LIST) {
      scanner.at++;
      this.#state = 'done';
    } else {
      this.#entry();
      this.#state = 'separator';
    }
  }

  #entry(): void {
    const first = this.#scanner.peek();
    // After a comma too many there is no value.
    if (first === OPEN_OBJECT || first === CLOSE_LIST) {
      this.#entries.read(this.#builder.count);
      this.#builder.commit();
    } else this.#builder.add(readValue(this.#scanner, new MemoryBudget(MAX_ENTRY_BYTES)));
    this.#checkLimits();
  }

  /** Looks at an object in the place of the list, as far as it was read. */
  #foundObject(): FoundObject {
    const scanner = this.#scanner;
    const keys: string[] = [];
    let list: FoundObject['list'];
    let followed = false;
    try {
      if (!scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) return { keys, followed };
      do {
        const key = scanner.key();
        keys.push(key);
        const { at } = scanner;
        if (
          list === undefined &&
          scanner.peek() === OPEN_LIST &&
          scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list') &&
          scanner.peek() === OPEN_OBJECT
        ) {
          list = { key, scored: false };
          const first = readValue(scanner, new MemoryBudget(MAX_ENTRY_BYTES));
          list = { key, scored: Object.hasOwn(first as object, 'score') };
        }
        scanner.at = at;
        skipValue(scanner);
      } while (scanner.next(CLOSE_OBJECT));
      followed = scanner.peek() === OPEN_OBJECT;
    } catch (error) {
      // The rest was not read yet, or is damaged: what was seen must do.
      if (!(error instanceof NeedMore) && !(error instanceof CocoEvalError)) throw error;
    }
    return { keys, list, followed };
  }

  #checkLimits(): void {
    const { entries, maskBytes, maskNumbers } = this.#limits;
    const { count, fields } = this.#builder;
    const { masks } = fields;
    if (count > entries) throw tooMuch(count - 1, `at most ${entries} results`, 'is one more');
    if (masks === undefined) return;
    if (masks.bytes.length > maskBytes) throw tooMuch(count - 1, `at most ${maskBytes} bytes of mask strings`, 'goes beyond');
    if (masks.coords.length > maskNumbers) throw tooMuch(count - 1, `at most ${maskNumbers} numbers in masks`, 'goes beyond');
  }

  #located(error: unknown): unknown {
    return this.#state === 'start' || this.#state === 'done' ? error : inEntry(error, 'results', this.#builder.count);
  }
}

function tooMuch(index: number, expected: string, found: string): CocoEvalError {
  return new CocoEvalError('LIMIT', `Expected ${expected} but results[${index}] ${found}`, { list: 'results', index });
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
