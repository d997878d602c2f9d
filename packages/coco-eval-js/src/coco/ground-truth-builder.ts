import { FIXED } from './advice.ts';
import { AnnotationColumns, type GroundTruthOptions } from './annotation-columns.ts';
import { BoxHabits } from './box-habits.ts';
import type { GroundTruth } from './columns.ts';
import { contextOf } from './dataset.ts';
import { EntryFields, FIELD } from './entry-fields.ts';
import { Faults } from './faults.ts';
import { EntryReader } from './fields.ts';
import type { IdKeys } from './id-keys.ts';
import { type IdIndex, indexOf } from './ids.ts';
import { BytePool, DoublePool } from './pool.ts';
import { imageSide, SegmentationBuilder } from './segmentation-builder.ts';
import { throwIfQuoted } from './twins.ts';
import { comparesMasks, type Dataset, type EvaluationContext } from './types.ts';
import { WarningLog } from './warnings.ts';

const reader = new EntryReader('annotations');
const EMPTY_MASK =
  'annotations without a mask ("segmentation": []): nothing overlaps them; compare boxes with iouType "bbox" (--iou-type bbox)';

/**
 * Collects annotations into columns, checking each: the fields of one entry are set first (by the JSON reader, or from an object), then `commit` ends it.
 * Fields that the reference demands and old files lack are filled in with a warning: `iscrowd` 0, `area` from the box or mask, `num_keypoints` from the
 * visibility flags. A fault in what is compared is kept in `faults`: it counts when the annotation's image and category are evaluated.
 */
export class GroundTruthBuilder {
  count = 0;
  readonly fields: EntryFields;
  readonly faults: Faults = new Faults();
  /** Images of the file, where they are known already: the mask of any other image is not looked at. */
  images: IdIndex | undefined;
  readonly #id = new DoublePool();
  readonly #imageId = new DoublePool();
  readonly #categoryId = new DoublePool();
  readonly #area = new DoublePool();
  readonly #crowd = new BytePool();
  readonly #ignore = new BytePool();
  readonly #boxes: DoublePool | undefined;
  readonly #keypoints: DoublePool | undefined;
  readonly #options: GroundTruthOptions;
  readonly #warnings: WarningLog;
  readonly #keys: IdKeys;

  constructor(options: GroundTruthOptions, keys: IdKeys, warnings: WarningLog) {
    const { iouType } = options;
    this.#options = options;
    this.#keys = keys;
    this.#warnings = warnings;
    this.fields = new EntryFields(comparesMasks(iouType) ? new SegmentationBuilder('annotations') : undefined, true, keys);
    this.#boxes = comparesMasks(iouType) ? undefined : new DoublePool();
    this.#keypoints = iouType === 'keypoints' ? new DoublePool() : undefined;
  }

  /** Makes room for so many annotations at once, where their number is known. */
  reserve(annotations: number): void {
    for (const pool of [this.#id, this.#imageId, this.#categoryId, this.#area, this.#crowd, this.#ignore]) pool.reserve(annotations);
    this.#boxes?.reserve(4 * annotations);
  }

  /** Adds one parsed annotation. */
  add(value: unknown): void {
    this.fields.take(reader.object(this.count, value));
    this.commit();
  }

  /** Ends the annotation: checks it and appends it to the columns. @throws CocoEvalError `BAD_INPUT` for ids that are none, `LIMIT` */
  commit(): void {
    const i = this.count;
    const { fields } = this;
    this.#id.push(fields.number(FIELD.id, i, reader));
    this.#imageId.push(fields.number(FIELD.image_id, i, reader));
    this.#categoryId.push(fields.number(FIELD.category_id, i, reader));
    try {
      if (this.#boxes !== undefined) this.#commitBox(i, this.#boxes);
      if (fields.masks !== undefined) this.#commitMask(i, fields.masks);
      if (this.#keypoints !== undefined) this.#commitKeypoints(i, this.#keypoints);
      this.#commitFlags(i);
      this.#commitArea(i);
    } catch (error) {
      this.faults.add(i, error);
      this.#fill(i + 1);
    }
    this.count++;
  }

  /** Brings all columns to so many entries. */
  #fill(count: number): void {
    for (const pool of [this.#area, this.#crowd, this.#ignore]) while (pool.length < count) pool.push(0);
    if (this.#boxes !== undefined) while (this.#boxes.length < 4 * count) this.#boxes.push(NaN);
    const { keypointCount } = this.#options;
    if (this.#keypoints !== undefined) while (this.#keypoints.length < 3 * keypointCount * count) this.#keypoints.push(0);
    const { masks } = this.fields;
    if (masks === undefined || masks.count === count) return;
    masks.rollback();
    masks.none();
  }

  #commitBox(i: number, boxes: DoublePool): void {
    const { box, boxLength, bbox } = this.fields;
    if (boxLength !== 4) {
      const advice = bbox === undefined ? this.fields.advice('bbox') : undefined;
      if (advice !== undefined) throw reader.fail(i, '"bbox"', bbox, advice);
      reader.numbers(i, 'bbox', bbox, box, 0, 4);
    }
    for (let k = 0; k < 4; k++) boxes.push(box[k]!);
    if (box[2]! < 0 || box[3]! < 0) {
      this.#warnings.add('negative-box', i, 'annotations with a box of negative width or height: nothing overlaps them');
    }
  }

  #commitMask(i: number, masks: SegmentationBuilder): void {
    const { stored, stringSize, segmentation, numbers } = this.fields;
    if (this.images !== undefined && this.images.get(numbers[FIELD.image_id]!) < 0) {
      masks.rollback();
      masks.none();
    } else if (stored === 'string') masks.endString(stringSize[0] as number, stringSize[1] as number, i);
    else if (isEmptyList(segmentation) || (stored === 'polygons' && masks.polygons === 0)) {
      masks.none();
      this.#warnings.add('empty-segmentation', i, EMPTY_MASK);
    } else if (stored === 'polygons') masks.endPolygons(undefined);
    else masks.add(segmentation, undefined, i);
  }

  #commitKeypoints(i: number, keypoints: DoublePool): void {
    const { keypointCount } = this.#options;
    const { keypoints: found } = this.fields;
    const length = 3 * keypointCount;
    keypoints.reserve(length);
    // Without labeled points the list is not looked at: such an object is ignored.
    const none = found === undefined || found === null || isEmptyList(found);
    if (none && this.fields.get(FIELD.num_keypoints) === 0) keypoints.data.fill(0, keypoints.length, keypoints.length + length);
    else reader.keypoints(i, found, keypoints.data, keypoints.length, keypointCount);
    keypoints.length += length;
  }

  #commitFlags(i: number): void {
    const { fields } = this;
    const { scheme, mode } = this.#options;
    const marked = reader.flag(i, 'ignore', fields.get(FIELD.ignore));
    if (scheme === 'lvis') {
      this.#crowd.push(0);
      this.#ignore.push(Number(marked));
      return;
    }
    const iscrowd = fields.get(FIELD.iscrowd);
    if (iscrowd === undefined || iscrowd === null) this.#warnings.add('missing-iscrowd', i, 'annotations without "iscrowd": taken as 0');
    const crowd = reader.flag(i, 'iscrowd', iscrowd);
    this.#crowd.push(Number(crowd));
    // The reference overwrites "ignore" (cocoapi #123); the Matlab original unites both.
    let ignore = mode === 'fixed' ? crowd || marked : crowd;
    if (marked && mode === 'reference')
      this.#warnings.add('ignore-field', i, `annotations whose "ignore" field the reference overlooks; ${FIXED} honors it`);
    if (this.#keypoints !== undefined) ignore ||= this.#countKeypoints(i, this.#keypoints) === 0;
    this.#ignore.push(Number(ignore));
  }

  #countKeypoints(i: number, { data, length }: DoublePool): number {
    const stated = this.fields.get(FIELD.num_keypoints);
    if (stated !== undefined && stated !== null) return reader.number(i, 'num_keypoints', stated);
    this.#warnings.add('missing-num-keypoints', i, 'annotations without "num_keypoints": counted from the visibility flags');
    let visible = 0;
    for (let j = length - 3 * this.#options.keypointCount + 2; j < length; j += 3) visible += Number(data[j]! > 0);
    return visible;
  }

  #commitArea(i: number): void {
    const { box } = this.fields;
    const stated = this.fields.get(FIELD.area);
    if (this.#options.scheme === 'crowdpose') {
      // Its files state no area: a person takes about half of the box (crowdposetools).
      this.#area.push(box[3]! * box[2]! * 0.53);
      return;
    }
    if (stated === undefined || stated === null) {
      this.#warnings.add('missing-area', i, 'annotations without "area": taken from the box or the mask');
      this.#area.push(this.#boxes === undefined ? NaN : box[2]! * box[3]!);
      return;
    }
    const area = this.fields.number(FIELD.area, i, reader);
    if (area < 0) this.#warnings.add('negative-area', i, 'annotations with a negative "area": they count in no size class');
    this.#area.push(area);
  }

  /** The columns, now that images and categories are known: files may tell them last. @throws CocoEvalError `BAD_INPUT` for ids that differ in quotes only */
  build({ images, categories }: Omit<EvaluationContext, 'keys'>): GroundTruth {
    const id = this.#id.view();
    const repeatedIds = hasRepeated(id);
    if (repeatedIds) this.#warnRepeated(id);
    const columns = { imageId: this.#imageId.view(), categoryId: this.#categoryId.view() };
    const imageIndex = this.images ?? indexOf(images);
    const categoryIndex = indexOf(categories);
    const rows = imageIndex.locate(columns.imageId);
    const known = categoryIndex.locate(columns.categoryId);
    const habits = new BoxHabits('annotations');
    for (let i = 0; i < this.count; i++) {
      if (known[i]! < 0) {
        throwIfQuoted(reader, i, 'category_id', this.#keys.id(columns.categoryId[i]!), categoryIndex, this.#keys);
        this.#warnings.add('unknown-annotation-category', i, 'annotations of categories that are not in the file: not evaluated');
      }
      const image = images[rows[i]!];
      if (image === undefined) {
        throwIfQuoted(reader, i, 'image_id', this.#keys.id(columns.imageId[i]!), imageIndex, this.#keys);
        this.#warnings.add('unknown-image', i, 'annotations of images that are not in the file: not evaluated');
      }
      if (this.#boxes !== undefined && image !== undefined) habits.add(this.#boxes.data, 4 * i, image);
      this.#placeMask(i, image, rows[i]!);
    }
    habits.warn(this.#warnings);
    return {
      count: this.count,
      ...columns,
      id,
      repeatedIds,
      area: this.#area.view(),
      crowd: this.#crowd.view(),
      ignore: this.#ignore.view(),
      bbox: this.#boxes?.view(),
      keypoints: this.#keypoints?.view(),
      segmentation: this.fields.masks?.build(),
      keypointCount: this.#options.keypointCount,
    };
  }

  #placeMask(i: number, image: EvaluationContext['images'][number] | undefined, position: number): void {
    const { masks } = this.fields;
    if (masks === undefined) return;
    if (image === undefined) masks.clear(i);
    else if (masks.needsPlace(i)) {
      try {
        masks.place(i, imageSide(image, position));
      } catch (error) {
        this.faults.add(i, error);
        masks.clear(i);
      }
    }
    if (masks.hasShortPolygon(i)) this.#warnings.add('short-polygon', i, 'annotations with polygons of fewer than 3 points: left out');
  }

  #warnRepeated(ids: Float64Array): void {
    const seen = new Set<number>();
    const message = this.#options.mode === 'fixed' ? '' : `: the last one stands in for all; ${FIXED} keeps them apart`;
    for (const [i, id] of ids.entries()) {
      if (seen.has(id)) this.#warnings.add('duplicate-annotation-id', i, `annotations with an id that was there before${message}`);
      seen.add(id);
    }
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function hasRepeated(ids: Float64Array): boolean {
  const sorted = ids.toSorted();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return true;
  return false;
}

/**
 * An annotation file's objects as columns.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the annotation
 */
export function readGroundTruth(
  dataset: Dataset,
  options: GroundTruthOptions,
  context: EvaluationContext = contextOf(dataset),
): AnnotationColumns {
  const warnings = new WarningLog();
  const builder = new GroundTruthBuilder(options, context.keys, warnings);
  builder.reserve(dataset.annotations.length);
  builder.images = indexOf(context.images);
  for (const annotation of dataset.annotations) builder.add(annotation);
  const groundTruth = builder.build(context);
  return new AnnotationColumns(context, groundTruth, options, warnings.list(), builder.faults);
}
