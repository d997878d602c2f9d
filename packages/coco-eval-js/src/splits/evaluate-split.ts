import { AnnotationColumns } from '../coco/annotation-columns.ts';
import type { Curves } from '../coco/curves.ts';
import { evaluateBy, type EvaluateOptions } from '../coco/evaluate.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import { type Id, showId } from '../coco/id-keys.ts';
import { pairwiseMean } from '../coco/pairwise-mean.ts';
import type { EvalParamsInput } from '../coco/params.ts';
import { categoryMean } from '../coco/per-category.ts';
import type { Dataset, Result } from '../coco/types.ts';
import { CocoEvalError } from '../errors.ts';
import { schemeFor } from '../lvis/scheme.ts';
import { type CategorySplit, namedSplit, type SplitName } from './split.ts';

/** Numbers of one group, 0..1 (F-ViT reports percent); null when no category of the group has a ground truth. */
export interface GroupResult {
  readonly group: string;
  /** Categories in the group, and those of them with ground truth. */
  readonly categories: number;
  readonly counted: number;
  /** Mean over categories of AP at IoU 0.5. */
  readonly ap50: number | null;
  /** Mean over categories of AP over all thresholds. */
  readonly ap: number | null;
}

/** Detection limits of the OV-COCO evaluation (mmdet and F-ViT). */
export const OV_COCO_MAX_DETS: readonly number[] = [100, 300, 1000];

/**
 * AP of each group of a split and of all its categories together (`all`): NaN-means over the categories at the largest detection limit.
 *
 * @throws CocoEvalError `USAGE` when a category of the split was not evaluated, or 0.5 is not among the thresholds
 * @example
 * ```ts
 * import { evaluate, ovCocoSplit, summarizeSplit, type Dataset, type Result } from 'coco-eval-js';
 * function ovCoco(dataset: Dataset, results: Result[]): void {
 *   const split = ovCocoSplit(dataset);
 *   const catIds = Object.values(split.groups).flat();
 *   const evaluation = evaluate(dataset, results, { iouType: 'bbox', catIds, maxDets: [100, 300, 1000] });
 *   for (const { group, ap50 } of summarizeSplit(evaluation, split)) console.log(group, ap50);
 * }
 * ```
 */
export function summarizeSplit(evaluation: Evaluation, split: CategorySplit): GroupResult[] {
  const { params, curves, context } = evaluation;
  const at50 = params.iouThrs.indexOf(0.5);
  if (at50 < 0) throw new CocoEvalError('USAGE', 'Expected the IoU threshold 0.5 among iouThrs');
  const groups = [...Object.entries(split.groups), ['all', [...new Set(Object.values(split.groups).flat())]] as const];
  return groups.map(([group, ids]) => {
    const positions = ids.map((id) => {
      const k = params.catIds.indexOf(context.keys.find(id) ?? NaN);
      if (k < 0 || !params.useCats)
        throw new CocoEvalError('USAGE', `Expected category ${showId(id)} of split "${split.name}" to be evaluated but it was not`);
      return k;
    });
    const ap50 = groupValues(curves, positions, at50);
    return { group, categories: ids.length, counted: ap50.length, ap50: meanOrNull(ap50), ap: meanOrNull(groupValues(curves, positions)) };
  });
}

function groupValues(curves: Curves, positions: readonly number[], threshold?: number): number[] {
  return positions.map((k) => categoryMean(curves, curves.precision, k, 0, threshold)).filter((value) => value !== null);
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : pairwiseMean(Float64Array.from(values));
}

/** An evaluation of a split's categories, with the numbers of each group. */
export interface SplitEvaluation {
  readonly evaluation: Evaluation;
  readonly groups: readonly GroupResult[];
  /** The evaluation's numbers and those of the groups by name: `AP`, `AP50`, ..., `AP50_base`, `AP50_novel`, `AP50_all`, `AP_base`, ...; 0..1, -1 where nothing counts. */
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Evaluates the categories of a split. `ov-coco` and splits of one's own take the images that hold one of the categories (the way the OV-COCO files were made) and
 * detection limits 100, 300 and 1000; `ov-lvis` goes by the federated rules of LVIS, with all images and the best 300 detections of each.
 *
 * @param split of `ovCocoSplit`, `ovLvisSplit` or `parseSplit`, or the name of a known one
 * @param options other settings than these; `iouType` is `bbox` when absent
 * @throws CocoEvalError as `evaluate`, and `BAD_INPUT` when the annotation file lacks a class of the named split
 * @example
 * ```ts
 * import { evaluateSplit, type Dataset, type Result } from 'coco-eval-js';
 * function novelAp50(dataset: Dataset, results: Result[]): number | undefined {
 *   return evaluateSplit(dataset, results, 'ov-coco').metrics['AP50_novel'];
 * }
 * ```
 */
export function evaluateSplit(
  groundTruth: Dataset,
  results: readonly Result[],
  split: CategorySplit | SplitName,
  options: EvaluateOptions = {},
): SplitEvaluation {
  const wanted = typeof split === 'string' ? namedSplit(split, groundTruth) : split;
  const lvis = wanted.name === 'ov-lvis';
  const input = splitParameters({ iouType: 'bbox', ...options }, splitSelection(groundTruth, wanted), lvis);
  const { signal, onProgress } = options;
  const evaluation = evaluateBy(schemeFor(lvis, input.maxDets), groundTruth, results, { ...input, signal, onProgress });
  return splitEvaluation(evaluation, wanted);
}

/** The categories, images and limits of a split where the caller chose none. LVIS keeps all its images and its one limit. */
export function splitParameters(input: EvalParamsInput, { catIds, imgIds }: SplitSelection, lvis: boolean): EvalParamsInput {
  return {
    ...input,
    catIds: input.catIds ?? catIds,
    imgIds: input.imgIds ?? (lvis ? undefined : imgIds),
    maxDets: input.maxDets ?? (lvis ? undefined : OV_COCO_MAX_DETS),
  };
}

/** A finished evaluation with the numbers of the groups. */
export function splitEvaluation(evaluation: Evaluation, split: CategorySplit): SplitEvaluation {
  const groups = summarizeSplit(evaluation, split);
  const numbers = groups.flatMap(({ group, ap50, ap }) => [[`AP50_${group}`, ap50 ?? -1] as const, [`AP_${group}`, ap ?? -1] as const]);
  return { evaluation, groups, metrics: { ...evaluation.metrics, ...Object.fromEntries(numbers) } };
}

/**
 * The categories of a split, and the images with at least one annotation of them.
 *
 * @example
 * ```ts
 * import { splitSelection } from 'coco-eval-js';
 * const dataset = { images: [{ id: 1 }, { id: 2 }], categories: [{ id: 7 }], annotations: [{ id: 1, image_id: 2, category_id: 7 }] };
 * console.log(splitSelection(dataset, { name: 'mine', groups: { all: [7] } })); // { catIds: [7], imgIds: [2] }
 * ```
 */
export function splitSelection(groundTruth: Dataset | AnnotationColumns, split: CategorySplit): SplitSelection {
  if (groundTruth instanceof AnnotationColumns) return selectSplit(groundTruth.images, groundTruth.groundTruth, split);
  const { images, annotations } = groundTruth;
  const ids = { imageId: annotations.map((a) => a.image_id), categoryId: annotations.map((a) => a.category_id) };
  return selectSplit(images, ids, split);
}

/** What `splitSelection` finds. */
export interface SplitSelection {
  readonly catIds: Id[];
  readonly imgIds: Id[];
}

/** The same from the ids of the annotations. */
function selectSplit(
  images: Dataset['images'],
  { imageId, categoryId }: { readonly imageId: ArrayLike<Id>; readonly categoryId: ArrayLike<Id> },
  split: CategorySplit,
): SplitSelection {
  const catIds = [...new Set(Object.values(split.groups).flat())];
  const wanted = new Set(catIds);
  const chosen = new Set<Id>();
  for (let i = 0; i < imageId.length; i++) if (wanted.has(categoryId[i]!)) chosen.add(imageId[i]!);
  return { catIds, imgIds: images.map((image) => image.id).filter((id) => chosen.has(id)) };
}
