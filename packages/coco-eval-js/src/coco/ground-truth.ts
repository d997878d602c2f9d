import type { GroundTruth } from './columns.ts';
import { EntryReader } from './fields.ts';
import { IdIndex } from './ids.ts';
import { SegmentationBuilder } from './segmentation-builder.ts';
import type { Annotation, Dataset, IouType, Mode } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** What the columns are made for. */
export interface GroundTruthOptions {
  readonly iouType: IouType;
  readonly mode: Mode;
  readonly keypointCount: number;
  /** LVIS: the "ignore" field counts and there are no crowds. */
  readonly lvis?: boolean | undefined;
}

const reader = new EntryReader('annotations');

/**
 * Annotations as columns. Fields that the reference demands and old files lack are filled in with a warning: `iscrowd` 0, `area` from the box
 * or mask, `num_keypoints` from the visibility flags.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the annotation
 */
export function readGroundTruth(dataset: Dataset, options: GroundTruthOptions, warnings: WarningLog): GroundTruth {
  const { annotations } = dataset;
  const n = annotations.length;
  const images = new IdIndex(dataset.images.map((image) => image.id));
  const categories = new IdIndex(dataset.categories.map((category) => category.id));
  const columns = {
    id: new Float64Array(n),
    imageId: new Float64Array(n),
    categoryId: new Float64Array(n),
    area: new Float64Array(n),
    crowd: new Uint8Array(n),
    ignore: new Uint8Array(n),
    bbox: options.iouType === 'segm' ? undefined : new Float64Array(4 * n),
    keypoints: options.iouType === 'keypoints' ? new Float64Array(3 * options.keypointCount * n) : undefined,
  };
  const masks = options.iouType === 'segm' ? new SegmentationBuilder('annotations') : undefined;
  const seen = new Set<number>();
  for (let i = 0; i < n; i++) {
    const annotation = reader.object(i, annotations[i]) as unknown as Annotation;
    const id = (columns.id[i] = reader.number(i, 'id', annotation.id));
    if (seen.has(id)) warnings.add('duplicate-annotation-id', i, 'annotations with an id that was there before');
    seen.add(id);
    columns.imageId[i] = reader.number(i, 'image_id', annotation.image_id);
    columns.categoryId[i] = reader.number(i, 'category_id', annotation.category_id);
    if (categories.get(annotation.category_id) < 0) {
      warnings.add('unknown-annotation-category', i, 'annotations of categories that are not in the file: not evaluated');
    }
    if (columns.bbox !== undefined) readBox(annotation, i, columns.bbox, warnings);
    const image = dataset.images[images.get(annotation.image_id)];
    if (image === undefined) warnings.add('unknown-image', i, 'annotations of images that are not in the file: not evaluated');
    if (masks !== undefined) {
      const { shortPolygons } = masks;
      if (image === undefined) masks.none();
      else masks.add(annotation.segmentation, image.height ?? NaN, image.width ?? NaN, i);
      if (masks.shortPolygons > shortPolygons)
        warnings.add('short-polygon', i, 'annotations with polygons of fewer than 3 points: left out');
    }
    if (columns.keypoints !== undefined) {
      const length = 3 * options.keypointCount;
      reader.numbers(i, 'keypoints', annotation.keypoints, columns.keypoints, length * i, length);
    }
    readFlags(annotation, i, columns, options, warnings);
    readArea(annotation, i, columns, warnings);
  }
  return { count: n, ...columns, repeatedIds: seen.size < n, segmentation: masks?.build(), keypointCount: options.keypointCount };
}

function readBox({ bbox }: Annotation, i: number, out: Float64Array, warnings: WarningLog): void {
  reader.numbers(i, 'bbox', bbox, out, 4 * i, 4);
  if (out[4 * i + 2]! < 0 || out[4 * i + 3]! < 0) {
    warnings.add('negative-box', i, 'annotations with a box of negative width or height: nothing overlaps them');
  }
}

type Flags = Pick<GroundTruth, 'crowd' | 'ignore' | 'keypoints'>;

function readFlags(annotation: Annotation, i: number, columns: Flags, options: GroundTruthOptions, warnings: WarningLog): void {
  const marked = reader.flag(i, 'ignore', annotation.ignore);
  if (options.lvis) {
    columns.ignore[i] = Number(marked);
    return;
  }
  if (annotation.iscrowd === undefined) warnings.add('missing-iscrowd', i, 'annotations without "iscrowd": taken as 0');
  const crowd = reader.flag(i, 'iscrowd', annotation.iscrowd);
  columns.crowd[i] = Number(crowd);
  // The reference overwrites "ignore" (cocoapi #123); the Matlab original unites both.
  let ignore = options.mode === 'fixed' ? crowd || marked : crowd;
  if (marked && options.mode === 'reference') warnings.add('ignore-field', i, 'annotations whose "ignore" field the reference overlooks');
  if (columns.keypoints !== undefined) ignore ||= countKeypoints(annotation, i, columns.keypoints, options.keypointCount, warnings) === 0;
  columns.ignore[i] = Number(ignore);
}

function countKeypoints(annotation: Annotation, i: number, keypoints: Float64Array, k: number, warnings: WarningLog): number {
  if (annotation.num_keypoints !== undefined) return reader.number(i, 'num_keypoints', annotation.num_keypoints);
  warnings.add('missing-num-keypoints', i, 'annotations without "num_keypoints": counted from the visibility flags');
  let visible = 0;
  for (let j = 3 * k * i + 2; j < 3 * k * (i + 1); j += 3) visible += Number(keypoints[j]! > 0);
  return visible;
}

function readArea(annotation: Annotation, i: number, columns: Pick<GroundTruth, 'area' | 'bbox'>, warnings: WarningLog): void {
  if (annotation.area === undefined) {
    warnings.add('missing-area', i, 'annotations without "area": taken from the box or the mask');
    columns.area[i] = columns.bbox === undefined ? NaN : columns.bbox[4 * i + 2]! * columns.bbox[4 * i + 3]!;
  } else {
    const area = (columns.area[i] = reader.number(i, 'area', annotation.area));
    if (area < 0) warnings.add('negative-area', i, 'annotations with a negative "area": they count in no size class');
  }
}
