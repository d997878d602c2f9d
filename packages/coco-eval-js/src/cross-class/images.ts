import type { Detections, GroundTruth } from '../coco/columns.ts';
import { prepareEvaluation } from '../coco/evaluate.ts';
import type { Id } from '../coco/id-keys.ts';
import { loadDetections } from '../coco/load-detections.ts';
import { createOverlap } from '../coco/create-overlap.ts';
import { IdIndex } from '../coco/ids.ts';
import { resolveParams } from '../coco/params.ts';
import { countingSort, sortByScore } from '../coco/sort.ts';
import type { Dataset, EvaluationContext, ImageInfo, IouType, Result } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { schemeFor } from '../lvis/scheme.ts';

/** What is taken from the two files, and in which order. */
export interface CrossClassOptions {
  /** Boxes (default), masks, or for keypoints the boxes around them: keypoints of different classes cannot be compared. */
  readonly iouType?: IouType;
  /** Detections per image over all classes, best first. Default 100; 300 for LVIS. */
  readonly maxDets?: number;
  /** Detections below this score are left out first. Default: none. */
  readonly minScore?: number;
  /** Images and categories to look at; default all. */
  readonly imgIds?: readonly Id[] | undefined;
  readonly catIds?: readonly Id[] | undefined;
  /** Order of ground truths, and of detections with equal scores: `file` (default, for TIDE) or `category`, by ascending id (for the confusion matrix). */
  readonly order?: 'file' | 'category';
  /**
   * LVIS has no crowd regions; instead no detection may be wrong in a class that was not checked in the image. Such classes become crowd regions over the
   * whole image, as in tidecv.
   */
  readonly lvis?: boolean;
}

/** One image with all its classes together: what `tide` and `confusionMatrix` take. */
export interface CrossClassImage {
  readonly imageId: Id;
  /** Positions in the results, by descending score. */
  readonly dtIndexes: Int32Array;
  readonly dtCategories: Float64Array;
  readonly dtScores: Float64Array;
  /** Positions in the annotations, crowd regions left out. */
  readonly gtIndexes: Int32Array;
  readonly gtCategories: Float64Array;
  /** Detections x ground truths, row-major. */
  readonly iou: Float64Array;
  readonly crowdCategories: Float64Array;
  /** Detections x crowd regions, row-major: intersection / detection area. */
  readonly crowdIou: Float64Array;
}

/** The two files as columns. */
export interface CrossClassInput {
  readonly dataset: EvaluationContext;
  readonly gt: GroundTruth;
  readonly dt: Detections;
}

/**
 * Brings the objects of all classes of an image together, one image at a time, in the order of the file.
 *
 * @throws CocoEvalError `BAD_INPUT` or `BAD_MASK` with the index of the entry, as in an evaluation
 *
 * @example
 * ```ts
 * import { crossClassImages, tide } from 'coco-eval-js';
 * const dataset = {
 *   images: [{ id: 1 }],
 *   categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
 *   annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] }],
 * };
 * const results = [{ image_id: 1, category_id: 2, bbox: [0, 0, 10, 10], score: 0.9 }];
 * console.log(tide(crossClassImages(dataset, results)).counts.Cls); // 1
 * ```
 */
export function crossClassImages(
  dataset: Dataset,
  results: readonly Result[],
  options: CrossClassOptions = {},
): Generator<CrossClassImage, void> {
  const { imgIds, catIds, iouType, lvis = false } = options;
  const prepared = prepareEvaluation(dataset, { iouType: comparedAs(iouType), imgIds, catIds }, schemeFor(lvis));
  return compareImages({ dataset: prepared.dataset, gt: prepared.groundTruth, dt: loadDetections(results, prepared) }, options);
}

/** Keypoints of different classes cannot be compared: the boxes around them stand for them. */
function comparedAs(iouType: IouType = 'bbox'): IouType {
  return iouType === 'keypoints' ? 'bbox' : iouType;
}

/** The same from columns that were read already. */
export function* compareImages({ dataset, gt, dt }: CrossClassInput, options: CrossClassOptions = {}): Generator<CrossClassImage, void> {
  const { iouType, lvis = false, maxDets = lvis ? 300 : 100, minScore = -Infinity, order = 'file' } = options;
  const keyed = (ids: readonly Id[] | undefined): ReadonlySet<number> | undefined => ids && new Set(ids.map((id) => dataset.keys.key(id)));
  const categories = keyed(options.catIds);
  const chosen = keyed(options.imgIds);
  const params = resolveParams({ iouType: comparedAs(iouType) }, dataset);
  const overlap = createOverlap(gt, dt, params, new WarningLog());
  // Of a repeated image the last record stands, at the place of the first (tidecv keeps images by id).
  const images = [...new Map(dataset.images.map((record) => [record.id, record])).values()];
  const at = new IdIndex(images.map(({ id }) => id));
  // Crowd regions behind the others.
  const behind = countingSort(ordered(gt, order), Int32Array.from(gt.crowd), 2);
  const annotations = rowsByImage(gt, behind, at, images.length, categories);
  // Sorted once for all images; equal scores keep the order of the file or of the categories.
  const ranked = sortByScore(ordered(dt, order), dt.score).filter((row) => dt.score[row]! >= minScore);
  const results = rowsByImage(dt, ranked, at, images.length, categories);
  for (let i = 0; i < images.length; i++) {
    const image = images[i]!;
    if (chosen && !chosen.has(image.id)) continue;
    const [gFrom, gTo] = [annotations.start[i]!, annotations.start[i + 1]!];
    let crowdFrom = gTo;
    while (crowdFrom > gFrom && gt.crowd[annotations.rows[crowdFrom - 1]!] !== 0) crowdFrom--;
    const dFrom = results.start[i]!;
    const dTo = Math.min(results.start[i + 1]!, dFrom + maxDets);
    overlap.compute(results.rows, dFrom, dTo, annotations.rows, gFrom, gTo);
    const [d, own, all] = [dTo - dFrom, crowdFrom - gFrom, gTo - gFrom];
    const found = {
      imageId: dataset.keys.id(image.id),
      dtIndexes: results.rows.subarray(dFrom, dTo),
      dtCategories: valuesOf(dt.categoryId, results.rows, dFrom, dTo),
      dtScores: valuesOf(dt.score, results.rows, dFrom, dTo),
      gtIndexes: annotations.rows.subarray(gFrom, crowdFrom),
      gtCategories: valuesOf(gt.categoryId, annotations.rows, gFrom, crowdFrom),
      iou: cut(overlap.matrix, d, all, 0, own),
      crowdCategories: valuesOf(gt.categoryId, annotations.rows, crowdFrom, gTo),
      crowdIou: cut(overlap.matrix, d, all, own, all),
    };
    yield lvis ? { ...found, ...uncheckedClasses(dataset, image, found) } : found;
  }
}

function valuesOf(values: Float64Array, rows: Int32Array, from: number, to: number): Float64Array {
  const out = new Float64Array(to - from);
  for (let i = from; i < to; i++) out[i - from] = values[rows[i]!]!;
  return out;
}

/** Columns `from` to `to` of a `rows x width` matrix. */
function cut(matrix: Float64Array, rows: number, width: number, from: number, to: number): Float64Array {
  if (to - from === width) return matrix.slice(0, rows * width);
  const result = new Float64Array(rows * (to - from));
  if (to > from) for (let row = 0; row < rows; row++) result.set(matrix.subarray(row * width + from, row * width + to), row * (to - from));
  return result;
}

/** Detected classes that nobody looked for in the image, or not for every instance, as regions that cover it. */
function uncheckedClasses(
  dataset: Pick<Dataset, 'categories'>,
  image: ImageInfo,
  { dtCategories, gtCategories }: Pick<CrossClassImage, 'dtCategories' | 'gtCategories'>,
): Pick<CrossClassImage, 'crowdCategories' | 'crowdIou'> {
  const known = new Set(dataset.categories.map(({ id }) => id));
  const checked = new Set<Id>([...(image.neg_category_ids ?? []), ...gtCategories]);
  const notExhaustive = new Set(image.not_exhaustive_category_ids);
  const unchecked = [...new Set(dtCategories)].filter((id) => notExhaustive.has(id) || (known.has(id) && !checked.has(id)));
  return { crowdCategories: Float64Array.from(unchecked), crowdIou: new Float64Array(dtCategories.length * unchecked.length).fill(1) };
}

/** All rows, in file order or by ascending category. */
function ordered({ count, categoryId }: Pick<GroundTruth, 'count' | 'categoryId'>, order: 'file' | 'category'): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  if (order === 'file') return rows;
  const ids = Float64Array.from(new Set(categoryId)).toSorted();
  return countingSort(rows, new IdIndex(ids).locate(categoryId), ids.length);
}

/** Rows of each image, in the given order: of image i `start[i]` to `start[i + 1]`. Rows of other images and categories are left out. */
function rowsByImage(
  { imageId, categoryId }: Pick<GroundTruth, 'imageId' | 'categoryId'>,
  order: Int32Array,
  at: IdIndex,
  images: number,
  categories: ReadonlySet<number> | undefined,
): { readonly rows: Int32Array; readonly start: Int32Array } {
  const imageOf = at.locate(imageId);
  const wanted = order.filter((row) => imageOf[row]! >= 0 && (categories === undefined || categories.has(categoryId[row]!)));
  const start = new Int32Array(images + 1);
  return { rows: countingSort(wanted, imageOf, images, start), start };
}
