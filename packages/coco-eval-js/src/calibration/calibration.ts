import type { Evaluation } from '../coco/evaluation.ts';
import type { MatchTable } from '../coco/match-table.ts';
import { CocoEvalError } from '../errors.ts';

/** Detections whose scores lie in one part of 0..1. */
export interface CalibrationBin {
  /** Inclusive. */
  readonly low: number;
  /** Exclusive, but for the last one. */
  readonly high: number;
  readonly count: number;
  /** Mean score; null without detections. */
  readonly confidence: number | null;
  /** Share of true positives; null without detections. */
  readonly accuracy: number | null;
}

/** How far scores are from what they promise. */
export interface Calibration {
  readonly iouThr: number;
  /** Detections that count: those that are ignored are left out. */
  readonly detections: number;
  /** Expected calibration error, 0..1: mean over detections of |accuracy - confidence| of their bin; null without detections. */
  readonly ece: number | null;
  /** The largest of these. */
  readonly mce: number | null;
  readonly bins: readonly CalibrationBin[];
  /** In order of `catIds`. */
  readonly perCategory: readonly {
    readonly id: number | string;
    readonly name: string;
    readonly detections: number;
    readonly ece: number | null;
  }[];
}

/** Sums of one bin. */
interface Sums {
  readonly count: Float64Array;
  readonly score: Float64Array;
  readonly right: Float64Array;
}

/**
 * Whether scores can be read as probabilities: detections are put into bins of equal width by their score, and of each the mean score is compared with the share of
 * true positives (Guo et al. 2017; the numbers of hotcoco 1.3.0). All sizes, at the largest detection limit.
 *
 * @param options `bins`: 10 by default; `iouThr`: from which a detection is right, 0.5 by default, one of the evaluation's
 * @throws CocoEvalError `USAGE` for a threshold that was not evaluated, or a number of bins outside 1..1000
 * @example
 * ```ts
 * import { calibration, evaluate, type Dataset, type Result } from 'coco-eval-js';
 * function isHonest(dataset: Dataset, results: Result[]): boolean {
 *   return (calibration(evaluate(dataset, results, { iouType: 'bbox' })).ece ?? 1) < 0.05;
 * }
 * ```
 */
export function calibration(
  { table, params, scheme, context }: Evaluation,
  { bins = 10, iouThr = 0.5 }: { readonly bins?: number | undefined; readonly iouThr?: number | undefined } = {},
): Calibration {
  const t = params.iouThrs.indexOf(iouThr);
  if (t < 0)
    throw new CocoEvalError('USAGE', `Expected a threshold of the evaluation (${params.iouThrs.join(', ')}) but received ${iouThr}`);
  if (!Number.isInteger(bins) || bins < 1 || bins > 1000)
    throw new CocoEvalError('USAGE', `Expected from 1 to 1000 bins but received ${bins}`);
  const limit = scheme.limits(params).at(-1)!;
  const total = emptySums(bins);
  const names = new Map(context.categories.map(({ id, name }) => [id, name]));
  const perCategory = (params.useCats ? params.catIds : [-1]).map((id, k) => {
    const own = emptySums(bins);
    addCategory(own, table, k, t, limit);
    for (let b = 0; b < bins; b++) {
      total.count[b]! += own.count[b]!;
      total.score[b]! += own.score[b]!;
      total.right[b]! += own.right[b]!;
    }
    const name = params.useCats ? (names.get(id) ?? String(context.keys.id(id))) : 'all';
    return { id: context.keys.shown(id), name, detections: detectionsOf(own), ece: errorOf(own).ece };
  });
  const { count, score, right } = total;
  return {
    iouThr,
    detections: detectionsOf(total),
    ...errorOf(total),
    bins: Array.from({ length: bins }, (_, b) => ({
      low: b / bins,
      high: (b + 1) / bins,
      count: count[b]!,
      confidence: count[b] === 0 ? null : score[b]! / count[b]!,
      accuracy: count[b] === 0 ? null : right[b]! / count[b]!,
    })),
    perCategory,
  };
}

function emptySums(bins: number): Sums {
  return { count: new Float64Array(bins), score: new Float64Array(bins), right: new Float64Array(bins) };
}

/** Adds the detections of category k that count at threshold t. Scores outside of 0..1 go to the first and the last bin. */
function addCategory({ count, score, right }: Sums, table: MatchTable, k: number, t: number, limit: number): void {
  const { areas, words, dtCategory, dtRank, dtScore, matched, ignored } = table;
  const bit = 1 << (t & 31);
  for (let row = dtCategory[k]!; row < dtCategory[k + 1]!; row++) {
    const word = row * areas * words + (t >> 5);
    if (dtRank[row]! >= limit || (ignored[word]! & bit) !== 0) continue;
    const b = Math.max(0, Math.min(count.length - 1, Math.floor(dtScore[row]! * count.length)));
    count[b]!++;
    score[b]! += dtScore[row]!;
    if ((matched[word]! & bit) !== 0) right[b]!++;
  }
}

function detectionsOf({ count }: Sums): number {
  return count.reduce((sum, n) => sum + n, 0);
}

function errorOf({ count, score, right }: Sums): { ece: number | null; mce: number | null } {
  const total = count.reduce((sum, n) => sum + n, 0);
  if (total === 0) return { ece: null, mce: null };
  let [ece, mce] = [0, 0];
  for (let b = 0; b < count.length; b++) {
    if (count[b] === 0) continue;
    const gap = Math.abs(right[b]! / count[b]! - score[b]! / count[b]!);
    ece += (count[b]! / total) * gap;
    mce = Math.max(mce, gap);
  }
  return { ece, mce };
}
