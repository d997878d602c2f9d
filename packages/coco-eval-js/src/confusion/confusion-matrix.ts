import { CocoEvalError } from '../errors.ts';

/** One image for `confusionMatrix`: all classes together, crowd regions left out. */
export interface ConfusionImage {
  /** Category id of each of the G ground truths. */
  readonly gtCategories: ArrayLike<number>;
  /** Category id of each of the D detections, by descending score. */
  readonly dtCategories: ArrayLike<number>;
  /** D x G, row-major. */
  readonly iou: Float64Array;
}

/** The most classes accepted: the matrix of counts stays at 512 MiB. */
export const MAX_CONFUSION_CLASSES = 8191;

/** Counts of (true class, predicted class). */
export interface ConfusionMatrix {
  /** The K classes of rows and columns 0..K-1; row and column K are the background. */
  readonly categoryIds: readonly number[];
  /**
   * `(K + 1) x (K + 1)`, row-major, row = ground truth, column = prediction. Row K counts detections on background (false positives),
   * column K ground truths that nothing matched (false negatives).
   */
  readonly counts: Float64Array;
}

/**
 * Matches all classes of an image together: each detection, best score first, takes the free ground truth of highest IoU, whatever its class
 * (among equal ones the later). The rule of hotcoco 1.x; pycocotools has no confusion matrix.
 *
 * @param images - categories outside `categoryIds` must have been left out
 * @param options - `iouThr`: IoU from which a detection matches, default 0.5
 * @throws CocoEvalError `USAGE` for a threshold outside 0..1, `BAD_INPUT` for a category outside `categoryIds`, `LIMIT` for more than 8191 classes
 *
 * @example
 * ```ts
 * import { confusionMatrix } from 'coco-eval-js';
 * const images = [{ gtCategories: [1, 2], dtCategories: [2, 2], iou: Float64Array.of(0.9, 0, 0, 0.2) }];
 * console.log(confusionMatrix(images, [1, 2]).counts); // [0, 1, 0,  0, 0, 1,  0, 1, 0]
 * ```
 */
export function confusionMatrix(
  images: Iterable<ConfusionImage>,
  categoryIds: readonly number[],
  options: { readonly iouThr?: number } = {},
): ConfusionMatrix {
  const { iouThr = 0.5 } = options;
  if (!(iouThr >= 0 && iouThr <= 1)) throw new CocoEvalError('USAGE', `Expected an IoU threshold from 0 to 1 but received ${iouThr}`);
  const k = categoryIds.length;
  if (k > MAX_CONFUSION_CLASSES)
    throw new CocoEvalError('LIMIT', `Expected at most ${MAX_CONFUSION_CLASSES} classes in a confusion matrix but received ${k}`);
  const at = new Map(categoryIds.map((id, index) => [id, index]));
  const indexOf = (id: number): number => {
    const index = at.get(id);
    if (index === undefined) throw new CocoEvalError('BAD_INPUT', `Expected only the listed categories but found category ${id}`);
    return index;
  };
  const counts = new Float64Array((k + 1) ** 2);
  for (const { gtCategories, dtCategories, iou } of images) {
    const g = gtCategories.length;
    const matched = new Uint8Array(g);
    for (let d = 0; d < dtCategories.length; d++) {
      let best = -1;
      let bestIou = iouThr;
      for (let gt = 0; gt < g; gt++) {
        const value = iou[d * g + gt]!;
        if (!matched[gt] && value >= bestIou) [best, bestIou] = [gt, value];
      }
      if (best >= 0) matched[best] = 1;
      counts[(best < 0 ? k : indexOf(gtCategories[best]!)) * (k + 1) + indexOf(dtCategories[d]!)]!++;
    }
    for (let gt = 0; gt < g; gt++) if (!matched[gt]) counts[indexOf(gtCategories[gt]!) * (k + 1) + k]!++;
  }
  return { categoryIds, counts };
}

/**
 * The matrix with each row divided by its sum: row i says what became of the objects of class i. Empty rows stay 0.
 *
 * @example
 * ```ts
 * import { normalizeConfusion } from 'coco-eval-js';
 * console.log(normalizeConfusion({ categoryIds: [1], counts: Float64Array.of(3, 1, 2, 0) })); // [0.75, 0.25, 1, 0]
 * ```
 */
export function normalizeConfusion({ categoryIds, counts }: ConfusionMatrix): Float64Array {
  const width = categoryIds.length + 1;
  const result = new Float64Array(counts.length);
  for (let row = 0; row < width; row++) {
    let sum = 0;
    for (let column = 0; column < width; column++) sum += counts[row * width + column]!;
    // An empty row divides by 1.
    for (let column = 0; column < width; column++) result[row * width + column] = counts[row * width + column]! / (sum || 1);
  }
  return result;
}
