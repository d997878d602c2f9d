import type { Detections, GroundTruth } from './columns.ts';
import { IdIndex } from './ids.ts';
import type { MatchRules } from './match-table.ts';
import type { EvalParams } from './params.ts';
import { countingSort, gather, sortByScore } from './sort.ts';

/** Entries of an evaluation in the order (category, image, own order). `category[k]` to `category[k + 1]` are the rows of category k. */
export interface Grouping {
  /** Position of the entry in its columns. */
  readonly row: Int32Array;
  /** Position of the entry's image in `imgIds`. */
  readonly image: Int32Array;
  readonly category: Int32Array;
}

/** Number of category slots: 1 when categories are not used. */
function categoryCount(params: EvalParams): number {
  return params.useCats ? params.catIds.length : 1;
}

/** Two stable counting sorts instead of one bucket for every (category, image) pair: memory stays linear in the input. */
function group(rows: Int32Array, { imageOf, slotOf }: Places, params: EvalParams): Grouping {
  const category = new Int32Array(categoryCount(params) + 1);
  const byImage = countingSort(rows, imageOf, params.imgIds.length);
  const row = countingSort(byImage, slotOf, categoryCount(params), category);
  return { row, image: gather(imageOf, row), category };
}

/** Positions of every entry's image and category in the evaluated lists; -1 for those left out. */
interface Places {
  readonly imageOf: Int32Array;
  readonly categoryOf: Int32Array;
  /** The category, or 0 for all when categories are not used. */
  readonly slotOf: Int32Array;
}

function locate(ids: Pick<GroundTruth, 'count' | 'imageId' | 'categoryId'>, params: EvalParams): Places {
  const imageOf = new IdIndex(params.imgIds).locate(ids.imageId);
  const categoryOf = new IdIndex(params.catIds).locate(ids.categoryId);
  return { imageOf, categoryOf, slotOf: params.useCats ? categoryOf : new Int32Array(ids.count) };
}

/**
 * The evaluated entries, in file order. Without categories an image's entries follow the given category order (cocoeval.py, computeIoU).
 *
 * @param images 1 for each position of `imgIds` whose entries are taken; absent: all
 */
function select(rows: Int32Array, { imageOf, categoryOf }: Places, params: EvalParams, images: Uint8Array | undefined): Int32Array {
  const selected = new Int32Array(rows.length);
  let n = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const image = imageOf[row]!;
    if (image >= 0 && categoryOf[row]! >= 0 && (images === undefined || images[image] === 1)) selected[n++] = row;
  }
  const kept = selected.subarray(0, n);
  return params.useCats ? kept : countingSort(kept, categoryOf, params.catIds.length);
}

/** All rows but the dropped ones. */
function rowsWithout(count: number, dropped: Uint8Array | undefined): Int32Array {
  return dropped === undefined ? allRows(count) : allRows(count).filter((row) => dropped[row] !== 1);
}

function allRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  return rows;
}

/** Ground truths by category and image, in file order inside, without the `dropped` ones. */
export function groupGroundTruth(gt: GroundTruth, params: EvalParams, { droppedGroundTruth: dropped, images }: MatchRules = {}): Grouping {
  const places = locate(gt, params);
  const wanted = rowsWithout(gt.count, dropped);
  // Without categories pycocotools asks for the annotations of all, lvis-api (which alone drops some) for those of its list.
  const listed = params.useCats || dropped !== undefined;
  const rows = params.mode === 'reference' && gt.repeatedIds ? replaceDuplicates(wanted, gt, places, params, listed) : wanted;
  return group(select(rows, places, params, images), places, params);
}

/**
 * The reference looks annotations up by id, so of several with one id the last stands in for all (cocoeval.py, _prepare): it is used as often as
 * the id occurs among those asked for, at the places where the images of the originals put it.
 */
function replaceDuplicates(
  rows: Int32Array,
  gt: GroundTruth,
  { imageOf, categoryOf }: Places,
  params: EvalParams,
  listed: boolean,
): Int32Array {
  const last = new IdIndex(gt.id).locate(gt.id);
  const asked = rows.filter((row) => imageOf[row]! >= 0 && (!listed || categoryOf[row]! >= 0));
  return gather(last, countingSort(asked, imageOf, params.imgIds.length));
}

/** Detections of an evaluation: grouped for matching, and their places in the order that accumulation walks. */
export interface RankedGrouping extends Grouping {
  /** Place of each entry among those of its category and image, best score first. */
  readonly rank: Int32Array;
  /** Place of each entry in the order (category, score descending, image, own order). */
  readonly place: Int32Array;
}

/** Detections by category and image, best score first inside, at most `maxDet` of each pair, without the `dropped` ones. */
export function groupDetections(dt: Detections, params: EvalParams, maxDet: number, { dropped, images }: MatchRules = {}): RankedGrouping {
  const places = locate(dt, params);
  const wanted = rowsWithout(dt.count, dropped);
  const byImage = countingSort(select(wanted, places, params, images), places.imageOf, params.imgIds.length);
  const byScore = sortByScore(byImage, dt.score);
  const grouped = group(byScore, places, params);
  const walked = countingSort(byScore, places.slotOf, categoryCount(params));
  const placeOf = new Int32Array(dt.count);
  for (let i = 0; i < walked.length; i++) placeOf[walked[i]!] = i;
  const all = { ...grouped, rank: ranksOf(grouped), place: gather(placeOf, grouped.row) };
  return all.rank.some((rank) => rank >= maxDet) ? cut(all, maxDet) : all;
}

function ranksOf({ image, category }: Grouping): Int32Array {
  const rank = new Int32Array(image.length);
  for (let k = 0; k + 1 < category.length; k++) {
    const from = category[k]!;
    for (let i = from + 1; i < category[k + 1]!; i++) rank[i] = image[i] === image[i - 1] ? rank[i - 1]! + 1 : 0;
  }
  return rank;
}

/** Leaves out what stands behind the first `maxDet` entries of a category and image. */
function cut(all: RankedGrouping, maxDet: number): RankedGrouping {
  const kept = allRows(all.row.length).filter((i) => all.rank[i]! < maxDet);
  // How many stay up to each entry, and up to each place: what is behind moves up.
  const [upTo, placesUpTo] = [new Int32Array(all.row.length + 1), new Int32Array(all.row.length + 1)];
  for (const i of kept) {
    upTo[i + 1] = 1;
    placesUpTo[all.place[i]! + 1] = 1;
  }
  for (let i = 0; i < all.row.length; i++) {
    upTo[i + 1]! += upTo[i]!;
    placesUpTo[i + 1]! += placesUpTo[i]!;
  }
  return {
    row: gather(all.row, kept),
    image: gather(all.image, kept),
    category: gather(upTo, all.category),
    rank: gather(all.rank, kept),
    place: gather(placesUpTo, gather(all.place, kept)),
  };
}
