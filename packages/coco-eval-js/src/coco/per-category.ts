import type { Curves } from './curves.ts';
import type { MatchTable } from './match-table.ts';
import { pairwiseMean } from './pairwise-mean.ts';
import type { EvalParams } from './params.ts';
import type { EvaluationContext } from './types.ts';

/** The point of a category's curve with the best F1 at the first IoU threshold, from raw counts (interpolated curves over-estimate precision). */
export interface OperatingPoint {
  /** Keep detections with at least this score. */
  readonly score: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** Numbers of one category; null where it has no ground truth that counts. All at the largest detection limit. */
export interface CategoryRow {
  /** -1 when categories are not used; whole numbers beyond 2^53 as text. */
  readonly id: number | string;
  readonly name: string;
  readonly groundTruths: number;
  readonly detections: number;
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  /** Mean over thresholds of the highest recall. */
  readonly AR: number | null;
  /** AP of every area range after the first, by its label. */
  readonly byArea: Readonly<Record<string, number | null>>;
  readonly best: OperatingPoint | null;
}

/** One row for each category, in the order of `catIds`. */
export function perCategory(table: MatchTable, curves: Curves, params: EvalParams, { categories, keys }: EvaluationContext): CategoryRow[] {
  const names = new Map(
    categories.map((category) => [category.id, typeof category.name === 'string' ? category.name : String(keys.id(category.id))]),
  );
  const at50 = params.iouThrs.indexOf(0.5);
  const at75 = params.iouThrs.indexOf(0.75);
  const ids = params.useCats ? params.catIds : [-1];
  return ids.map((id, k) => ({
    id: keys.shown(id),
    name: id === -1 && !params.useCats ? 'all' : (names.get(id) ?? String(keys.id(id))),
    groundTruths: countGroundTruths(table, k),
    detections: table.dtCategory[k + 1]! - table.dtCategory[k]!,
    AP: categoryMean(curves, curves.precision, k, 0),
    AP50: at50 < 0 ? null : categoryMean(curves, curves.precision, k, 0, at50),
    AP75: at75 < 0 ? null : categoryMean(curves, curves.precision, k, 0, at75),
    AR: categoryMean(curves, curves.recall, k, 0),
    byArea: Object.fromEntries(params.areaRngLbl.slice(1).map((label, a) => [label, categoryMean(curves, curves.precision, k, a + 1)])),
    best: bestPoint(table, k),
  }));
}

function countGroundTruths(table: MatchTable, k: number): number {
  let n = 0;
  for (let g = table.gtCategory[k]!; g < table.gtCategory[k + 1]!; g++) n += 1 - table.gtIgnored[g * table.areas]!;
  return n;
}

/**
 * Mean of one category's precision (or recall) at the largest detection limit, over all thresholds or one; null when it has no ground truth.
 *
 * @param a position of the area range
 */
export function categoryMean(curves: Curves, source: Float64Array, k: number, a: number, threshold?: number): number | null {
  const [T, R, K, A, M] = curves.counts;
  const points = source === curves.recall ? 1 : R;
  const values = new Float64Array(T * points);
  let n = 0;
  for (let t = threshold ?? 0; t < (threshold === undefined ? T : threshold + 1); t++) {
    for (let r = 0; r < points; r++) {
      const value = source[(((t * points + r) * K + k) * A + a) * M + M - 1]!;
      if (value > -1) values[n++] = value;
    }
  }
  return n === 0 ? null : pairwiseMean(values, n);
}

function bestPoint(table: MatchTable, k: number): OperatingPoint | null {
  const positives = countGroundTruths(table, k);
  if (positives === 0) return null;
  const end = table.dtCategory[k + 1]!;
  let [tp, fp] = [0, 0];
  let best: OperatingPoint | null = null;
  for (let row = table.dtCategory[k]!; row < end; row++) {
    const slot = row * table.areas * table.words;
    if ((table.ignored[slot]! & 1) === 0) {
      if ((table.matched[slot]! & 1) === 1) tp++;
      else fp++;
    }
    // A threshold keeps all detections of one score or none.
    if (row + 1 < end && table.dtScore[row + 1] === table.dtScore[row]) continue;
    const f1 = (2 * tp) / (tp + fp + positives);
    if (best !== null && f1 <= best.f1) continue;
    const counts = { truePositives: tp, falsePositives: fp, falseNegatives: positives - tp };
    best = { score: table.dtScore[row]!, precision: tp === 0 ? 0 : tp / (tp + fp), recall: tp / positives, f1, ...counts };
  }
  return best;
}
