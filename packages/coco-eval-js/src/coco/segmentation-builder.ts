import { CocoEvalError, describe } from '../errors.ts';
import { rleTextAdvice } from '../mask/rle-advice.ts';
import type { RleObject } from '../mask/types.ts';
import { SEGMENTATION_KIND, type SegmentationColumns } from '../mask/columns.ts';
import { BytePool, DoublePool } from './pool.ts';
import type { ImageInfo } from './types.ts';

/** Sides beyond 2^16 are no image; the product is checked against the mask limit when the mask is made. */
const MAX_SIDE = 2 ** 16;

/** All polygon coordinates and plain run lengths together: 2 GiB. */
const MAX_NUMBERS = 2 ** 28;
/** All polygons: empty ones hold no numbers, but are kept, too. */
const MAX_PARTS = 2 ** 26;
const NO_MASK = 'Files of boxes are compared with iouType "bbox" (--iou-type bbox).';

/** Size of a mask in pixels. */
export type Side = readonly [height: number, width: number];

/** Collects segmentations entry by entry; every entry ends with exactly one call of `add`, `box`, `none`, `endPolygons` or `endString`. */
export class SegmentationBuilder {
  readonly #kind = new BytePool();
  readonly #size = new DoublePool();
  readonly #partStart = new DoublePool();
  readonly #coordStart = new DoublePool(MAX_PARTS);
  readonly coords: DoublePool = new DoublePool(MAX_NUMBERS);
  readonly #byteStart = new DoublePool();
  readonly bytes: BytePool = new BytePool();
  /** Lengths at the start of the entry under way. */
  readonly #marked = { bytes: 0, coords: 0, parts: 1 };

  readonly #list: string;

  /** @param list what errors call the list of entries */
  constructor(list: 'annotations' | 'results') {
    this.#list = list;
    this.#partStart.push(0);
    this.#coordStart.push(0);
    this.#byteStart.push(0);
  }

  /**
   * The parsed JSON value of a `segmentation` field.
   *
   * @param side of the image, which polygons lie in; undefined: told later, by `place`
   */
  add(value: unknown, side: Side | undefined, index: number): void {
    if (Array.isArray(value)) this.#polygons(value, side, index);
    else if (typeof value === 'object' && value !== null) this.#rle(value, index);
    else throw this.#bad(index, 'polygons or { size, counts }', value, NO_MASK);
  }

  /** Number of entries that have ended. */
  get count(): number {
    return this.#kind.length;
  }

  /** Polygons since the entry under way began. */
  get polygons(): number {
    return this.#coordStart.length - this.#marked.parts;
  }

  #polygons(parts: readonly unknown[], side: Side | undefined, index: number): void {
    for (const part of parts) {
      if (!Array.isArray(part)) throw this.#bad(index, 'a list of polygons, each [x1, y1, x2, y2, ...]', part);
      for (const c of part as readonly unknown[]) {
        if (typeof c !== 'number' || !Number.isFinite(c)) throw this.#bad(index, 'finite polygon coordinates', c);
        this.coords.push(c);
      }
      this.endPolygon();
    }
    this.endPolygons(side);
  }

  /** The numbers pushed to `coords` since the last part are a polygon. */
  endPolygon(): void {
    this.#coordStart.push(this.coords.length);
  }

  /** The polygons since the last entry are its mask. */
  endPolygons(side: Side | undefined): void {
    this.#end(SEGMENTATION_KIND.polygons, side?.[0] ?? 0, side?.[1] ?? 0);
  }

  /** Whether entry `i` lies in its image, whose size must be told by `place`. */
  needsPlace(i: number): boolean {
    return this.#kind.data[i] === SEGMENTATION_KIND.polygons;
  }

  /** Tells the image's size of entry `i`. */
  place(i: number, [height, width]: Side): void {
    this.#size.data[2 * i] = height;
    this.#size.data[2 * i + 1] = width;
  }

  /** Whether entry `i` has a polygon of fewer than 3 points, which covers nothing. */
  hasShortPolygon(i: number): boolean {
    if (this.#kind.data[i] !== SEGMENTATION_KIND.polygons) return false;
    const start = this.#coordStart.data;
    for (let p = this.#partStart.data[i]!; p < this.#partStart.data[i + 1]!; p++) if (start[p + 1]! - start[p]! < 6) return true;
    return false;
  }

  /** Forgets entry `i`. */
  clear(i: number): void {
    this.#kind.data[i] = SEGMENTATION_KIND.none;
    this.#size.data.fill(0, 2 * i, 2 * i + 2);
  }

  #rle({ size, counts }: Partial<RleObject>, index: number): void {
    if (!Array.isArray(size) || size.length !== 2) throw this.#bad(index, 'size [height, width]', size);
    const [height, width] = size as unknown as [number, number];
    this.#checkSide(height, width, index);
    if (typeof counts === 'string') {
      if (!this.bytes.appendAscii(counts)) throw this.#bad(index, 'an RLE string of ASCII characters', counts, rleTextAdvice(counts));
      this.#end(SEGMENTATION_KIND.string, height, width);
    } else if (Array.isArray(counts)) {
      for (const c of counts as readonly unknown[]) {
        if (typeof c !== 'number' || !Number.isInteger(c) || c < 0) throw this.#bad(index, 'run lengths of whole numbers >= 0', c);
        this.coords.push(c);
      }
      this.#coordStart.push(this.coords.length);
      this.#end(SEGMENTATION_KIND.counts, height, width);
    } else {
      throw this.#bad(index, 'counts (a string or a list)', counts);
    }
  }

  /** The bytes appended to `bytes` since the last entry are its compressed string. */
  endString(height: number, width: number, index: number): void {
    this.#checkSide(height, width, index);
    this.#end(SEGMENTATION_KIND.string, height, width);
  }

  /** The entry's bbox stands for its mask. */
  box([height, width]: Side): void {
    this.#end(SEGMENTATION_KIND.box, height, width);
  }

  none(): void {
    this.#end(SEGMENTATION_KIND.none, 0, 0);
  }

  #end(kind: number, height: number, width: number): void {
    this.#kind.push(kind);
    this.#size.push(height);
    this.#size.push(width);
    this.#partStart.push(this.#coordStart.length - 1);
    this.#byteStart.push(this.bytes.length);
  }

  /** Starts an entry. */
  mark(): void {
    const marked = this.#marked;
    marked.bytes = this.bytes.length;
    marked.coords = this.coords.length;
    marked.parts = this.#coordStart.length;
  }

  /** Forgets what was appended since `mark`; the entry has not ended. */
  rollback(): void {
    const { bytes, coords, parts } = this.#marked;
    this.bytes.length = bytes;
    this.coords.length = coords;
    this.#coordStart.length = parts;
  }

  build(): SegmentationColumns {
    return {
      kind: this.#kind.view(),
      size: Int32Array.from(this.#size.view()),
      partStart: Uint32Array.from(this.#partStart.view()),
      coordStart: Uint32Array.from(this.#coordStart.view()),
      coords: this.coords.view(),
      byteStart: Uint32Array.from(this.#byteStart.view()),
      bytes: this.bytes.view(),
    };
  }

  #checkSide(height: unknown, width: unknown, index: number): void {
    for (const side of [height, width]) {
      if (isSide(side)) continue;
      const message = `Expected "size" [height, width] of whole numbers from 0 to ${MAX_SIDE} in segmentation of ${this.#list}[${index}] but received ${describe(side)}`;
      throw new CocoEvalError('BAD_INPUT', message, { list: this.#list, index });
    }
  }

  #bad(index: number, expected: string, found: unknown, hint?: string): CocoEvalError {
    const message = `Expected ${expected} in segmentation of ${this.#list}[${index}] but received ${describe(found)}`;
    return new CocoEvalError('BAD_INPUT', message, { list: this.#list, index, hint });
  }
}

function isSide(side: unknown): side is number {
  return typeof side === 'number' && Number.isInteger(side) && side >= 0 && side <= MAX_SIDE;
}

/** The size of an image in which a polygon or box is drawn. @param index position of the image in its list */
export function imageSide(image: Pick<ImageInfo, 'height' | 'width'>, index: number): Side {
  const { height, width } = image;
  if (isSide(height) && isSide(width)) return [height, width];
  const [name, found] = isSide(height) ? ['width', width] : ['height', height];
  const message = `Expected a whole number from 0 to ${MAX_SIDE} for "${name}" in images[${index}] but received ${describe(found)}`;
  throw new CocoEvalError('BAD_INPUT', message, {
    list: 'images',
    index,
    hint: 'Polygons, and boxes that stand for masks, need the size of their image.',
  });
}
