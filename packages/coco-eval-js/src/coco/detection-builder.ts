import { CocoEvalError, describe } from '../errors.ts';
import type { Detections } from './columns.ts';
import { EntryFields, FIELD } from './entry-fields.ts';
import { EntryReader } from './fields.ts';
import { type IdIndex, indexOf } from './ids.ts';
import { DoublePool } from './pool.ts';
import { SegmentationBuilder } from './segmentation-builder.ts';
import type { Dataset, ImageInfo, IouType } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** What the first entry of a results file makes of all entries (coco.py, loadRes). */
export type ResultKind = 'bbox' | 'segmentation' | 'keypoints';

/** What the columns are made for. */
export interface DetectionOptions {
  readonly iouType: IouType;
  readonly keypointCount: number;
}

const reader = new EntryReader('results');

/** Collects detections into columns, checking each. The fields of one entry are set first (by the JSON reader, or from an object), then `commit` ends it. */
export class DetectionBuilder {
  count = 0;
  kind: ResultKind | undefined;
  readonly fields: EntryFields;
  readonly #imageId = new DoublePool();
  readonly #categoryId = new DoublePool();
  readonly #score = new DoublePool();
  readonly #area = new DoublePool();
  readonly #boxes = new DoublePool();
  readonly #keypoints = new DoublePool();
  readonly #options: DetectionOptions;
  readonly #known: readonly ImageInfo[];
  readonly #images: IdIndex;
  readonly #categories: IdIndex;
  readonly #warnings: WarningLog;

  constructor({ images, categories }: Pick<Dataset, 'images' | 'categories'>, options: DetectionOptions, warnings: WarningLog) {
    this.#known = images;
    this.#options = options;
    this.#warnings = warnings;
    this.#images = indexOf(images);
    this.#categories = indexOf(categories);
    // Whether the first entry's mask is needed shows at its end, and until then no fault in it counts.
    this.fields = new EntryFields(options.iouType === 'keypoints' ? undefined : new SegmentationBuilder('results'), false);
  }

  /** Makes room for so many entries at once, where their number is known. */
  reserve(entries: number): void {
    for (const pool of [this.#imageId, this.#categoryId, this.#score, this.#area]) pool.reserve(entries);
    this.#boxes.reserve(4 * entries);
  }

  /**
   * Makes room for so many bytes of mask strings, where they are wanted.
   *
   * @param shared whether the bytes are to lie in memory that threads share
   */
  reserveMasks(bytes: number, shared: boolean): void {
    if (this.#options.iouType === 'segm') this.fields.masks?.bytes.reserve(bytes, shared);
  }

  /** Adds one parsed entry. */
  add(value: unknown): void {
    this.fields.take(reader.object(this.count, value));
    this.commit();
  }

  /** Ends the entry: checks it and appends it to the columns. */
  commit(): void {
    const i = this.count;
    const { fields } = this;
    this.#checkBox(i);
    if (i === 0 && fields.hasCaption) {
      throw reader.fail(0, '"bbox", "segmentation" or "keypoints"', 'a caption', 'Captions are not scored here.');
    }
    const imageId = fields.number(FIELD.image_id, i, reader);
    const image = this.#known[this.#images.get(imageId)];
    if (image === undefined) {
      throw new CocoEvalError('BAD_INPUT', `Expected results for images of the ground truth but results[${i}] has image_id ${imageId}`, {
        list: 'results',
        index: i,
        hint: 'Do the two files belong to the same data set?',
      });
    }
    const categoryId = fields.number(FIELD.category_id, i, reader);
    if (this.#categories.get(categoryId) < 0) {
      this.#warnings.add('unknown-category', i, 'results of categories that are not in the ground truth: not evaluated');
    }
    this.#imageId.push(imageId);
    this.#categoryId.push(categoryId);
    this.#score.push(fields.number(FIELD.score, i, reader));
    if (this.kind === undefined) this.#decideKind();
    if (this.kind === 'bbox') this.#commitBox(i, image);
    else if (this.kind === 'segmentation') this.#commitMask(i, image);
    else this.#commitKeypoints(i);
    this.count++;
  }

  /** A box that was not read as four numbers; an empty list is none. */
  #checkBox(i: number): void {
    const { fields } = this;
    const { bbox } = fields;
    if (fields.boxLength === 4 || bbox === undefined || bbox === null) return;
    if (Array.isArray(bbox) && bbox.length === 0) return;
    if (!Array.isArray(bbox)) throw reader.fail(i, 'a list of 4 numbers for "bbox"', bbox);
    reader.numbers(i, 'bbox', bbox, fields.box, 0, 4);
    fields.boxLength = 4;
  }

  #decideKind(): void {
    const { fields } = this;
    if (fields.boxLength === 4) this.kind = 'bbox';
    else if (fields.segmentation !== undefined && fields.segmentation !== null) this.kind = 'segmentation';
    else if (fields.keypoints !== undefined) this.kind = 'keypoints';
    else throw reader.fail(0, '"bbox", "segmentation" or "keypoints"', undefined);
    fields.wantsMasks = this.#needsMasks();
    fields.storesMasks = true;
  }

  /** The first entry has a box: area is the box's, even beside a mask; without a mask the box stands for it. */
  #commitBox(i: number, image: ImageInfo): void {
    const { box, boxLength } = this.fields;
    if (boxLength !== 4) throw reader.fail(i, '"bbox" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    if (box[2]! < 0 || box[3]! < 0)
      this.#warnings.add('negative-result-box', i, 'results with a box of negative width or height: they overlap nothing');
    for (let k = 0; k < 4; k++) this.#boxes.push(box[k]!);
    this.#area.push(box[2]! * box[3]!);
    if (this.#options.iouType === 'segm') this.#addMask(i, image, true);
    else if (this.#options.iouType === 'keypoints') this.#addKeypoints(i);
  }

  #commitMask(i: number, image: ImageInfo): void {
    const { box, boxLength, stored, segmentation } = this.fields;
    if (stored === 'nothing' && (segmentation === undefined || segmentation === null)) {
      throw reader.fail(i, '"segmentation" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    }
    if (this.#options.iouType === 'keypoints') throw reader.fail(i, '"keypoints"', undefined);
    this.#area.push(NaN);
    // A later entry may carry its own box; NaN asks for the mask's.
    for (let k = 0; k < 4; k++) this.#boxes.push(boxLength === 4 ? box[k]! : NaN);
    this.#addMask(i, image, false);
  }

  #addMask(i: number, { height = NaN, width = NaN }: ImageInfo, boxAllowed: boolean): void {
    const { masks, stored, stringSize, segmentation } = this.fields;
    if (masks === undefined) return;
    if (stored === 'string') masks.endString(stringSize[0] as number, stringSize[1] as number, i);
    else if (stored === 'polygons') masks.endPolygons([height, width], i);
    else if (segmentation !== undefined && segmentation !== null) masks.add(segmentation, [height, width], i);
    else if (boxAllowed) masks.box(height, width, i);
    if (masks.hasShortPolygon(i)) {
      this.#warnings.add('short-result-polygon', i, 'results with polygons of fewer than 3 points: left out');
    }
  }

  #commitKeypoints(i: number): void {
    const { keypoints } = this.fields;
    if (keypoints === undefined)
      throw reader.fail(i, '"keypoints" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    if (this.#options.iouType === 'segm') throw reader.fail(i, '"segmentation"', undefined);
    if (!Array.isArray(keypoints)) throw reader.fail(i, 'a list for "keypoints"', keypoints);
    // All points count, also those that the detector marks invisible.
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    (keypoints as unknown[]).forEach((_, k, list) => {
      if (k % 3 !== 0) return;
      const x = reader.number(i, 'keypoints', list[k]);
      const y = reader.number(i, 'keypoints', list[k + 1]);
      [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)];
    });
    if (x1 < x0) throw reader.fail(i, 'at least one keypoint', keypoints);
    if (this.#options.iouType === 'keypoints') this.#addKeypoints(i);
    this.#area.push((x1 - x0) * (y1 - y0));
    for (const value of [x0, y0, x1 - x0, y1 - y0]) this.#boxes.push(value);
  }

  #addKeypoints(i: number): void {
    const { keypoints } = this.fields;
    const length = 3 * this.#options.keypointCount;
    if (!Array.isArray(keypoints) || keypoints.length !== length)
      throw reader.fail(i, `a list of ${length} numbers for "keypoints"`, keypoints);
    for (const value of keypoints as unknown[]) {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw reader.fail(i, 'finite numbers for "keypoints"', describe(value));
      }
      this.#keypoints.push(value);
    }
  }

  build(): Detections {
    return {
      count: this.count,
      imageId: this.#imageId.view(),
      categoryId: this.#categoryId.view(),
      score: this.#score.view(),
      area: this.#area.view(),
      bbox: this.#boxes.view(),
      segmentation: this.#needsMasks() ? this.fields.masks?.build() : undefined,
      keypoints: this.#options.iouType === 'keypoints' ? this.#keypoints.view() : undefined,
      keypointCount: this.#options.keypointCount,
    };
  }

  #needsMasks(): boolean {
    return this.#options.iouType === 'segm' || this.kind === 'segmentation';
  }
}
