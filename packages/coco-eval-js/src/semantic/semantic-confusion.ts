import { CocoEvalError } from '../errors.ts';

/** Pixel counts of (predicted class, true class). Plain data: counts of several parts are added with `addSemanticConfusion`. */
export interface SemanticConfusion {
  readonly numClasses: number;
  /** `(K + 1) x (K + 1)`, row = prediction, column = ground truth; column K = pixels without ground truth, row K = pixels without an answer. Exact up to 2^53 pixels. */
  readonly counts: Float64Array;
}

/** A label map: one class index per pixel. */
export type LabelMap = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** The most classes accepted: the matrix of counts stays below 140 MB. */
const maxClasses = 4096;

/**
 * Empty counts for `numClasses` classes.
 *
 * @param numClasses - 1..4096
 * @throws CocoEvalError `USAGE` outside that range
 *
 * @example
 * ```ts
 * import { semanticConfusion } from 'coco-eval-js';
 * console.log(semanticConfusion(150).counts.length); // 22801
 * ```
 */
export function semanticConfusion(numClasses: number): SemanticConfusion {
  if (!Number.isInteger(numClasses) || numClasses < 1 || numClasses > maxClasses) {
    throw new CocoEvalError('USAGE', `Expected 1 to ${maxClasses} classes but received ${numClasses}`);
  }
  return { numClasses, counts: new Float64Array((numClasses + 1) ** 2) };
}

/**
 * Counts one image (detectron2's `SemSegEvaluator`).
 *
 * @param confusion - changed in place
 * @param prediction - class index of each pixel, 0..K-1
 * @param gt - class index of each pixel, 0..K-1, or `ignoreLabel`
 * @param options - `ignoreLabel`: the value of pixels without ground truth, default 255; must be given when there are more than 255 classes.
 *   `noAnswer`: the value of predicted pixels that are none of the classes, which count as wrong; without it such a value is an error, as detectron2 knows none
 * @throws CocoEvalError `BAD_INPUT` when sizes differ or a label is outside the classes (naming the pixel), `USAGE` without a usable `ignoreLabel`
 *
 * @example
 * ```ts
 * import { countSemanticImage, semanticConfusion, semanticMetrics } from 'coco-eval-js';
 * const confusion = semanticConfusion(2);
 * countSemanticImage(confusion, Uint8Array.of(0, 0, 1, 1), Uint8Array.of(0, 1, 1, 255));
 * console.log(semanticMetrics(confusion).mIoU); // 0.5
 * ```
 */
export function countSemanticImage(
  confusion: SemanticConfusion,
  prediction: LabelMap,
  gt: LabelMap,
  options: { readonly ignoreLabel?: number; readonly noAnswer?: number } = {},
): void {
  const { numClasses, counts } = confusion;
  if (options.ignoreLabel === undefined && numClasses > 255) {
    throw new CocoEvalError('USAGE', `Expected an ignoreLabel for ${numClasses} classes but received none`, {
      hint: 'The default 255 is one of the classes here; pass 65535 or -1.',
    });
  }
  const ignoreLabel = options.ignoreLabel ?? 255;
  if (prediction.length !== gt.length) {
    throw new CocoEvalError('BAD_INPUT', `Expected a prediction of ${gt.length} pixels but received ${prediction.length}`);
  }
  checkLabels(prediction, numClasses, options.noAnswer, 'prediction');
  checkLabels(gt, numClasses, ignoreLabel, 'ground truth');
  const width = numClasses + 1;
  for (let i = 0; i < gt.length; i++) {
    const label = gt[i]!;
    const answer = prediction[i]!;
    counts[(answer === options.noAnswer ? numClasses : answer) * width + (label === ignoreLabel ? numClasses : label)]!++;
  }
}

/** Checked before counting, so that a bad image leaves the counts as they were. */
function checkLabels(labels: LabelMap, numClasses: number, ignoreLabel: number | undefined, what: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if ((label < 0 || label >= numClasses) && label !== ignoreLabel) {
      throw new CocoEvalError('BAD_INPUT', `Expected class indexes 0 to ${numClasses - 1} in the ${what} but pixel ${i} is ${label}`, {
        index: i,
      });
    }
  }
}

/**
 * Adds the counts of `other` to `confusion`; exact in any grouping of images.
 *
 * @throws CocoEvalError `USAGE` when the numbers of classes differ
 *
 * @example
 * ```ts
 * import { addSemanticConfusion, semanticConfusion } from 'coco-eval-js';
 * const total = semanticConfusion(2);
 * addSemanticConfusion(total, semanticConfusion(2));
 * ```
 */
export function addSemanticConfusion(confusion: SemanticConfusion, other: SemanticConfusion): void {
  if (confusion.numClasses !== other.numClasses) {
    throw new CocoEvalError('USAGE', `Expected counts of ${confusion.numClasses} classes but received ${other.numClasses}`);
  }
  for (let i = 0; i < other.counts.length; i++) confusion.counts[i]! += other.counts[i]!;
}
