import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { NamedTensors } from '@vitamin-vlm/runtime';
import type { Extents } from '../boxes/delta-coder.ts';
import { propose } from '../detect/proposals.ts';
import { MASK_GRID } from '../models/mask-head.ts';
import { allAnchors, anchorTargetFeeds, type AnchorTargets, anchorTargets } from './anchor-targets.ts';
import { type Bitmap, MASK_SIDE, maskTarget } from './mask-targets.ts';
import { levelFeeds, regionTargetFeeds, type RegionTargets, regionTargets } from './region-targets.ts';
import type { Choose } from './sample.ts';
import type { TrainingRules } from './settings.ts';
import { pyramidLevels, type TrainingShape } from './training-graphs.ts';

/** What is true of a training picture. */
export interface Truth {
  /** Boxes [x1, y1, x2, y2] on the canvas. */
  readonly boxes: Float32Array;
  /** The class of each. */
  readonly classes: Int32Array;
  /** The mask of each, for detectors with a mask head. */
  readonly masks?: readonly Bitmap[] | undefined;
  /** The part of the canvas that holds the picture. */
  readonly extents: Extents;
}

/** What the network is to learn from a batch: for each picture its anchors and its regions. */
export interface BatchTargets {
  readonly anchors: readonly AnchorTargets[];
  readonly regions: readonly RegionTargets[];
}

/**
 * From what the proposal network finds (`trainingForward`) to what is to be learned: proposals, assignment, samples.
 *
 * @param results - `logits0`, `deltas0` and so on, for all pictures of the batch.
 * @example
 * ```ts
 * import type { Tensor } from '@vitamin-vlm/core';
 * import { batchTargets, takeAtRandom, targetFeeds, trainingRules, type TrainingShape, type Truth } from '@vitamin-vlm/fvit-detection';
 * import { randomStream } from '@vitamin-vlm/training';
 * function feeds(results: Record<string, Tensor>, truths: Truth[], shape: TrainingShape, step: number): Record<string, Tensor> {
 *   const targets = batchTargets(results, truths, trainingRules['ov-coco'], shape, takeAtRandom(randomStream(0, step)));
 *   return targetFeeds(targets, truths, shape, { background: 65, masks: false });
 * }
 * ```
 */
export function batchTargets(
  results: NamedTensors,
  truths: readonly Truth[],
  rules: TrainingRules,
  shape: TrainingShape,
  choose: Choose,
): BatchTargets {
  const levels = pyramidLevels(shape.canvas, shape.patch);
  const anchors = allAnchors(levels);
  const part = (name: string, n: number): Float32Array => {
    const data = results[name]!.data as Float32Array;
    const length = data.length / shape.pictures;
    return data.subarray(n * length, (n + 1) * length);
  };
  return {
    anchors: truths.map(({ boxes }) => anchorTargets(anchors, boxes, rules.anchors, choose)),
    regions: truths.map((truth, n) => {
      const outputs = levels.map((level, l) => ({ ...level, logits: part(`logits${l}`, n), deltas: part(`deltas${l}`, n) }));
      return regionTargets(propose(outputs, { ...rules.proposals, clip: truth.extents }).boxes, truth, rules.regions, choose);
    }),
  };
}

/** The feeds of a step from its targets. `background`: index of the class of negatives. `masks`: whether the detector has a mask head. Example: `batchTargets`. */
export function targetFeeds(
  { anchors, regions }: BatchTargets,
  truths: readonly Truth[],
  shape: TrainingShape,
  { background, masks }: { readonly background: number; readonly masks: boolean },
): Record<string, Tensor> {
  return {
    ...anchorTargetFeeds(pyramidLevels(shape.canvas, shape.patch), anchors),
    ...regionTargetFeeds(regions, background, shape),
    ...(masks ? maskTargetFeeds(regions, truths, shape) : {}),
  };
}

/** The feeds of masks: of the positives, repeated without weight where the graph takes more; of anything, without weight, where there are none. */
export function maskTargetFeeds(regions: readonly RegionTargets[], truths: readonly Truth[], shape: TrainingShape): Record<string, Tensor> {
  const positives = regions.flatMap(({ boxes, truths: owners }, picture) =>
    [...owners].map((owner, i) => ({ box: boxes.subarray(4 * i, 4 * i + 4), picture, mask: truths[picture]!.masks![owner]! })),
  );
  const count = Math.min(positives.length, shape.maskRegions);
  const targets = tensor('float32', [shape.maskRegions, 1, MASK_SIDE, MASK_SIDE]);
  const weights = tensor('float32', [shape.maskRegions, 1, 1, 1]);
  for (const [i, { mask, box }] of positives.slice(0, count).entries()) {
    targets.data.set(maskTarget(mask, box), i * MASK_SIDE ** 2);
    weights.data[i] = 1 / (count * MASK_SIDE ** 2);
  }
  const fill = Array.from({ length: shape.maskRegions }, (_, i) => positives[count > 0 ? i % count : 0]);
  const boxes = Float32Array.from(fill.flatMap((positive) => [...(positive?.box ?? regions[0]!.boxes.subarray(0, 4))]));
  const pictures = Int32Array.from(fill, (positive) => positive?.picture ?? 0);
  return { ...levelFeeds('masks', boxes, pictures, MASK_GRID, shape), maskTargets: targets, maskWeights: weights };
}
