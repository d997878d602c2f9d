import { CocoEvalError, describe } from '../errors.ts';
import type { Detections } from './columns.ts';
import { EntryReader } from './fields.ts';
import { IdIndex } from './ids.ts';
import { DoublePool } from './pool.ts';
import { SegmentationBuilder } from './segmentation-builder.ts';
import type { Dataset, IouType } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** What the first entry of a results file makes of all entries (coco.py, loadRes). */
export type ResultKind = 'bbox' | 'segmentation' | 'keypoints';

/** What the columns are made for. */
export interface DetectionOptions {
  readonly iouType: IouType;
  readonly keypointCount: number;
}

const reader = new EntryReader('results');

/**
 * Collects detections into columns, checking each. The fields of one entry are set first (by the JSON reader, or from an object), then `commit` ends it.
 */
export class DetectionBuilder {
  count = 0;
  kind: ResultKind | undefined;
  // Fields of the entry under way; undefined: absent.
  imageId: unknown;
  categoryId: unknown;
  score: unknown;
  /** Number of coordinates in `box`; -1: no box. */
  boxLength = -1;
  readonly box: Float64Array = new Float64Array(4);
  segmentation: unknown;
  /** Set when the entry's RLE string was appended to `masks.bytes` already; `[height, width]` are in `stringSize`. */
  hasString = false;
  readonly stringSize: [unknown, unknown] = [undefined, undefined];
  keypoints: unknown;
  hasCaption = false;

  readonly masks: SegmentationBuilder | undefined;
  #stringFrom = 0;
  readonly #imageId = new DoublePool();
  readonly #categoryId = new DoublePool();
  readonly #score = new DoublePool();
  readonly #area = new DoublePool();
  readonly #boxes = new DoublePool();
  readonly #keypoints = new DoublePool();
  readonly #options: DetectionOptions;
  readonly #dataset: Dataset;
  readonly #images: IdIndex;
  readonly #categories: IdIndex;
  readonly #warnings: WarningLog;

  constructor(dataset: Dataset, options: DetectionOptions, warnings: WarningLog) {
    this.#dataset = dataset;
    this.#options = options;
    this.#warnings = warnings;
    this.#images = new IdIndex(dataset.images.map((image) => image.id));
    this.#categories = new IdIndex(dataset.categories.map((category) => category.id));
    if (options.iouType !== 'keypoints') this.masks = new SegmentationBuilder('results');
  }

  /** Makes room for so many entries at once, where their number is known. */
  reserve(entries: number): void {
    for (const pool of [this.#imageId, this.#categoryId, this.#score, this.#area]) pool.reserve(entries);
    this.#boxes.reserve(4 * entries);
  }

  /** Makes room for so many bytes of mask strings, where they are wanted. */
  reserveMasks(bytes: number): void {
    if (this.#options.iouType === 'segm') this.masks?.bytes.reserve(bytes);
  }

  /** Starts an entry with no field set. */
  begin(): void {
    this.imageId = this.categoryId = this.score = this.segmentation = this.keypoints = undefined;
    this.boxLength = -1;
    this.hasCaption = this.hasString = false;
    this.#stringFrom = this.masks?.bytes.length ?? 0;
  }

  /** Gives up the entry under way: it will be read again from its start. */
  rollback(): void {
    this.dropString();
  }

  /** Forgets the RLE string of the entry under way. */
  dropString(): void {
    if (this.hasString && this.masks !== undefined) this.masks.bytes.length = this.#stringFrom;
    this.hasString = false;
  }

  /** Adds one parsed entry. */
  add(value: unknown): void {
    const entry = reader.object(this.count, value);
    this.begin();
    this.imageId = entry['image_id'];
    this.categoryId = entry['category_id'];
    this.score = entry['score'];
    this.hasCaption = 'caption' in entry;
    this.segmentation = entry['segmentation'] ?? undefined;
    this.setBox(entry['bbox']);
    this.keypoints = entry['keypoints'];
    this.commit();
  }

  setBox(bbox: unknown): void {
    this.boxLength = -1;
    if (bbox === undefined || bbox === null) return;
    if (!Array.isArray(bbox)) throw reader.fail(this.count, 'a list of 4 numbers for "bbox"', bbox);
    this.boxLength = bbox.length;
    if (bbox.length > 0) reader.numbers(this.count, 'bbox', bbox, this.box, 0, 4);
  }

  /** Whether an RLE string read now will be needed; unknown before the first entry has ended. */
  get wantsMasks(): boolean {
    return this.masks !== undefined && (this.kind === undefined || this.#needsMasks());
  }

  /** Ends the entry: checks it and appends it to the columns. */
  commit(): void {
    const i = this.count;
    if (i === 0 && this.hasCaption) {
      throw reader.fail(0, '"bbox", "segmentation" or "keypoints"', 'a caption', 'Captions are not scored here.');
    }
    const imageId = reader.number(i, 'image_id', this.imageId);
    const image = this.#dataset.images[this.#images.get(imageId)];
    if (image === undefined) {
      throw new CocoEvalError('BAD_INPUT', `Expected results for images of the ground truth but results[${i}] has image_id ${imageId}`, {
        list: 'results',
        index: i,
        hint: 'Do the two files belong to the same data set?',
      });
    }
    const categoryId = reader.number(i, 'category_id', this.categoryId);
    if (this.#categories.get(categoryId) < 0) {
      this.#warnings.add('unknown-category', i, 'results of categories that are not in the ground truth: not evaluated');
    }
    this.#imageId.push(imageId);
    this.#categoryId.push(categoryId);
    this.#score.push(reader.number(i, 'score', this.score));
    this.kind ??= this.#decideKind();
    if (this.kind === 'bbox') this.#commitBox(i, image.height, image.width);
    else if (this.kind === 'segmentation') this.#commitMask(i, image.height, image.width);
    else this.#commitKeypoints(i);
    this.count++;
  }

  #decideKind(): ResultKind {
    if (this.boxLength > 0) return 'bbox';
    if (this.segmentation !== undefined) return 'segmentation';
    if (this.keypoints !== undefined) return 'keypoints';
    throw reader.fail(0, '"bbox", "segmentation" or "keypoints"', undefined);
  }

  /** The first entry has a box: area is the box's, even beside a mask; without a mask the box stands for it. */
  #commitBox(i: number, height: number | undefined, width: number | undefined): void {
    if (this.boxLength !== 4)
      throw reader.fail(i, '"bbox" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    if (this.box[2]! < 0 || this.box[3]! < 0)
      this.#warnings.add('negative-result-box', i, 'results with a box of negative width or height: they overlap nothing');
    for (let k = 0; k < 4; k++) this.#boxes.push(this.box[k]!);
    this.#area.push(this.box[2]! * this.box[3]!);
    if (this.#options.iouType === 'segm') this.#addMask(i, height, width, true);
    else if (this.#options.iouType === 'keypoints') this.#addKeypoints(i);
  }

  #commitMask(i: number, height: number | undefined, width: number | undefined): void {
    if (this.segmentation === undefined && !this.hasString) {
      throw reader.fail(i, '"segmentation" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    }
    if (this.#options.iouType === 'keypoints') throw reader.fail(i, '"keypoints"', undefined);
    this.#area.push(NaN);
    // A later entry may carry its own box; NaN asks for the mask's.
    for (let k = 0; k < 4; k++) this.#boxes.push(this.boxLength === 4 ? this.box[k]! : NaN);
    this.#addMask(i, height, width, false);
  }

  #addMask(i: number, height: number | undefined, width: number | undefined, boxAllowed: boolean): void {
    if (this.hasString) this.masks!.endString(this.stringSize[0] as number, this.stringSize[1] as number, i);
    else if (this.segmentation !== undefined) this.#addSegmentation(this.masks!, i, height, width);
    else if (boxAllowed) this.masks!.box(height ?? NaN, width ?? NaN, i);
  }

  #addSegmentation(masks: SegmentationBuilder, i: number, height: number | undefined, width: number | undefined): void {
    const { shortPolygons } = masks;
    masks.add(this.segmentation, height ?? NaN, width ?? NaN, i);
    if (masks.shortPolygons > shortPolygons) {
      this.#warnings.add('short-result-polygon', i, 'results with polygons of fewer than 3 points: left out');
    }
  }

  #commitKeypoints(i: number): void {
    if (this.keypoints === undefined)
      throw reader.fail(i, '"keypoints" as in results[0]', undefined, 'All entries of a results file must be of one type.');
    if (this.#options.iouType === 'segm') throw reader.fail(i, '"segmentation"', undefined);
    if (!Array.isArray(this.keypoints)) throw reader.fail(i, 'a list for "keypoints"', this.keypoints);
    // All points count, also those that the detector marks invisible.
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    (this.keypoints as unknown[]).forEach((_, k, list) => {
      if (k % 3 !== 0) return;
      const x = reader.number(i, 'keypoints', list[k]);
      const y = reader.number(i, 'keypoints', list[k + 1]);
      [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)];
    });
    if (x1 < x0) throw reader.fail(i, 'at least one keypoint', this.keypoints);
    if (this.#options.iouType === 'keypoints') this.#addKeypoints(i);
    this.#area.push((x1 - x0) * (y1 - y0));
    for (const value of [x0, y0, x1 - x0, y1 - y0]) this.#boxes.push(value);
  }

  #addKeypoints(i: number): void {
    const { keypoints } = this;
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
      segmentation: this.masks !== undefined && this.#needsMasks() ? this.masks.build() : undefined,
      keypoints: this.#options.iouType === 'keypoints' ? this.#keypoints.view() : undefined,
      keypointCount: this.#options.keypointCount,
    };
  }

  #needsMasks(): boolean {
    return this.#options.iouType === 'segm' || this.kind === 'segmentation';
  }
}
