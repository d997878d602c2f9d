import { type EntryFields, fieldOf, isIdField } from '../coco/entry-fields.ts';
import type { SegmentationBuilder } from '../coco/segmentation-builder.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { MemoryBudget } from './memory-budget.ts';
import { CLOSE_LIST, CLOSE_OBJECT, type JsonScanner, OPEN_LIST, OPEN_OBJECT, QUOTE } from './scanner.ts';
import { skipValue } from './skip.ts';
import { readValue } from './value.ts';

/** A field that is neither number, box, polygon nor RLE string is built as a value: at most 256 MiB, then it is checked and gone. */
const MAX_VALUE_MEMORY = 2 ** 28;

/** Reads entries of annotation and results files from their bytes. Of a repeated field the last one counts, as in any JSON. */
export class EntryScanner {
  readonly #scanner: JsonScanner;
  readonly #fields: EntryFields;
  readonly #list: 'annotations' | 'results';
  readonly #memory = new MemoryBudget(MAX_VALUE_MEMORY);

  constructor(scanner: JsonScanner, fields: EntryFields, list: 'annotations' | 'results') {
    this.#scanner = scanner;
    this.#fields = fields;
    this.#list = list;
  }

  /** @param index the entry's position in its list, for errors */
  read(index: number): void {
    const scanner = this.#scanner;
    const fields = this.#fields;
    fields.begin();
    if (!scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) return;
    do {
      const key = scanner.key();
      if (key === 'bbox') this.#box();
      else if (key === 'segmentation') this.#segmentation(index);
      else {
        const field = fieldOf(key);
        if (field < 0) this.#rare(key);
        else if (isIdField(field)) fields.setId(field, scanner.atNumber() ? scanner.id() : this.#value());
        else fields.set(field, scanner.atNumber() ? scanner.number() : this.#value());
      }
    } while (scanner.next(CLOSE_OBJECT));
  }

  #rare(key: string): void {
    if (key === 'keypoints') this.#fields.keypoints = this.#value();
    else {
      this.#fields.pass(key);
      skipValue(this.#scanner);
    }
  }

  #value(): unknown {
    this.#memory.reset();
    return readValue(this.#scanner, this.#memory);
  }

  #box(): void {
    const scanner = this.#scanner;
    const fields = this.#fields;
    scanner.peek();
    const start = scanner.at;
    fields.boxLength = this.#numbers(fields.box) ? 4 : -1;
    if (fields.boxLength === 4) return;
    scanner.at = start;
    fields.bbox = this.#value();
  }

  /** A list of exactly as many finite numbers as `out` has room for; false, somewhere in it, for anything else. */
  #numbers(out: Float64Array): boolean {
    const scanner = this.#scanner;
    if (scanner.peek() !== OPEN_LIST) return false;
    scanner.at++;
    for (let i = 0; i < out.length; i++) {
      if (!scanner.atNumber()) return false;
      out[i] = scanner.number();
      if (!Number.isFinite(out[i]) || scanner.next(CLOSE_LIST) === (i + 1 === out.length)) return false;
    }
    return true;
  }

  #segmentation(index: number): void {
    const scanner = this.#scanner;
    const fields = this.#fields;
    fields.dropMask();
    const first = scanner.peek();
    if (!fields.wantsMasks) skipValue(scanner);
    else if (fields.storesMasks && first === OPEN_OBJECT) this.#rle(index);
    else if (!fields.storesMasks || first !== OPEN_LIST || !this.#polygons()) fields.segmentation = this.#value();
  }

  /** Lists of finite numbers in a list. Anything else is left where it is, to be reported. */
  #polygons(): boolean {
    const scanner = this.#scanner;
    const fields = this.#fields;
    const start = scanner.at;
    fields.stored = 'polygons';
    if (!scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list')) return true;
    do {
      if (this.#polygon(fields.masks!)) continue;
      fields.dropMask();
      scanner.at = start;
      return false;
    } while (scanner.next(CLOSE_LIST));
    return true;
  }

  #polygon(masks: SegmentationBuilder): boolean {
    const scanner = this.#scanner;
    if (scanner.peek() !== OPEN_LIST) return false;
    if (scanner.enter(OPEN_LIST, CLOSE_LIST, 'a list')) {
      do {
        if (!scanner.atNumber()) return false;
        const value = scanner.number();
        if (!Number.isFinite(value)) return false;
        masks.coords.push(value);
      } while (scanner.next(CLOSE_LIST));
    }
    masks.endPolygon();
    return true;
  }

  #rle(index: number): void {
    const scanner = this.#scanner;
    const fields = this.#fields;
    const rle: { size?: unknown; counts?: unknown } = {};
    if (scanner.enter(OPEN_OBJECT, CLOSE_OBJECT, 'an object')) {
      do {
        const key = scanner.key();
        if (key === 'size') rle.size = this.#value();
        else if (key === 'counts' && scanner.peek() === QUOTE) this.#counts(index);
        else if (key === 'counts') rle.counts = this.#value();
        else skipValue(scanner);
      } while (scanner.next(CLOSE_OBJECT));
    }
    if (fields.stored !== 'string') fields.segmentation = rle;
    else if (Array.isArray(rle.size) && rle.size.length === 2)
      [fields.stringSize[0], fields.stringSize[1]] = rle.size as [unknown, unknown];
    else throw this.#badMask(index, 'size [height, width]', rle.size);
  }

  #counts(index: number): void {
    const scanner = this.#scanner;
    const fields = this.#fields;
    const { bytes } = fields.masks!;
    scanner.range();
    fields.dropMask();
    fields.stored = 'string';
    if (scanner.ascii && !scanner.escaped) {
      bytes.append(scanner.bytes, scanner.from, scanner.to);
      return;
    }
    // Escapes are rare enough (a backslash in some masks) to go through a string.
    const text = scanner.text();
    if (!bytes.appendAscii(text)) throw this.#badMask(index, 'an RLE string of ASCII characters', text);
  }

  #badMask(index: number, expected: string, found: unknown): CocoEvalError {
    const message = `Expected ${expected} in segmentation of ${this.#list}[${index}] but received ${describe(found)}`;
    return new CocoEvalError('BAD_INPUT', message, { list: this.#list, index });
  }
}
