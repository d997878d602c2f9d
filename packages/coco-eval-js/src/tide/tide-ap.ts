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
  // Only true positives raise precision or recall, so they alone are kept.
  let found = 0;
  for (const hit of hits) found += hit;
  const precision = new Float64Array(found);
  for (let i = 0, right = 0; i < hits.length; i++) if (hits[i] === 1) precision[right] = ++right / (i + 1);
  for (let i = found - 1; i > 0; i--) if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!;
  // At recall 0 the first detection counts, right or wrong: the precision behind it is that of the first true positive.
  let sum = 0;
  for (let point = 0, i = 0; point <= 100; point++) {
    while (i < found && (i + 1) / positives < point / 100) i++;
    if (i < found) sum += precision[i]!;
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
  const counted = new Int32Array(order.length);
  let length = 0;
  for (const row of order) if (classes[row]! >= 0) counted[length++] = row;
  const start = new Int32Array(positives.length + 1);
  const byClass = countingSort(counted.subarray(0, length), classes, positives.length, start);
  const sorted = new Uint8Array(length);
  for (let i = 0; i < length; i++) sorted[i] = hits[byClass[i]!]!;
  let [sum, n] = [0, 0];
  for (let k = 0; k < positives.length; k++) {
    const [from, to] = [start[k]!, start[k + 1]!];
    if (from === to && positives[k] === 0) continue;
    sum += classAp(sorted.subarray(from, to), positives[k]!);
    n++;
  }
  return n === 0 ? null : sum / n;
}
