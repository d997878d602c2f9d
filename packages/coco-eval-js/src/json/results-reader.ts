import type { DetectionBuilder } from '../coco/detection-builder.ts';
import { CocoEvalError } from '../errors.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, JsonScanner, NeedMore, OPEN_LIST, OPEN_OBJECT } from './scanner.ts';
import { skipByteOrderMark } from './parse-json.ts';

/** One entry of a results file may not be longer than this: it is the only thing kept whole. */
const MAX_ENTRY_BYTES = 2 ** 26;

/**
 * Reads a results file chunk by chunk straight into columns: no string of the whole file, no object for each entry, and mask strings stay bytes.
 * Memory is that of the columns, one chunk and one entry.
 */
export class ResultsReader {
  readonly #builder: DetectionBuilder;
  readonly #scanner = new JsonScanner(new Uint8Array(0));
  #rest: Uint8Array = new Uint8Array(0);
  #state: 'start' | 'first' | 'entry' | 'separator' | 'done' = 'start';

  constructor(builder: DetectionBuilder) {
    this.#builder = builder;
  }

  /** Takes the next bytes of the file. @throws CocoEvalError `BAD_JSON` or `BAD_INPUT` naming the entry */
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
    scanner.offset += scanner.at;
    scanner.bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
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
      if (scanner.end - kept > MAX_ENTRY_BYTES) {
        throw new CocoEvalError(
          'LIMIT',
          `Expected entries of at most ${MAX_ENTRY_BYTES} bytes but results[${this.#builder.count}] is longer`,
          {
            index: this.#builder.count,
          },
        );
      }
    }
    scanner.at = kept;
    this.#rest = scanner.bytes.slice(kept);
  }

  #step(): void {
    const scanner = this.#scanner;
    if (this.#state === 'start') {
      if (scanner.offset === 0 && scanner.at === 0) skipByteOrderMark(scanner);
      if (scanner.peek() === OPEN_OBJECT) {
        throw new CocoEvalError('BAD_INPUT', 'Expected a list of results but found an object', {
          hint: 'Are annotation file and results file swapped?',
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
  }

  #field(key: string): void {
    const scanner = this.#scanner;
    const builder = this.#builder;
    if (key === 'image_id') builder.imageId = scanner.value();
    else if (key === 'category_id') builder.categoryId = scanner.value();
    else if (key === 'score') builder.score = scanner.value();
    else if (key === 'bbox') this.#box();
    else if (key === 'segmentation') this.#segmentation();
    else if (key === 'keypoints') builder.setKeypoints(scanner.value());
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
    else if (scanner.peek() === OPEN_OBJECT) this.#rle();
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
    else
      throw new CocoEvalError('BAD_INPUT', `Expected size [height, width] in segmentation of results[${builder.count}]`, {
        index: builder.count,
      });
  }

  #counts(): void {
    const scanner = this.#scanner;
    const { masks } = this.#builder;
    const start = scanner.at;
    const [from, to, escaped] = scanner.stringRange();
    this.#builder.dropString();
    this.#builder.hasString = true;
    if (!escaped) {
      masks!.bytes.append(scanner.bytes, from, to);
      return;
    }
    // Escapes are rare enough (a backslash in some masks) to go through a string.
    const end = scanner.at;
    scanner.at = start;
    const bytes = new TextEncoder().encode(scanner.string());
    masks!.bytes.append(bytes, 0, bytes.length);
    scanner.at = end;
  }

  /** A syntax error says in which entry it was met. */
  #located(error: unknown): unknown {
    if (!(error instanceof CocoEvalError) || error.index !== undefined) return error;
    const index = this.#builder.count;
    return new CocoEvalError(error.code, `${error.message}, in results[${index}]`, { index, hint: error.hint, cause: error });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
