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
  const image = new Int32Array(row.length);
  for (let i = 0; i < row.length; i++) image[i] = imageOf[row[i]!]!;
  return { row, image, category };
}

/** Positions of every entry's image and category in the evaluated lists; -1 for those left out. */
function locate(
  ids: Pick<GroundTruth, 'count' | 'imageId' | 'categoryId'>,
  params: EvalParams,
): { imageOf: Int32Array; categoryOf: Int32Array } {
  const images = new IdIndex(params.imgIds);
  const categories = new IdIndex(params.catIds);
  const imageOf = new Int32Array(ids.count);
  const categoryOf = new Int32Array(ids.count);
  for (let i = 0; i < ids.count; i++) {
    imageOf[i] = images.get(ids.imageId[i]!);
    categoryOf[i] = categories.get(ids.categoryId[i]!);
  }
  return { imageOf, categoryOf };
}

/** The evaluated entries, in file order. Without categories an image's entries follow the given category order (cocoeval.py, computeIoU). */
function select(rows: Int32Array, imageOf: Int32Array, categoryOf: Int32Array, params: EvalParams): Int32Array {
  const selected = new Int32Array(rows.length);
  let n = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (imageOf[row]! >= 0 && categoryOf[row]! >= 0) selected[n++] = row;
  }
  const kept = selected.subarray(0, n);
  return params.useCats ? kept : countingSort(kept, categoryOf, params.catIds.length);
}

function allRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  return rows;
}

/** Ground truths by category and image, in file order inside, without the `dropped` ones. */
export function groupGroundTruth(gt: GroundTruth, params: EvalParams, dropped?: Uint8Array): Grouping {
  const { imageOf, categoryOf } = locate(gt, params);
  const wanted = dropped === undefined ? allRows(gt.count) : allRows(gt.count).filter((row) => dropped[row] !== 1);
  const rows = params.mode === 'fixed' ? wanted : replaceDuplicates(wanted, gt, imageOf, categoryOf, params);
  return group(select(rows, imageOf, categoryOf, params), imageOf, categoryOf, params);
}

/**
 * The reference looks annotations up by id, so of several with one id the last stands in for all (cocoeval.py, _prepare): it is used as often as
 * the id occurs among those asked for, at the places where the images of the originals put it.
 */
function replaceDuplicates(rows: Int32Array, gt: GroundTruth, imageOf: Int32Array, categoryOf: Int32Array, params: EvalParams): Int32Array {
  const last = new IdIndex(gt.id);
  if (gt.id.every((id, row) => last.get(id) === row)) return rows;
  const asked = rows.filter((row) => imageOf[row]! >= 0 && (!params.useCats || categoryOf[row]! >= 0));
  return countingSort(asked, imageOf, params.imgIds.length).map((row) => last.get(gt.id[row]!));
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
  const { imageOf, categoryOf } = locate(dt, params);
  const wanted = dropped === undefined ? allRows(dt.count) : allRows(dt.count).filter((row) => dropped[row] !== 1);
  const rows = select(wanted, imageOf, categoryOf, params);
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
