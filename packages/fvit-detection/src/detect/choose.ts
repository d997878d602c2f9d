import { nms, shiftedNms } from '../boxes/nms.ts';

/** How scored boxes become detections. */
export interface ChoiceOptions {
  /** Only scores *greater* than this count: one number, or one for each class. */
  readonly score: number | Float32Array;
  /** Overlap above which the worse of two boxes is dropped. */
  readonly nms: number;
  /** Detections at most. */
  readonly max: number;
  /** Boxes of different classes suppress each other too. Default: only boxes of one class do. */
  readonly classAgnostic?: boolean | undefined;
  /** Suppress as mmcv does in float32 (`shiftedNms`). Default false. */
  readonly shifted?: boolean | undefined;
}

/** Chosen pairs of a region and a class, best first. */
export interface Choice {
  readonly rois: Uint32Array;
  readonly classes: Uint32Array;
  readonly scores: Float32Array;
}

/**
 * mmdetection's `multiclass_nms` for one box per region: every pair of a region and a class with a score above the limit is a candidate, in the order of
 * regions and then of classes; suppression class by class; the best of all.
 *
 * @param boxes - R boxes [x1, y1, x2, y2].
 * @param scores - [R, columns], row by row.
 * @param columns - Columns of a row.
 * @param classes - The first columns, which are classes. The others (background, words that are not wanted) are never chosen.
 * @example
 * ```ts
 * import { choose } from '@vitamin-vlm/fvit-detection';
 * const boxes = new Float32Array([0, 0, 10, 10, 0, 0, 10, 9]);
 * const scores = new Float32Array([0.9, 0.1, 0.6, 0.4]); // one class and the background
 * console.log(choose(boxes, scores, 2, 1, { score: 0.01, nms: 0.5, max: 100 }).rois); // Uint32Array [ 0 ]
 * ```
 */
export function choose(boxes: Float32Array, scores: Float32Array, columns: number, classes: number, options: ChoiceOptions): Choice {
  const { score, nms: threshold, max, classAgnostic = false, shifted = false } = options;
  const limits = typeof score === 'number' ? new Float32Array(classes).fill(score) : score;
  const count = countAbove(scores, columns, limits);
  const [rois, groups, values] = [new Uint32Array(count), new Uint32Array(count), new Float32Array(count)];
  for (let start = 0, roi = 0, at = 0; start < scores.length; start += columns, roi++) {
    for (let k = 0; k < classes; k++) {
      const value = scores[start + k]!;
      if (!(value > limits[k]!)) continue;
      rois[at] = roi;
      groups[at] = k;
      values[at++] = value;
    }
  }
  const settings = { threshold, max, boxOf: rois };
  const kept =
    shifted && !classAgnostic
      ? shiftedNms(boxes, values, { ...settings, groups })
      : nms(boxes, values, { ...settings, groups: classAgnostic ? undefined : groups });
  return {
    rois: Uint32Array.from(kept, (i) => rois[i]!),
    classes: Uint32Array.from(kept, (i) => groups[i]!),
    scores: Float32Array.from(kept, (i) => values[i]!),
  };
}

/** How many scores of classes are above the limit of their class. */
function countAbove(scores: Float32Array, columns: number, limits: Float32Array): number {
  let count = 0;
  for (let start = 0; start < scores.length; start += columns) {
    for (let k = 0; k < limits.length; k++) if (scores[start + k]! > limits[k]!) count++;
  }
  return count;
}
