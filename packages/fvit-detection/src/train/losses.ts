// The losses of F-ViT, as its configurations set them. Weights that depend on what was sampled come as inputs.
import {
  abs,
  add,
  binaryCrossEntropy,
  crossEntropy,
  l2Normalize,
  matmul,
  mul,
  reduceSum,
  reshape,
  sub,
  type Value,
} from '@vitamin-vlm/graph';
import type { BoxHeadValues } from '../models/box-head.ts';
import type { RpnMaps } from '../models/proposal-network.ts';

/** What the anchors of one level are to learn: maps in the layout of the network's own. */
export interface AnchorTargetValues {
  /** [N, 3, h, w]: 1 for positives, else 0. */
  readonly objects: Value;
  /** [N, 3, h, w]: 1 / (sampled anchors of the batch) where an anchor was sampled, else 0. */
  readonly counted: Value;
  /** [N, 12, h, w]: the deltas of positives. */
  readonly moves: Value;
}

/** Losses of one level: objectness by binary cross-entropy, deltas of positives by their absolute error. Scalars. */
export function anchorLosses(
  { logits, deltas }: RpnMaps,
  { objects, counted, moves }: AnchorTargetValues,
): { readonly objectness: Value; readonly boxes: Value } {
  const [n, anchors, height, width] = logits.shape as [number, number, number, number];
  const positive = reshape(mul(objects, counted), [n, anchors, 1, height, width]);
  const missed = reshape(abs(sub(deltas, moves)), [n, anchors, 4, height, width]);
  return {
    objectness: total(mul(binaryCrossEntropy(logits, objects, 'none'), counted)),
    boxes: total(mul(missed, positive)),
  };
}

/** What regions are to learn. */
export interface RegionTargetValues {
  /** int64 [R]: the class, the background's index for negatives, -1 for regions that only fill up the batch. */
  readonly classes: Value;
  /** [K + 1]: weight of each class in the loss; classes with 0 are hidden from it. */
  readonly classWeights: Value;
  /** [K + 1]: 0, and -∞ for hidden classes. */
  readonly hidden: Value;
  /** Scalar: 1 / (regions of the batch). */
  readonly share: Value;
  /** [R, 4]: the deltas of positives. */
  readonly moves: Value;
  /** [R, 1]: `share` for positives, else 0. */
  readonly moved: Value;
}

/**
 * Losses of regions: softmax cross-entropy of the cosines with all classes that have boxes, absolute error of the deltas of positives. Scalars.
 *
 * @param embeddings - [E, K + 1], unit columns.
 * @param temperature - Learned factor on the cosines, a scalar.
 */
export function regionLosses(
  { classVectors, deltas }: Pick<BoxHeadValues, 'classVectors' | 'deltas'>,
  embeddings: Value,
  temperature: Value,
  targets: RegionTargetValues,
): { readonly classes: Value; readonly boxes: Value } {
  // A vector that is all zero has no direction; it gives no gradient here, where the original would give NaN.
  const logits = mul(matmul(l2Normalize(classVectors), embeddings), temperature);
  return { classes: classLoss(logits, targets), boxes: total(mul(abs(sub(deltas, targets.moves)), targets.moved)) };
}

/** Weighted softmax cross-entropy over the classes that are not hidden: logits [R, K + 1] -> the sum over regions times `share`, a scalar. */
export function classLoss(
  logits: Value,
  { classes, classWeights, hidden, share }: Pick<RegionTargetValues, 'classes' | 'classWeights' | 'hidden' | 'share'>,
): Value {
  return mul(crossEntropy(add(logits, hidden), classes, { classWeights, reduction: 'sum' }), share);
}

/** Binary cross-entropy of masks: logits and targets [P, 1, 28, 28], weights [P, 1, 1, 1] that say what one cell counts. A scalar. */
export function maskLoss(logits: Value, targets: Value, weights: Value): Value {
  return total(mul(binaryCrossEntropy(logits, targets, 'none'), weights));
}

function total(losses: Value): Value {
  return reshape(reduceSum(losses, [...losses.shape.keys()]), []);
}
