import type { SemanticConfusion } from './semantic-confusion.ts';

/** Shares from 0 to 1 (detectron2 prints percent); `null` when no pixel has ground truth (NaN there). */
export interface SemanticMetrics {
  readonly mIoU: number | null;
  /** IoU weighted by the share of ground-truth pixels. */
  readonly fwIoU: number | null;
  /** Mean accuracy over classes. */
  readonly mACC: number | null;
  /** Share of pixels that are right. */
  readonly pACC: number | null;
  /** IoU per class; `null` for a class without ground truth, even when predicted. */
  readonly iou: readonly (number | null)[];
  /** Accuracy per class; `null` for a class without ground truth. */
  readonly accuracy: readonly (number | null)[];
}

/**
 * mIoU, fwIoU, mACC and pACC from pixel counts (detectron2's `SemSegEvaluator.evaluate`). Pixels without ground truth count nowhere,
 * classes without ground truth enter no mean.
 *
 * @example
 * ```ts
 * import { countSemanticImage, semanticConfusion, semanticMetrics } from 'coco-eval-js';
 * const confusion = semanticConfusion(3);
 * countSemanticImage(confusion, Uint8Array.of(0, 1, 1, 1), Uint8Array.of(0, 0, 1, 1));
 * console.log(semanticMetrics(confusion).iou); // [ 0.5, 0.6666666666666666, null ]
 * ```
 */
export function semanticMetrics({ numClasses: k, counts }: SemanticConfusion): SemanticMetrics {
  const gtPixels = new Float64Array(k);
  const predictedPixels = new Float64Array(k);
  for (let row = 0; row <= k; row++) {
    for (let column = 0; column < k; column++) {
      const pixels = counts[row * (k + 1) + column]!;
      if (row < k) predictedPixels[row]! += pixels;
      gtPixels[column]! += pixels;
    }
  }
  const total = gtPixels.reduce((sum, pixels) => sum + pixels, 0);
  const iou: (number | null)[] = [];
  const accuracy: (number | null)[] = [];
  let valid = 0;
  let sumIou = 0;
  let sumWeighted = 0;
  let sumAccuracy = 0;
  let right = 0;
  for (let c = 0; c < k; c++) {
    const pixels = gtPixels[c]!;
    if (pixels === 0) {
      iou.push(null);
      accuracy.push(null);
      continue;
    }
    const tp = counts[c * (k + 2)]!;
    const classIou = tp / (pixels + predictedPixels[c]! - tp);
    valid++;
    right += tp;
    sumIou += classIou;
    sumWeighted += classIou * (pixels / total);
    sumAccuracy += tp / pixels;
    iou.push(classIou);
    accuracy.push(tp / pixels);
  }
  if (!valid) return { mIoU: null, fwIoU: null, mACC: null, pACC: null, iou, accuracy };
  return {
    mIoU: sumIou / valid,
    fwIoU: sumWeighted,
    mACC: sumAccuracy / valid,
    pACC: right / total,
    iou,
    accuracy,
  };
}
