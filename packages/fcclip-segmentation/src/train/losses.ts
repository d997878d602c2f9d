// The losses of Mask2Former (Cheng et al., CVPR 2022, arXiv:2112.01527). Masks are compared with their targets at points: most of them where the mask is
// least sure of itself (Kirillov et al., PointRend, CVPR 2020, arXiv:1912.08193).
import {
  abs,
  binaryCrossEntropy,
  concat,
  diceLoss,
  expand,
  gatherElements,
  gridSample,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  stopGradient,
  sub,
  topK,
  type Value,
} from '@vitamin-vlm/graph';

/** A map read at points: [N, C, h, w] at [N, P, 2] of x and y, 0 to 1 from edge to edge -> [N, C, P]. Bilinear, 0 outside. */
export function atPoints(map: Value, points: Value): Value {
  const [n, count] = points.shape as [number, number];
  const seen = gridSample(map, reshape(sub(mul(points, 2), 1), [n, 1, count, 2])); // [N, C, 1, P]
  return reshape(seen, [n, map.shape[1]!, count]);
}

/**
 * Points where masks are to be compared: of the candidates those with the logits nearest to 0, and all extra ones behind them.
 *
 * @param masks - Logits [M, 1, h, w].
 * @param candidates - [M, candidates, 2] of x and y, 0 to 1.
 * @param anywhere - [M, extra, 2]
 * @param count - How many candidates are kept.
 * @returns [M, count + extra, 2]
 */
export function uncertainPoints(masks: Value, candidates: Value, anywhere: Value, count: number): Value {
  const [pairs, all] = candidates.shape as [number, number];
  const logits = reshape(atPoints(stopGradient(masks), candidates), [pairs, all]);
  const { indices } = topK(neg(abs(logits)), count);
  const chosen = gatherElements(candidates, expand(reshape(indices, [pairs, count, 1]), [pairs, count, 2]), 1);
  return concat([chosen, anywhere], 1);
}

/** Losses of M masks at points, each mask times its share. Scalars. */
export interface MaskLosses {
  /** Binary cross-entropy, mean over the points. */
  readonly masks: Value;
  readonly dice: Value;
}

/**
 * @param masks - Logits [M, 1, h, w].
 * @param targets - [M, 1, H, W], 1 inside, 0 outside.
 * @param points - [M, P, 2]
 * @param shares - [M]: 1 / (masks of the batch), and 0 for pairs that only fill up the batch.
 */
export function maskLosses(masks: Value, targets: Value, points: Value, shares: Value): MaskLosses {
  const [pairs, count] = points.shape as [number, number];
  const [logits, wanted] = [masks, targets].map((map) => reshape(atPoints(map, points), [pairs, count])) as [Value, Value];
  const total = (losses: Value): Value => reshape(reduceSum(mul(reshape(losses, [pairs]), shares), [0]), []);
  return {
    masks: total(reduceMean(binaryCrossEntropy(logits, wanted, 'none'), [-1])),
    dice: total(diceLoss(logits, wanted, 'none')),
  };
}
