import type { EntryReader } from './fields.ts';
import { type IdKeys, isExact } from './id-keys.ts';
import { meaningOf, renameAdvice } from './misnomers.ts';
import type { SegmentationBuilder } from './segmentation-builder.ts';

/** Fields that hold one number, and their places in `EntryFields.numbers`: ids first. */
export const FIELD = { id: 0, image_id: 1, category_id: 2, score: 3, area: 4, iscrowd: 5, ignore: 6, num_keypoints: 7 } as const;

/** Whether a field holds an id. */
export function isIdField(field: number): boolean {
  return field <= FIELD.category_id;
}

/** Their names by place. */
const FIELD_NAMES: readonly string[] = Object.keys(FIELD);

/**
 * The entry under way of an annotation or results file: what its JSON says, to be checked by a builder when it ends. One class for both kinds of entries, so
 * that the code that fills it is compiled once.
 */
export class EntryFields {
  /** Ids as their keys. NaN where the field is absent, or is not what it should be: then `others` has what was found. */
  readonly numbers: Float64Array = new Float64Array(FIELD_NAMES.length).fill(NaN);
  #others: unknown[] | undefined;
  /** Number of coordinates in `box`: 4, or -1 when `bbox` holds what was found instead. */
  boxLength = -1;
  readonly box: Float64Array = new Float64Array(4);
  bbox: unknown;
  segmentation: unknown;
  /** What was appended to `masks` already: nothing, polygons, or an RLE string with `[height, width]` in `stringSize`. */
  stored: 'nothing' | 'polygons' | 'string' = 'nothing';
  readonly stringSize: [unknown, unknown] = [undefined, undefined];
  keypoints: unknown;
  hasCaption = false;

  /** Where masks go; absent: they are not wanted. */
  readonly masks: SegmentationBuilder | undefined;
  /** Whether masks are wanted, as far as it is known. */
  wantsMasks: boolean;
  /** Whether polygons and RLE strings go to `masks` at once, before it is known that the entry is good. */
  storesMasks: boolean;

  /** Keys of other formats that were met in the entry. */
  #foreign: string[] | undefined;
  /** The entry, where it was parsed before. */
  #entry: object | undefined;
  readonly #keys: IdKeys;

  constructor(masks: SegmentationBuilder | undefined, storesMasks: boolean, keys: IdKeys) {
    this.masks = masks;
    this.#keys = keys;
    this.wantsMasks = masks !== undefined;
    this.storesMasks = storesMasks;
  }

  /** Starts an entry with no field set. */
  begin(): void {
    const { numbers } = this;
    for (let i = 0; i < numbers.length; i++) numbers[i] = NaN;
    this.#others = this.#foreign = this.#entry = this.bbox = this.segmentation = this.keypoints = undefined;
    this.boxLength = -1;
    this.hasCaption = false;
    this.stored = 'nothing';
    this.masks?.mark();
  }

  /** Sets a field that should hold one number. */
  set(field: number, value: unknown): void {
    if (typeof value === 'number' && Number.isFinite(value)) this.numbers[field] = value;
    else if (value !== undefined) this.#setOther(field, value);
  }

  /** Sets a field that holds an id. */
  setId(field: number, value: unknown): void {
    if (Number.isSafeInteger(value) || (typeof value === 'number' && isExact(value))) this.numbers[field] = value as number;
    else if (typeof value === 'string' || typeof value === 'bigint') this.numbers[field] = this.#keys.key(value);
    else if (value !== undefined) this.#setOther(field, value);
  }

  /** Notes a key that is none of the fields. */
  pass(key: string): void {
    if (key === 'caption') this.hasCaption = true;
    else if (meaningOf(key) !== undefined) (this.#foreign ??= []).push(key);
  }

  #setOther(field: number, value: unknown): void {
    this.numbers[field] = NaN;
    this.#others ??= [];
    this.#others[field] = value;
  }

  /** A numeric field as it was found; undefined where it is absent. */
  get(field: number): unknown {
    const value = this.numbers[field]!;
    return Number.isNaN(value) ? this.#others?.[field] : value;
  }

  /** A number (of an id, its key) that must be there. @throws CocoEvalError `BAD_INPUT` naming the entry */
  number(field: number, index: number, reader: EntryReader): number {
    const value = this.numbers[field]!;
    if (!Number.isNaN(value)) return value;
    const name = FIELD_NAMES[field]!;
    const found = this.get(field);
    const advice = this.advice(name);
    if (found === undefined && advice !== undefined) throw reader.fail(index, `"${name}"`, found, advice);
    return isIdField(field) ? this.#keys.key(reader.id(index, name, found)) : reader.number(index, name, found);
  }

  /** What to do about a field that is missing, where another key seems to be it. */
  advice(name: string): string | undefined {
    return renameAdvice(name, this.#foreign ?? Object.keys(this.#entry ?? {}));
  }

  /** Forgets the mask of the entry under way. */
  dropMask(): void {
    if (this.stored !== 'nothing') this.masks?.rollback();
    this.stored = 'nothing';
    this.segmentation = undefined;
  }

  /** Takes the fields of a parsed entry. */
  take(entry: Readonly<Record<string, unknown>>): void {
    this.begin();
    // Written out: names that are looked up by a variable take several times as long.
    this.setId(FIELD.id, entry['id']);
    this.setId(FIELD.image_id, entry['image_id']);
    this.setId(FIELD.category_id, entry['category_id']);
    this.set(FIELD.score, entry['score']);
    this.set(FIELD.area, entry['area']);
    this.set(FIELD.iscrowd, entry['iscrowd']);
    this.set(FIELD.ignore, entry['ignore']);
    this.set(FIELD.num_keypoints, entry['num_keypoints']);
    this.bbox = entry['bbox'];
    this.segmentation = entry['segmentation'];
    this.keypoints = entry['keypoints'];
    this.hasCaption = 'caption' in entry;
    this.#entry = entry;
  }
}

/** Place of a field that holds one number; -1 for other keys. */
export function fieldOf(key: string): number {
  if (key === 'image_id') return FIELD.image_id;
  if (key === 'category_id') return FIELD.category_id;
  if (key === 'score') return FIELD.score;
  if (key === 'area') return FIELD.area;
  if (key === 'id') return FIELD.id;
  if (key === 'iscrowd') return FIELD.iscrowd;
  if (key === 'ignore') return FIELD.ignore;
  return key === 'num_keypoints' ? FIELD.num_keypoints : -1;
}
