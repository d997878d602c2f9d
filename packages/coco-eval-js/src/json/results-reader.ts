import type { DetectionBuilder } from '../coco/detection-builder.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, JsonScanner, NeedMore, OPEN_LIST, OPEN_OBJECT } from './scanner.ts';
import { skipByteOrderMark } from './parse-json.ts';

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
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes from which reading goes on: an entry of many chunks is tried each time it has doubled, not with every chunk. */
  #enough = 0;
  #state: 'start' | 'first' | 'entry' | 'separator' | 'done' = 'start';

  constructor(builder: DetectionBuilder, limits: ResultsLimits = {}) {
    this.#builder = builder;
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
      while (scanner.peek() !== -1) {
        kept = scanner.at;
        this.#step();
        kept = scanner.at;
      }
      kept = scanner.at;
    } catch (error) {
      if (!(error instanceof NeedMore)) throw this.#located(error);
      this.#builder.rollback();
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
      if (scanner.offset === 0 && scanner.at === 0) skipByteOrderMark(scanner);
      if (scanner.peek() === OPEN_OBJECT) {
        throw new CocoEvalError('BAD_INPUT', 'Expected a list of results but found an object', {
          hint: 'A results file is one JSON list, [{...}, {...}]. Are annotation file and results file swapped?',
        });
      }
      scanner.take(OPEN_LIST, 'a list of results');
      this.#state = 'first';
    } else if (this.#state === 'first' && scanner.isEmpty(CLOSE_LIST)) {
      this.#state = 'done';
    } else if (this.#state === 'separator') {
      if (scanner.peek() === COMMA) this.#state = 'entry';
      else if (scanner.peek() === CLOSE_LIST) this.#state = 'done';
      else throw scanner.fail('"," or "]"');
      scanner.at++;
    } else if (this.#state === 'done') {
      throw scanner.fail('the end of the file');
    } else {
      this.#entry();
      this.#state = 'separator';
    }
  }

  #entry(): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    builder.begin();
    scanner.take(OPEN_OBJECT, 'an object');
    if (!scanner.isEmpty(CLOSE_OBJECT)) {
      do this.#field(scanner.key());
      while (scanner.next(CLOSE_OBJECT));
    }
    builder.commit();
    this.#checkLimits();
  }

  #checkLimits(): void {
    const { entries, maskBytes, maskNumbers } = this.#limits;
    const { count, masks } = this.#builder;
    if (count > entries) throw tooMuch(count - 1, `at most ${entries} results`, 'is one more');
    if (masks === undefined) return;
    if (masks.bytes.length > maskBytes) throw tooMuch(count - 1, `at most ${maskBytes} bytes of mask strings`, 'goes beyond');
    if (masks.coords.length > maskNumbers) throw tooMuch(count - 1, `at most ${maskNumbers} numbers in masks`, 'goes beyond');
  }

  #field(key: string): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    if (key === 'image_id') builder.imageId = scanner.value();
    else if (key === 'category_id') builder.categoryId = scanner.value();
    else if (key === 'score') builder.score = scanner.value();
    else if (key === 'bbox') this.#box();
    else if (key === 'segmentation') this.#segmentation();
    else if (key === 'keypoints') builder.keypoints = scanner.value();
    else {
      if (key === 'caption') builder.hasCaption = true;
      scanner.skip();
    }
  }

  #box(): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    if (scanner.peek() !== OPEN_LIST) {
      builder.setBox(scanner.value());
      return;
    }
    const from = scanner.at++;
    for (let i = 0; i < 4; i++) {
      const first = scanner.peek();
      // A quoted, nested or missing number: let the general path find the words for it.
      if (!((first >= 48 && first <= 57) || first === 0x2d || first === 0x4e || first === 0x49)) break;
      const value = scanner.number();
      if (!Number.isFinite(value)) break;
      builder.box[i] = value;
      const last = scanner.peek() === CLOSE_LIST;
      if (last && i === 3) {
        scanner.at++;
        builder.boxLength = 4;
        return;
      }
      if (last || !scanner.next(CLOSE_LIST)) break;
    }
    scanner.at = from;
    builder.setBox(scanner.value());
  }

  #segmentation(): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    builder.dropString();
    if (!builder.wantsMasks) scanner.skip();
    // Whether the first entry's mask is needed shows at its end, and until then no fault in it counts.
    else if (builder.kind !== undefined && scanner.peek() === OPEN_OBJECT) this.#rle();
    else builder.segmentation = scanner.value() ?? undefined;
  }

  #rle(): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    const rle: { size?: unknown; counts?: unknown } = {};
    scanner.at++;
    if (!scanner.isEmpty(CLOSE_OBJECT)) {
      do {
        const key = scanner.key();
        if (key === 'size') rle.size = scanner.value();
        else if (key === 'counts' && scanner.peek() === 0x22) this.#counts();
        else if (key === 'counts') rle.counts = scanner.value();
        else scanner.skip();
      } while (scanner.next(CLOSE_OBJECT));
    }
    if (!builder.hasString) builder.segmentation = rle;
    else if (Array.isArray(rle.size) && rle.size.length === 2)
      [builder.stringSize[0], builder.stringSize[1]] = rle.size as [unknown, unknown];
    else throw this.#badMask('size [height, width]', rle.size);
  }

  #counts(): void {
    const scanner = this.#scanner;
    const { masks } = this.#builder;
    const start = scanner.at;
    const [from, to, escaped] = scanner.stringRange();
    this.#builder.dropString();
    this.#builder.hasString = true;
    if (!escaped) {
      if (!isAscii(scanner.bytes, from, to)) {
        throw this.#badMask('an RLE string of ASCII characters', new TextDecoder().decode(scanner.bytes.subarray(from, to)));
      }
      masks!.bytes.append(scanner.bytes, from, to);
      return;
    }
    // Escapes are rare enough (a backslash in some masks) to go through a string.
    const end = scanner.at;
    scanner.at = start;
    const text = scanner.string();
    const bytes = new TextEncoder().encode(text);
    if (!isAscii(bytes, 0, bytes.length)) throw this.#badMask('an RLE string of ASCII characters', text);
    masks!.bytes.append(bytes, 0, bytes.length);
    scanner.at = end;
  }

  #badMask(expected: string, found: unknown): CocoEvalError {
    const index = this.#builder.count;
    const message = `Expected ${expected} in segmentation of results[${index}] but received ${describe(found)}`;
    return new CocoEvalError('BAD_INPUT', message, { list: 'results', index });
  }

  /** A syntax error inside the list says in which entry it was met. */
  #located(error: unknown): unknown {
    if (!(error instanceof CocoEvalError) || error.index !== undefined) return error;
    if (this.#state === 'start' || this.#state === 'done') return error;
    const index = this.#builder.count;
    return new CocoEvalError(error.code, `${error.message}, in results[${index}]`, {
      list: 'results',
      index,
      hint: error.hint,
      cause: error,
    });
  }
}

function tooMuch(index: number, expected: string, found: string): CocoEvalError {
  return new CocoEvalError('LIMIT', `Expected ${expected} but results[${index}] ${found}`, { list: 'results', index });
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  let bits = 0;
  for (let i = from; i < to; i++) bits |= bytes[i]!;
  return bits < 0x80;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
