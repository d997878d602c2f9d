import { CocoEvalError } from '../errors.ts';
import { BoxHabits } from './box-habits.ts';
import type { Detections } from './columns.ts';
import { EntryFields, FIELD } from './entry-fields.ts';
import { EntryReader } from './fields.ts';
import { showId } from './id-keys.ts';
import { type IdIndex, indexOf } from './ids.ts';
import type { EvalParams } from './params.ts';
import { DoublePool } from './pool.ts';
import type { PreparedEvaluation } from './scheme.ts';
import { imageSide, SegmentationBuilder } from './segmentation-builder.ts';
import { throwIfQuoted, twinAdvice, twinOf } from './twins.ts';
import { comparesMasks, type EvaluationContext, type IouType } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** What the first entry of a results file makes of all entries (coco.py, loadRes). */
export type ResultKind = 'bbox' | 'segmentation' | 'keypoints';

/** What results are read for: a prepared evaluation, or the part of one that reading needs. */
export interface DetectionOptions {
  readonly dataset: EvaluationContext;
  readonly params: Pick<EvalParams, 'iouType' | 'kptOksSigmas'>;
  readonly asked: PreparedEvaluation['asked'];
  readonly warnings: WarningLog;
}

const reader = new EntryReader('results');
const ONE_KIND = 'All entries of a results file must be of one type.';

/**
 * Collects detections into columns, checking each. The fields of one entry are set first (by the JSON reader, or from an object), then `commit` ends it. Of entries
 * that nobody asks for only the ids are looked at.
 */
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
  readonly #iouType: IouType;
  readonly #keypointCount: number;
  readonly #images: IdIndex;
  readonly #categories: IdIndex;
  readonly #warnings: WarningLog;
  readonly #habits = new BoxHabits('results');

  constructor(options: DetectionOptions) {
    const { dataset, params, warnings } = options;
    this.#options = options;
    this.#iouType = params.iouType;
    this.#keypointCount = params.kptOksSigmas.length;
    this.#warnings = warnings;
    this.#images = indexOf(dataset.images);
    this.#categories = indexOf(dataset.categories);
    // Whether the first entry's mask is needed shows at its end, and until then no fault in it counts.
    const masks = params.iouType === 'keypoints' ? undefined : new SegmentationBuilder('results');
    this.fields = new EntryFields(masks, false, dataset.keys);
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
    if (comparesMasks(this.#iouType)) this.fields.masks?.bytes.reserve(bytes, shared);
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
    if (i === 0 && fields.hasCaption) {
      throw reader.fail(0, '"bbox", "segmentation" or "keypoints"', 'a caption', 'Captions are not scored here.');
    }
    const imageId = fields.number(FIELD.image_id, i, reader);
    const position = this.#images.get(imageId);
    if (position < 0) throw this.#unknownImage(i, imageId);
    const categoryId = fields.number(FIELD.category_id, i, reader);
    this.#imageId.push(imageId);
    this.#categoryId.push(categoryId);
    if (this.#options.asked(imageId, categoryId)) this.#judge(i, position, categoryId);
    else this.#pass(i);
    this.count++;
  }

  #judge(i: number, position: number, categoryId: number): void {
    const { dataset } = this.#options;
    if (this.#categories.get(categoryId) < 0) {
      throwIfQuoted(reader, i, 'category_id', dataset.keys.id(categoryId), this.#categories, dataset.keys);
      this.#warnings.add('unknown-category', i, 'results of categories that are not in the ground truth: not evaluated');
    }
    this.#checkBox(i);
    this.#score.push(this.fields.number(FIELD.score, i, reader));
    if (this.kind === undefined) this.#decideKind(i);
    if (this.kind === 'bbox') this.#commitBox(i, position);
    else if (this.kind === 'segmentation') this.#commitMask(i, position);
    else this.#commitKeypoints(i);
  }

  /** Nobody asks for the entry: places in the columns, nothing in them. */
  #pass(i: number): void {
    const { masks } = this.fields;
    this.#score.push(0);
    this.#area.push(NaN);
    for (let k = 0; k < 4; k++) this.#boxes.push(NaN);
    if (this.#iouType === 'keypoints') for (let k = 0; k < 3 * this.#keypointCount; k++) this.#keypoints.push(NaN);
    if (masks === undefined || masks.count > i) return;
    masks.rollback();
    masks.none();
  }

  #unknownImage(index: number, key: number): CocoEvalError {
    const { keys, images } = this.#options.dataset;
    const id = keys.id(key);
    const twin = twinOf(id, this.#images, keys);
    const named = typeof id === 'string' ? images.find(({ file_name: file }) => file === id) : undefined;
    const hint =
      twin !== undefined
        ? twinAdvice(twin)
        : named !== undefined
          ? `That is the "file_name" of the image with id ${showId(keys.id(named.id))}: results name images by their id.`
          : 'Do the two files belong to the same data set?';
    const message = `Expected results for images of the ground truth but results[${index}] has image_id ${showId(id)}`;
    return new CocoEvalError('BAD_INPUT', message, { list: 'results', index, hint });
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

  #decideKind(i: number): void {
    const { fields } = this;
    if (fields.boxLength === 4) this.kind = 'bbox';
    else if (fields.segmentation !== undefined && fields.segmentation !== null) this.kind = 'segmentation';
    else if (fields.keypoints !== undefined) this.kind = 'keypoints';
    else {
      const advice = fields.advice('bbox') ?? fields.advice('segmentation') ?? fields.advice('keypoints');
      throw reader.fail(i, '"bbox", "segmentation" or "keypoints"', undefined, advice);
    }
    fields.wantsMasks = this.#needsMasks();
    fields.storesMasks = true;
  }

  /** The first entry has a box: area is the box's, even beside a mask; without a mask the box stands for it. */
  #commitBox(i: number, position: number): void {
    const { box, boxLength } = this.fields;
    if (boxLength !== 4) throw reader.fail(i, '"bbox" as in results[0]', undefined, ONE_KIND);
    this.#habits.add(box, 0, this.#options.dataset.images[position]!);
    if (box[2]! < 0 || box[3]! < 0)
      this.#warnings.add('negative-result-box', i, 'results with a box of negative width or height: they overlap nothing');
    for (let k = 0; k < 4; k++) this.#boxes.push(box[k]!);
    this.#area.push(box[2]! * box[3]!);
    if (comparesMasks(this.#iouType)) this.#addMask(i, position, true);
    else if (this.#iouType === 'keypoints') this.#addKeypoints(i);
  }

  #commitMask(i: number, position: number): void {
    const { box, boxLength, stored, segmentation } = this.fields;
    if (stored === 'nothing' && (segmentation === undefined || segmentation === null)) {
      throw reader.fail(i, '"segmentation" as in results[0]', undefined, ONE_KIND);
    }
    if (this.#iouType === 'keypoints') throw reader.fail(i, '"keypoints"', undefined);
    this.#area.push(NaN);
    // A later entry may carry its own box; NaN asks for the mask's.
    for (let k = 0; k < 4; k++) this.#boxes.push(boxLength === 4 ? box[k]! : NaN);
    this.#addMask(i, position, false);
  }

  #addMask(i: number, position: number, boxAllowed: boolean): void {
    const { masks, stored, stringSize, segmentation } = this.fields;
    if (masks === undefined) return;
    const image = this.#options.dataset.images[position]!;
    const missing = stored === 'nothing' && (segmentation === undefined || segmentation === null);
    const empty = stored === 'polygons' ? masks.polygons === 0 : Array.isArray(segmentation) && segmentation.length === 0;
    if (missing || empty) {
      const instead = boxAllowed ? 'the box stands for the mask' : 'nothing overlaps them';
      if (empty) this.#warnings.add('empty-result-segmentation', i, `results with an empty "segmentation": ${instead}`);
      else
        this.#warnings.add(
          'box-as-mask',
          i,
          `results without "segmentation": ${instead}; compare boxes with iouType "bbox" (--iou-type bbox)`,
        );
      if (boxAllowed) masks.box(imageSide(image, position));
      else masks.none();
    } else if (stored === 'string') masks.endString(stringSize[0] as number, stringSize[1] as number, i);
    else if (stored === 'polygons') masks.endPolygons(imageSide(image, position));
    else masks.add(segmentation, Array.isArray(segmentation) ? imageSide(image, position) : undefined, i);
    if (masks.hasShortPolygon(i)) {
      this.#warnings.add('short-result-polygon', i, 'results with polygons of fewer than 3 points: left out');
    }
  }

  #commitKeypoints(i: number): void {
    const { keypoints } = this.fields;
    if (keypoints === undefined) throw reader.fail(i, '"keypoints" as in results[0]', undefined, ONE_KIND);
    if (comparesMasks(this.#iouType)) throw reader.fail(i, '"segmentation"', undefined);
    if (!Array.isArray(keypoints)) throw reader.fail(i, 'a list for "keypoints"', keypoints);
    if (this.#iouType === 'keypoints') this.#addKeypoints(i);
    // All points count, also those that the detector marks invisible.
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    (keypoints as unknown[]).forEach((_, k, list) => {
      if (k % 3 !== 0) return;
      const x = reader.number(i, 'keypoints', list[k]);
      const y = reader.number(i, 'keypoints', list[k + 1]);
      [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)];
    });
    if (x1 < x0) throw reader.fail(i, 'at least one keypoint', keypoints);
    this.#area.push((x1 - x0) * (y1 - y0));
    for (const value of [x0, y0, x1 - x0, y1 - y0]) this.#boxes.push(value);
  }

  #addKeypoints(i: number): void {
    const pool = this.#keypoints;
    const length = 3 * this.#keypointCount;
    pool.reserve(length);
    reader.keypoints(i, this.fields.keypoints, pool.data, pool.length, this.#keypointCount);
    pool.length += length;
  }

  build(): Detections {
    this.#habits.warn(this.#warnings);
    return {
      count: this.count,
      imageId: this.#imageId.view(),
      categoryId: this.#categoryId.view(),
      score: this.#score.view(),
      area: this.#area.view(),
      bbox: this.#boxes.view(),
      segmentation: this.#needsMasks() ? this.fields.masks?.build() : undefined,
      keypoints: this.#iouType === 'keypoints' ? this.#keypoints.view() : undefined,
      keypointCount: this.#keypointCount,
    };
  }

  #needsMasks(): boolean {
    return comparesMasks(this.#iouType) || this.kind === 'segmentation';
  }
}
