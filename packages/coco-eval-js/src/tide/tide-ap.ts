/**
 * Average precision as TIDE defines it (tidecv's `ap.py`): one IoU, 101 recall points i/100, precision without epsilon.
 *
 * @param hits - one flag per detection of the class, by descending score: 1 true positive, 0 false positive
 * @param positives - ground truths of the class
 * @returns 0..100; 0 without ground truth
 */
function classAp(hits: readonly number[], positives: number): number {
  if (positives === 0) return 0;
  const precision = new Float64Array(hits.length);
  const recall = new Float64Array(hits.length);
  let right = 0;
  hits.forEach((hit, i) => {
    right += hit;
    precision[i] = right / (i + 1);
    recall[i] = right / positives;
  });
  for (let i = hits.length - 1; i > 0; i--) if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!;
  let sum = 0;
  for (let point = 0, i = 0; point <= 100; point++) {
    while (i < hits.length && recall[i]! < point / 100) i++;
    if (i < hits.length) sum += precision[i]!;
  }
  return (sum / 101) * 100;
}

/** One class of a data set: its detections by descending score, and the number of its ground truths. */
export interface ClassHits {
  readonly hits: number[];
  positives: number;
}

/** Mean AP (0..100) over the classes that have a detection or a ground truth; `null` when none has. */
export function meanAp(classes: readonly ClassHits[]): number | null {
  const counted = classes.filter(({ hits, positives }) => hits.length > 0 || positives !== 0);
  if (!counted.length) return null;
  return counted.reduce((sum, { hits, positives }) => sum + classAp(hits, positives), 0) / counted.length;
}
