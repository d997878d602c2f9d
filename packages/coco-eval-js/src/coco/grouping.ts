import type { Detections, GroundTruth } from './columns.ts';
import { IdIndex } from './ids.ts';
import type { EvalParams } from './params.ts';
import { countingSort, sortByScore } from './sort.ts';

/** Entries of an evaluation in the order (category, image, own order). `category[k]` to `category[k + 1]` are the rows of category k. */
export interface Grouping {
  /** Position of the entry in its columns. */
  readonly row: Int32Array;
  /** Position of the entry's image in `imgIds`. */
  readonly image: Int32Array;
  readonly category: Int32Array;
}

/** Number of category slots: 1 when categories are not used. */
export function categoryCount(params: EvalParams): number {
  return params.useCats ? params.catIds.length : 1;
}

/** Two stable counting sorts instead of one bucket for every (category, image) pair: memory stays linear in the input. */
function group(rows: Int32Array, imageOf: Int32Array, categoryOf: Int32Array, params: EvalParams): Grouping {
  const categories = categoryCount(params);
  const slotOf = params.useCats ? categoryOf : new Int32Array(categoryOf.length);
  const row = countingSort(countingSort(rows, imageOf, params.imgIds.length), slotOf, categories);
  const category = new Int32Array(categories + 1);
  for (let i = 0; i < row.length; i++) category[slotOf[row[i]!]! + 1]!++;
  for (let k = 0; k < categories; k++) category[k + 1]! += category[k]!;
  return { row, image: row.map((r) => imageOf[r]!), category };
}

/** Positions of the evaluated entries' images and categories, and the entries themselves in file order. */
function select(ids: Pick<GroundTruth, 'count' | 'imageId' | 'categoryId'>, params: EvalParams): [Int32Array, Int32Array, Int32Array] {
  const images = new IdIndex(params.imgIds);
  const categories = new IdIndex(params.catIds);
  const imageOf = new Int32Array(ids.count);
  const categoryOf = new Int32Array(ids.count);
  const rows = new Int32Array(ids.count);
  let n = 0;
  for (let i = 0; i < ids.count; i++) {
    imageOf[i] = images.get(ids.imageId[i]!);
    categoryOf[i] = categories.get(ids.categoryId[i]!);
    if (imageOf[i]! >= 0 && categoryOf[i]! >= 0) rows[n++] = i;
  }
  let selected: Int32Array = rows.subarray(0, n);
  // Without categories an image's entries follow the given category order (cocoeval.py, computeIoU).
  if (!params.useCats) selected = countingSort(selected, categoryOf, params.catIds.length);
  return [selected, imageOf, categoryOf];
}

/** Ground truths by category and image, in file order inside. */
export function groupGroundTruth(gt: GroundTruth, params: EvalParams): Grouping {
  const [rows, imageOf, categoryOf] = select(gt, params);
  if (params.mode === 'fixed') return group(rows, imageOf, categoryOf, params);
  return group(replaceDuplicates(rows, gt, imageOf, categoryOf, params), imageOf, categoryOf, params);
}

/**
 * The reference looks annotations up by id, so of several with one id the last stands in for all (cocoeval.py, _prepare): it is used as often as
 * the id occurs, at the places where the images of the originals put it.
 */
function replaceDuplicates(rows: Int32Array, gt: GroundTruth, imageOf: Int32Array, categoryOf: Int32Array, params: EvalParams): Int32Array {
  const last = new IdIndex(gt.id);
  let replaced = false;
  for (let i = 0; i < gt.count && !replaced; i++) replaced = last.get(gt.id[i]!) !== i;
  if (!replaced) return rows;
  const byImage = countingSort(rows, imageOf, params.imgIds.length).map((row) => last.get(gt.id[row]!));
  const kept = byImage.filter((row) => imageOf[row]! >= 0 && categoryOf[row]! >= 0);
  return params.useCats ? kept : countingSort(kept, categoryOf, params.catIds.length);
}

/**
 * Detections by category and image, best score first inside, at most `maxDet` of each pair, without the `dropped` ones.
 * `rank[i]` is the place of row i inside its pair.
 */
export function groupDetections(
  dt: Detections,
  params: EvalParams,
  maxDet: number,
  dropped?: Uint8Array,
): Grouping & { readonly rank: Int32Array } {
  const [selected, imageOf, categoryOf] = select(dt, params);
  const rows = dropped === undefined ? selected : selected.filter((row) => dropped[row] !== 1);
  const all = group(sortByScore(rows, dt.score), imageOf, categoryOf, params);
  const n = all.row.length;
  const rank = new Int32Array(n);
  const category = new Int32Array(all.category.length);
  const [row, image] = [new Int32Array(n), new Int32Array(n)];
  let kept = 0;
  for (let k = 0; k + 1 < all.category.length; k++) {
    for (let i = all.category[k]!, r = 0; i < all.category[k + 1]!; i++, r++) {
      if (i > all.category[k]! && all.image[i] !== all.image[i - 1]) r = 0;
      if (r >= maxDet) continue;
      row[kept] = all.row[i]!;
      image[kept] = all.image[i]!;
      rank[kept++] = r;
    }
    category[k + 1] = kept;
  }
  return { row: row.subarray(0, kept), image: image.subarray(0, kept), category, rank: rank.subarray(0, kept) };
}
