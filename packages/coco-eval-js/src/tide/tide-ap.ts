import { countingSort } from '../coco/sort.ts';

/**
 * Average precision as TIDE defines it (tidecv's `ap.py`): one IoU, 101 recall points i/100, precision without epsilon.
 *
 * @param hits - one flag per detection of the class, by descending score: 1 true positive, 0 false positive
 * @param positives - ground truths of the class
 * @returns 0..1; 0 without ground truth
 */
function classAp(hits: Uint8Array, positives: number): number {
  if (positives === 0) return 0;
  const precision = new Float64Array(hits.length);
  const recall = new Float64Array(hits.length);
  let right = 0;
  for (let i = 0; i < hits.length; i++) {
    right += hits[i]!;
    precision[i] = right / (i + 1);
    recall[i] = right / positives;
  }
  for (let i = hits.length - 1; i > 0; i--) if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!;
  let sum = 0;
  for (let point = 0, i = 0; point <= 100; point++) {
    while (i < hits.length && recall[i]! < point / 100) i++;
    if (i < hits.length) sum += precision[i]!;
  }
  return sum / 101;
}

/** What a mean AP is computed from; each list has one entry a detection. */
export interface Ranking {
  /** Rows of the lists below, best first, all classes mixed. */
  readonly order: Int32Array;
  /** Position of the class in `positives`; -1: the detection does not count. */
  readonly classes: Int32Array;
  /** 1 for true positives. */
  readonly hits: Uint8Array;
  /** Ground truths of each class. */
  readonly positives: Float64Array;
}

/** Mean AP (0..1) over the classes that have a detection or a ground truth; `null` when none has. */
export function meanAp({ order, classes, hits, positives }: Ranking): number | null {
  const counted = order.filter((row) => classes[row]! >= 0);
  const byClass = countingSort(counted, classes, positives.length);
  const sorted = Uint8Array.from(byClass, (row) => hits[row]!);
  let [sum, n] = [0, 0];
  for (let k = 0, from = 0, to = 0; k < positives.length; k++, from = to) {
    while (to < byClass.length && classes[byClass[to]!] === k) to++;
    if (from === to && positives[k] === 0) continue;
    sum += classAp(sorted.subarray(from, to), positives[k]!);
    n++;
  }
  return n === 0 ? null : sum / n;
}
