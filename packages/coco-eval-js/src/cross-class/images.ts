import type { Annotation, Dataset, ImageInfo, IouType, Result } from '../coco/types.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { iouOf, shapesOf } from './geometry.ts';

/** What `crossClassImages` takes from the two files. */
export interface CrossClassOptions {
  /** Boxes (default), masks, or for keypoints the boxes around them. */
  readonly iouType?: IouType;
  /** Detections per image over all classes, best first. Default 100; 300 for LVIS. */
  readonly maxDets?: number;
  /** Detections below this score are left out first. Default: none. */
  readonly minScore?: number;
  /** Images and categories to look at; default all. */
  readonly imgIds?: readonly number[];
  readonly catIds?: readonly number[];
  /**
   * Order of ground truths, and of detections with equal scores: `file` (default, for TIDE) or `category`, by ascending category id (for the confusion matrix).
   */
  readonly order?: 'file' | 'category';
  /** LVIS has no crowd regions; instead a detection may not be wrong in a class that was not checked in the image. Adds such classes as crowd regions over the whole image. */
  readonly lvis?: boolean;
}

/** One image with all its classes together: what `tide` and `confusionMatrix` take. */
export interface CrossClassImage {
  readonly imageId: number;
  /** Positions in `results`, by descending score. */
  readonly dtIndexes: Int32Array;
  readonly dtCategories: Int32Array;
  readonly dtScores: Float64Array;
  /** Positions in `dataset.annotations`, crowd regions left out. */
  readonly gtIndexes: Int32Array;
  readonly gtCategories: Int32Array;
  /** Detections x ground truths, row-major. */
  readonly iou: Float64Array;
  readonly crowdCategories: Int32Array;
  /** Detections x crowd regions, row-major: intersection / detection area. */
  readonly crowdIou: Float64Array;
}

/**
 * Brings the objects of all classes of an image together, one image at a time, in the order of the file.
 *
 * @param dataset - ground truth
 * @param results - detections; those of images that are not in the ground truth are left out
 * @throws CocoEvalError `BAD_INPUT` or `BAD_MASK` with the index of an entry without finite score or usable shape
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
export function* crossClassImages(
  dataset: Dataset,
  results: readonly Result[],
  options: CrossClassOptions = {},
): Generator<CrossClassImage, void> {
  const { iouType = 'bbox', lvis = false, maxDets = lvis ? 300 : 100, minScore = -Infinity, order = 'file' } = options;
  const categories = options.catIds && new Set(options.catIds);
  const annotationsOf = byImage(dataset.annotations, categories);
  const resultsOf = byImage(results, categories);
  for (const image of selected(dataset.images, options.imgIds)) {
    const isCrowd = (index: number): boolean => !lvis && Boolean(dataset.annotations[index]!.iscrowd);
    const annotated = inOrder(annotationsOf.get(image.id) ?? [], dataset.annotations, order);
    const crowd = annotated.filter((index) => isCrowd(index));
    const gt = annotated.filter((index) => !isCrowd(index));
    const dt = rank(resultsOf.get(image.id) ?? [], results, minScore, order);
    yield compare(image, dataset.annotations, results, {
      dt: dt.slice(0, maxDets),
      gt,
      crowd,
      iouType,
      unchecked: lvis ? uncheckedIn(dataset, image, gt) : undefined,
    });
  }
}

function selected(images: readonly ImageInfo[], ids: readonly number[] | undefined): readonly ImageInfo[] {
  if (!ids) return images;
  const wanted = new Set(ids);
  return images.filter(({ id }) => wanted.has(id));
}

function inOrder(indexes: readonly number[], entries: readonly (Annotation | Result)[], order: 'file' | 'category'): readonly number[] {
  return order === 'file' ? indexes : indexes.toSorted((a, b) => entries[a]!.category_id - entries[b]!.category_id);
}

/** By descending score; equal scores keep the file's or the categories' order. */
function rank(indexes: readonly number[], results: readonly Result[], minScore: number, order: 'file' | 'category'): number[] {
  for (const index of indexes) {
    const { score } = results[index]!;
    if (!Number.isFinite(score)) {
      throw new CocoEvalError('BAD_INPUT', `Expected a finite score in result ${index} but received ${describe(score)}`, { index });
    }
  }
  const kept = indexes.filter((index) => results[index]!.score >= minScore);
  return inOrder(kept, results, order).toSorted((a, b) => results[b]!.score - results[a]!.score);
}

interface Chosen {
  readonly dt: readonly number[];
  readonly gt: readonly number[];
  readonly crowd: readonly number[];
  readonly iouType: IouType;
  readonly unchecked: ((category: number) => boolean) | undefined;
}

function compare(image: ImageInfo, annotations: readonly Annotation[], results: readonly Result[], chosen: Chosen): CrossClassImage {
  const { dt, gt, crowd, iouType, unchecked } = chosen;
  const dtEntries = dt.map((index) => results[index]!);
  const gtEntries = gt.map((index) => annotations[index]!);
  const crowdEntries = crowd.map((index) => annotations[index]!);
  const compared = dt.length > 0 && gt.length + crowd.length > 0;
  const detections = shapesOf(compared ? dtEntries : [], dt, image, iouType);
  const whole = unchecked ? [...new Set(dtEntries.map((entry) => entry.category_id))].filter(unchecked) : [];
  return {
    imageId: image.id,
    dtIndexes: Int32Array.from(dt),
    dtCategories: Int32Array.from(dtEntries, (entry) => entry.category_id),
    dtScores: Float64Array.from(dtEntries, (entry) => entry.score),
    gtIndexes: Int32Array.from(gt),
    gtCategories: Int32Array.from(gtEntries, (entry) => entry.category_id),
    iou: iouOf(detections, shapesOf(compared ? gtEntries : [], gt, image, iouType), false),
    crowdCategories: unchecked ? Int32Array.from(whole) : Int32Array.from(crowdEntries, (entry) => entry.category_id),
    crowdIou: unchecked
      ? new Float64Array(dt.length * whole.length).fill(1)
      : iouOf(detections, shapesOf(compared ? crowdEntries : [], crowd, image, iouType), true),
  };
}

/** Classes of the file that nobody looked for in the image, or not for every instance (tidecv's emulation of the federated rules). */
function uncheckedIn(dataset: Dataset, image: ImageInfo, gt: readonly number[]): (category: number) => boolean {
  const known = new Set(dataset.categories.map(({ id }) => id));
  const checked = new Set([...(image.neg_category_ids ?? []), ...gt.map((index) => dataset.annotations[index]!.category_id)]);
  const notExhaustive = new Set(image.not_exhaustive_category_ids);
  return (category) => notExhaustive.has(category) || (known.has(category) && !checked.has(category));
}

/** Positions by image, in file order. */
function byImage(entries: readonly (Annotation | Result)[], categories: ReadonlySet<number> | undefined): Map<number, number[]> {
  const result = new Map<number, number[]>();
  entries.forEach(({ image_id: image, category_id: category }, index) => {
    if (categories && !categories.has(category)) return;
    const list = result.get(image);
    if (list) list.push(index);
    else result.set(image, [index]);
  });
  return result;
}
