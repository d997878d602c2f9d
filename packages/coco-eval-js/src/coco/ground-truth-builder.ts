import type { GroundTruth } from './columns.ts';
import { EntryFields, FIELD } from './entry-fields.ts';
import { EntryReader } from './fields.ts';
import { type IdIndex, indexOf } from './ids.ts';
import { BytePool, DoublePool } from './pool.ts';
import type { Scheme } from './scheme.ts';
import { SegmentationBuilder } from './segmentation-builder.ts';
import type { Dataset, IouType, Mode } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** What the columns are made for. */
export interface GroundTruthOptions {
  readonly iouType: IouType;
  readonly mode: Mode;
  readonly keypointCount: number;
  /** In LVIS the "ignore" field counts and there are no crowds. */
  readonly scheme: Scheme['name'];
}

const reader = new EntryReader('annotations');

/**
 * Collects annotations into columns, checking each: the fields of one entry are set first (by the JSON reader, or from an object), then `commit` ends it.
 * Fields that the reference demands and old files lack are filled in with a warning: `iscrowd` 0, `area` from the box or mask, `num_keypoints` from the
 * visibility flags.
 */
export class GroundTruthBuilder {
  count = 0;
  readonly fields: EntryFields;
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

  constructor(options: GroundTruthOptions, warnings: WarningLog) {
    const { iouType } = options;
    this.#options = options;
    this.#warnings = warnings;
    this.fields = new EntryFields(iouType === 'segm' ? new SegmentationBuilder('annotations') : undefined, true);
    this.#boxes = iouType === 'segm' ? undefined : new DoublePool();
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

  /** Ends the annotation: checks it and appends it to the columns. @throws CocoEvalError `BAD_INPUT` naming the annotation */
  commit(): void {
    const i = this.count;
    const { fields } = this;
    this.#id.push(fields.number(FIELD.id, i, reader));
    this.#imageId.push(fields.number(FIELD.image_id, i, reader));
    this.#categoryId.push(fields.number(FIELD.category_id, i, reader));
    if (this.#boxes !== undefined) this.#commitBox(i, this.#boxes);
    if (fields.masks !== undefined) this.#commitMask(i, fields.masks);
    if (this.#keypoints !== undefined) this.#commitKeypoints(i, this.#keypoints);
    this.#commitFlags(i);
    this.#commitArea(i);
    this.count++;
  }

  #commitBox(i: number, boxes: DoublePool): void {
    const { box, boxLength, bbox } = this.fields;
    if (boxLength !== 4) reader.numbers(i, 'bbox', bbox, box, 0, 4);
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
    else if (stored === 'polygons') masks.endPolygons(undefined, i);
    else masks.add(segmentation, undefined, i);
  }

  #commitKeypoints(i: number, keypoints: DoublePool): void {
    const length = 3 * this.#options.keypointCount;
    keypoints.reserve(length);
    reader.numbers(i, 'keypoints', this.fields.keypoints, keypoints.data, keypoints.length, length);
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
    if (iscrowd === undefined) this.#warnings.add('missing-iscrowd', i, 'annotations without "iscrowd": taken as 0');
    const crowd = reader.flag(i, 'iscrowd', iscrowd);
    this.#crowd.push(Number(crowd));
    // The reference overwrites "ignore" (cocoapi #123); the Matlab original unites both.
    let ignore = mode === 'fixed' ? crowd || marked : crowd;
    if (marked && mode === 'reference') this.#warnings.add('ignore-field', i, 'annotations whose "ignore" field the reference overlooks');
    if (this.#keypoints !== undefined) ignore ||= this.#countKeypoints(i, this.#keypoints) === 0;
    this.#ignore.push(Number(ignore));
  }

  #countKeypoints(i: number, { data, length }: DoublePool): number {
    const stated = this.fields.get(FIELD.num_keypoints);
    if (stated !== undefined) return reader.number(i, 'num_keypoints', stated);
    this.#warnings.add('missing-num-keypoints', i, 'annotations without "num_keypoints": counted from the visibility flags');
    let visible = 0;
    for (let j = length - 3 * this.#options.keypointCount + 2; j < length; j += 3) visible += Number(data[j]! > 0);
    return visible;
  }

  #commitArea(i: number): void {
    const { box } = this.fields;
    if (this.fields.get(FIELD.area) === undefined) {
      this.#warnings.add('missing-area', i, 'annotations without "area": taken from the box or the mask');
      this.#area.push(this.#boxes === undefined ? NaN : box[2]! * box[3]!);
      return;
    }
    const area = this.fields.number(FIELD.area, i, reader);
    if (area < 0) this.#warnings.add('negative-area', i, 'annotations with a negative "area": they count in no size class');
    this.#area.push(area);
  }

  /** The columns, now that images and categories are known: files may tell them last. @throws CocoEvalError `BAD_INPUT` for an image without size */
  build({ images, categories }: Pick<Dataset, 'images' | 'categories'>): GroundTruth {
    const id = this.#id.view();
    const repeatedIds = hasRepeated(id);
    if (repeatedIds) this.#warnRepeated(id);
    const columns = { imageId: this.#imageId.view(), categoryId: this.#categoryId.view() };
    const { masks } = this.fields;
    const rows = (this.images ?? indexOf(images)).locate(columns.imageId);
    const known = indexOf(categories).locate(columns.categoryId);
    for (let i = 0; i < this.count; i++) {
      if (known[i]! < 0) {
        this.#warnings.add('unknown-annotation-category', i, 'annotations of categories that are not in the file: not evaluated');
      }
      const image = images[rows[i]!];
      if (image === undefined) this.#warnings.add('unknown-image', i, 'annotations of images that are not in the file: not evaluated');
      if (masks === undefined) continue;
      if (image === undefined) masks.clear(i);
      else masks.place(i, image.height ?? NaN, image.width ?? NaN);
      if (masks.hasShortPolygon(i)) {
        this.#warnings.add('short-polygon', i, 'annotations with polygons of fewer than 3 points: left out');
      }
    }
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
      segmentation: masks?.build(),
      keypointCount: this.#options.keypointCount,
    };
  }

  #warnRepeated(ids: Float64Array): void {
    const seen = new Set<number>();
    for (const [i, id] of ids.entries()) {
      if (seen.has(id)) this.#warnings.add('duplicate-annotation-id', i, 'annotations with an id that was there before');
      seen.add(id);
    }
  }
}

function hasRepeated(ids: Float64Array): boolean {
  const sorted = ids.toSorted();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return true;
  return false;
}

/**
 * Annotations as columns.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the annotation
 */
export function readGroundTruth(dataset: Dataset, options: GroundTruthOptions, warnings: WarningLog): GroundTruth {
  const builder = new GroundTruthBuilder(options, warnings);
  builder.reserve(dataset.annotations.length);
  builder.images = indexOf(dataset.images);
  for (const annotation of dataset.annotations) builder.add(annotation);
  return builder.build(dataset);
}
