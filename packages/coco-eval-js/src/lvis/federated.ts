import type { Detections, GroundTruth } from '../coco/columns.ts';
import { EntryReader } from '../coco/fields.ts';
import { groupGroundTruth } from '../coco/grouping.ts';
import type { MatchRules } from '../coco/match-table.ts';
import type { EvalParams } from '../coco/params.ts';
import { sortByScore } from '../coco/sort.ts';
import type { Dataset } from '../coco/types.ts';
import type { WarningLog } from '../coco/warnings.ts';

/**
 * The federated rules (lvis-api, eval.py `_prepare` and results.py): which detections are dropped, and which are forgiven when nothing matches them.
 * A detection counts only where its category was looked for: the image lists it as absent, or has a ground truth of it.
 *
 * @param maxDets detections kept of each image over all categories, best score first; negative: all
 */
export function federatedRules(
  dataset: Pick<Dataset, 'images'>,
  gt: GroundTruth,
  dt: Detections,
  params: EvalParams,
  maxDets: number,
  warnings: WarningLog,
): MatchRules {
  const droppedGroundTruth = Uint8Array.from(gt.area, (area) => Number(area <= 0));
  const present = presentCategories(gt, droppedGroundTruth, params);
  const absent = imageLists(dataset, 'neg_category_ids', warnings);
  const partial = imageLists(dataset, 'not_exhaustive_category_ids', warnings);
  const dropped = maxDets < 0 ? new Uint8Array(dt.count) : beyondLimit(dt, maxDets);
  const forgiven = new Uint8Array(dt.count);
  for (let i = 0; i < dt.count; i++) {
    const [image, category] = [dt.imageId[i]!, dt.categoryId[i]!];
    const known = absent.get(image)?.has(category) === true || present.get(image)?.has(category) === true;
    if (!known) dropped[i] = 1;
    forgiven[i] = Number(partial.get(image)?.has(category) === true);
  }
  return { unlimited: true, positiveArea: true, dropped, droppedGroundTruth, forgiven };
}

/** Categories with a ground truth in each image, after the reference's replacement of annotations with a repeated id. */
function presentCategories(gt: GroundTruth, droppedGroundTruth: Uint8Array, params: EvalParams): Map<number, Set<number>> {
  const present = new Map<number, Set<number>>();
  for (const row of groupGroundTruth(gt, params, { droppedGroundTruth }).row) {
    const image = gt.imageId[row]!;
    const found = present.get(image);
    if (found === undefined) present.set(image, new Set([gt.categoryId[row]!]));
    else found.add(gt.categoryId[row]!);
  }
  return present;
}

function imageLists(
  dataset: Pick<Dataset, 'images'>,
  field: 'neg_category_ids' | 'not_exhaustive_category_ids',
  warnings: WarningLog,
): Map<number, Set<number>> {
  const reader = new EntryReader('images');
  return new Map(
    dataset.images.map((image, i) => {
      const list: unknown = image[field];
      if (list === undefined) warnings.add(`missing-${field}`, i, `images without "${field}": taken as empty`);
      else if (!Array.isArray(list)) throw reader.fail(i, `a list for "${field}"`, list);
      return [image.id, new Set((list ?? []) as number[])];
    }),
  );
}

/** 1 for detections below the best `maxDets` of their image; equal scores stay in file order. */
function beyondLimit(dt: Detections, maxDets: number): Uint8Array {
  const rows = new Int32Array(dt.count);
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  const dropped = new Uint8Array(dt.count);
  const kept = new Map<number, number>();
  for (const row of sortByScore(rows, dt.score)) {
    const n = kept.get(dt.imageId[row]!) ?? 0;
    if (n >= maxDets) dropped[row] = 1;
    else kept.set(dt.imageId[row]!, n + 1);
  }
  return dropped;
}
