import type { PanopticCategoryId, PanopticStats } from './panoptic-image.ts';

/** A category of a COCO panoptic file. */
export interface PanopticCategory {
  readonly id: PanopticCategoryId;
  readonly name?: string;
  /** 1 for things (countable), 0 for stuff. */
  readonly isthing: number | boolean;
}

/** Means over the `n` categories that occur; `null` when none does (panopticapi divides by zero there). All values in 0..1. */
export interface PanopticAverage {
  readonly pq: number | null;
  readonly sq: number | null;
  readonly rq: number | null;
  readonly n: number;
}

/** One category. A category that occurs nowhere has zeros and does not enter the means. */
export interface PanopticClassResult {
  readonly id: PanopticCategoryId;
  readonly pq: number;
  readonly sq: number;
  readonly rq: number;
  readonly iou: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/** What `panopticQuality` returns. */
export interface PanopticResult {
  readonly all: PanopticAverage;
  readonly things: PanopticAverage;
  readonly stuff: PanopticAverage;
  /** In the order of the categories given. */
  readonly perClass: readonly PanopticClassResult[];
}

/**
 * Panoptic quality from counts: PQ = IoU sum / (TP + FP/2 + FN/2), SQ = IoU sum / TP, RQ = TP / (TP + FP/2 + FN/2), averaged over the categories that occur.
 *
 * @param stats - counts collected by `addPanopticImage`
 * @param categories - decides the order of `perClass`, and what is a thing
 *
 * @example
 * ```ts
 * import { panopticQuality } from 'coco-eval-js';
 * const stats = new Map([[1, { iou: 1.6, tp: 2, fp: 1, fn: 1 }]]);
 * const { all, stuff } = panopticQuality(stats, [{ id: 1, isthing: 1 }, { id: 2, isthing: 0 }]);
 * console.log(all.pq, stuff.pq); // 0.5333333333333333 null
 * ```
 */
export function panopticQuality(stats: PanopticStats, categories: readonly PanopticCategory[]): PanopticResult {
  const perClass = categories.map(({ id }) => {
    const counts = stats.get(id) ?? { iou: 0, tp: 0, fp: 0, fn: 0 };
    const { iou, tp, fp, fn } = counts;
    const total = tp + 0.5 * fp + 0.5 * fn;
    return { id, pq: total ? iou / total : 0, sq: tp ? iou / tp : 0, rq: total ? tp / total : 0, ...counts };
  });
  const isThing = categories.map(({ isthing }) => isthing === 1 || isthing === true);
  return {
    all: average(perClass),
    things: average(perClass.filter((_, index) => isThing[index])),
    stuff: average(perClass.filter((_, index) => !isThing[index])),
    perClass,
  };
}

function average(classes: readonly PanopticClassResult[]): PanopticAverage {
  const counted = classes.filter(({ tp, fp, fn }) => tp + fp + fn > 0);
  const n = counted.length;
  const mean = (key: 'pq' | 'sq' | 'rq'): number | null => (n ? counted.reduce((sum, result) => sum + result[key], 0) / n : null);
  return { pq: mean('pq'), sq: mean('sq'), rq: mean('rq'), n };
}

/**
 * Adds the counts of `other` to `stats`: images may be counted apart (in workers, in shards) and summed in any grouping.
 * Counts are exact; the IoU sums may differ in the last bit with the grouping, as they do in panopticapi with the number of cores.
 *
 * @example
 * ```ts
 * import { addPanopticStats, type PanopticStats } from 'coco-eval-js';
 * const total: PanopticStats = new Map([[1, { iou: 0.75, tp: 1, fp: 0, fn: 0 }]]);
 * addPanopticStats(total, new Map([[1, { iou: 0, tp: 0, fp: 2, fn: 1 }]]));
 * console.log(total.get(1)); // { iou: 0.75, tp: 1, fp: 2, fn: 1 }
 * ```
 */
export function addPanopticStats(stats: PanopticStats, other: PanopticStats): void {
  for (const [category, counts] of other) {
    const sum = stats.get(category);
    if (!sum) {
      stats.set(category, { ...counts });
      continue;
    }
    sum.iou += counts.iou;
    sum.tp += counts.tp;
    sum.fp += counts.fp;
    sum.fn += counts.fn;
  }
}
