import { descendingChunks } from './descending-order.ts';
import { boxAreas, intersection } from './iou.ts';
import { takeBoxes } from './take-boxes.ts';

/** From this many boxes on mmcv suppresses group by group instead of all at once. */
const SPLIT_THRESHOLD = 10_000;

/** How boxes suppress each other. */
export interface NmsOptions {
  /** A box is dropped when its intersection over union with a better one is *greater* than this. */
  readonly threshold: number;
  /** Which box each score is of, when several share one. Default: each its own. */
  readonly boxOf?: Uint32Array | undefined;
  /** Group of each score, from 0: boxes of different groups never suppress each other. Default: one group. */
  readonly groups?: Uint32Array | undefined;
  /** Stop after this many kept boxes. Default: keep all that survive. */
  readonly max?: number | undefined;
}

/**
 * Non-maximum suppression: boxes from the best score down, each dropped when it overlaps too much with a kept one. Equal scores: the lower index
 * first. Two boxes without an area have no overlap (0 / 0), so both stay. With `groups` and `max` the result equals that of suppressing every group by
 * itself, merging by score and cutting, but the work ends with the last box kept.
 *
 * @param boxes - Boxes [x1, y1, x2, y2].
 * @param scores - One for each box, or for each of `boxOf`.
 * @returns indices of the kept scores, best first.
 * @example
 * ```ts
 * import { nms } from '@vitamin-vlm/fvit-detection';
 * const boxes = new Float32Array([0, 0, 10, 10, 0, 0, 10, 9, 20, 20, 30, 30]);
 * console.log(nms(boxes, new Float32Array([0.8, 0.9, 0.1]), { threshold: 0.5 })); // Uint32Array [ 1, 2 ]
 * ```
 */
export function nms(boxes: Float32Array, scores: Float32Array, { threshold, boxOf, groups, max = Infinity }: NmsOptions): Uint32Array {
  const areas = boxAreas(boxes);
  const kept = new Uint32Array(Math.min(scores.length, max));
  // Kept boxes of a group are a list: `last` holds the newest of each group, `before` the one that was kept before it, as 1 + place in `kept`.
  const last = new Uint32Array(groups ? groups.reduce((a, b) => Math.max(a, b), 0) + 1 : 1);
  const before = new Uint32Array(kept.length);
  let count = 0;
  for (const chunk of descendingChunks(scores)) {
    for (let i = 0; i < chunk.length && count < kept.length; i++) {
      const index = chunk[i]!;
      const box = boxOf ? boxOf[index]! : index;
      const group = groups ? groups[index]! : 0;
      let place = last[group]!;
      while (place > 0) {
        const other = boxOf ? boxOf[kept[place - 1]!]! : kept[place - 1]!;
        const common = intersection(boxes, other, boxes, box);
        if (common / (areas[other]! + areas[box]! - common) > threshold) break;
        place = before[place - 1]!;
      }
      if (place > 0) continue;
      kept[count] = index;
      before[count] = last[group]!;
      last[group] = ++count;
    }
    if (count === kept.length) break;
  }
  return kept.subarray(0, count);
}

/**
 * `nms` by groups as mmcv's `batched_nms` computes it: all boxes of a group are moved by group · (largest coordinate + 1) in float32, and then one
 * suppression runs over all. With a thousand groups float32 has steps of 1/16 pixel out there, so overlaps near the threshold can fall on the other
 * side than in `nms`. For repeating published figures to the last box; otherwise `nms` is more exact and faster.
 *
 * @example
 * ```ts
 * import { shiftedNms } from '@vitamin-vlm/fvit-detection';
 * const boxes = new Float32Array([0, 0, 10, 10, 0, 0, 10, 9]);
 * const options = { threshold: 0.5, groups: new Uint32Array([0, 1]) };
 * console.log(shiftedNms(boxes, new Float32Array([0.8, 0.9]), options)); // Uint32Array [ 1, 0 ]
 * ```
 */
export function shiftedNms(
  boxes: Float32Array,
  scores: Float32Array,
  { groups, boxOf, ...options }: NmsOptions & { readonly groups: Uint32Array },
): Uint32Array {
  const step = Math.fround(boxes.reduce((a, b) => Math.max(a, b), -Infinity) + 1);
  const moved = (boxOf ? takeBoxes(boxes, boxOf) : boxes).map((coordinate, i) => coordinate + Math.fround(groups[i >> 2]! * step));
  return nms(moved, scores, scores.length < SPLIT_THRESHOLD ? options : { ...options, groups });
}
