import type { Detections, GroundTruth } from '../coco/columns.ts';
import { EntryReader } from '../coco/fields.ts';
import { groupGroundTruth } from '../coco/grouping.ts';
import { indexOf } from '../coco/ids.ts';
import type { MatchRules } from '../coco/match-table.ts';
import type { EvalParams } from '../coco/params.ts';
import { sortByScore } from '../coco/sort.ts';
import type { EvaluationContext, ImageInfo } from '../coco/types.ts';
import type { WarningLog } from '../coco/warnings.ts';

/** Categories of each image, by its position in the file. */
type ImageCategories = readonly ReadonlySet<number>[];

/**
 * The federated rules (lvis-api, eval.py `_prepare` and results.py): which detections are dropped, and which are forgiven when nothing matches them.
 * A detection counts only where its category was looked for: the image lists it as absent, or has a ground truth of it.
 *
 * @param maxDets detections kept of each image over all categories, best score first; negative: all
 */
export function federatedRules(
  { images }: Pick<EvaluationContext, 'images'>,
  gt: GroundTruth,
  dt: Detections,
  params: EvalParams,
  maxDets: number,
  warnings: WarningLog,
): MatchRules {
  const index = indexOf(images);
  const droppedGroundTruth = Uint8Array.from(gt.area, (area) => Number(area <= 0));
  const checked = images.map((image, i) => new Set(categoryList(image, i, 'neg_category_ids', warnings)));
  // After the reference's replacement of annotations with a repeated id.
  for (const row of groupGroundTruth(gt, params, { droppedGroundTruth }).row)
    checked[index.get(gt.imageId[row]!)]?.add(gt.categoryId[row]!);
  const partial: ImageCategories = images.map((image, i) => new Set(categoryList(image, i, 'not_exhaustive_category_ids', warnings)));
  const image = index.locate(dt.imageId);
  const dropped = maxDets < 0 ? new Uint8Array(dt.count) : beyondLimit(dt, image, images.length, maxDets);
  const forgiven = new Uint8Array(dt.count);
  for (let i = 0; i < dt.count; i++) {
    const [at, category] = [image[i]!, dt.categoryId[i]!];
    if (!checked[at]!.has(category)) dropped[i] = 1;
    if (partial[at]!.has(category)) forgiven[i] = 1;
  }
  return { unlimited: true, positiveArea: true, dropped, droppedGroundTruth, forgiven };
}

function categoryList(
  image: ImageInfo,
  i: number,
  field: 'neg_category_ids' | 'not_exhaustive_category_ids',
  warnings: WarningLog,
): readonly number[] {
  const list: unknown = image[field];
  if (list === undefined) warnings.add(`missing-${field}`, i, `images without "${field}": taken as empty`);
  else if (!Array.isArray(list)) throw new EntryReader('images').fail(i, `a list for "${field}"`, list);
  return (list ?? []) as readonly number[];
}

/** 1 for detections below the best `maxDets` of their image; equal scores stay in file order. Only images with more are sorted. */
function beyondLimit(dt: Detections, image: Int32Array, images: number, maxDets: number): Uint8Array {
  const dropped = new Uint8Array(dt.count);
  const counts = new Int32Array(images);
  for (let i = 0; i < dt.count; i++) counts[image[i]!]!++;
  const rows: number[] = [];
  for (let i = 0; i < dt.count; i++) if (counts[image[i]!]! > maxDets) rows.push(i);
  counts.fill(0);
  for (const row of sortByScore(Int32Array.from(rows), dt.score)) if (++counts[image[row]!]! > maxDets) dropped[row] = 1;
  return dropped;
}
