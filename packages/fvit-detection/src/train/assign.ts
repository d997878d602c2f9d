import { iouMatrix } from '../boxes/iou.ts';

/** What a box that was compared with the true boxes counts as, beside the places of true boxes, which count from 0. */
export const NEGATIVE = -1;
export const IGNORED = -2;

/** When a box stands for a true one. */
export interface AssignOptions {
  /** From this overlap on it stands for the true box that it overlaps with most. */
  readonly positive: number;
  /** Below this overlap with every true box it is background; between the two it is ignored. */
  readonly negative: number;
  /** A true box whose best overlap is at least this takes all boxes with that overlap, whatever they stood for. Default: none does. */
  readonly lowQuality?: number | undefined;
}

/** What boxes stand for. */
export interface Assignment {
  /** For each box the place of its true box, `NEGATIVE` or `IGNORED`. */
  readonly places: Int32Array;
  /** For each box its largest overlap with a true box; 0 where there is none. */
  readonly overlaps: Float32Array;
}

/**
 * Assigns boxes to true boxes by overlap (mmdetection's MaxIoUAssigner): background, then positives, then those of low quality, each writing over the one before.
 *
 * @param boxes - N boxes [x1, y1, x2, y2]: anchors or proposals.
 * @param truth - G boxes. Without any, all are negative.
 * @example
 * ```ts
 * import { assignBoxes } from '@vitamin-vlm/fvit-detection';
 * const anchors = new Float32Array([0, 0, 10, 10, 0, 0, 10, 6, 40, 40, 50, 50]);
 * const { places } = assignBoxes(anchors, new Float32Array([0, 0, 10, 9]), { positive: 0.7, negative: 0.3, lowQuality: 0.3 });
 * console.log(places); // Int32Array [ 0, -2, -1 ]
 * ```
 */
export function assignBoxes(boxes: Float32Array, truth: Float32Array, { positive, negative, lowQuality }: AssignOptions): Assignment {
  const [count, truths] = [boxes.length / 4, truth.length / 4];
  const matrix = iouMatrix(boxes, truth);
  const places = new Int32Array(count).fill(NEGATIVE);
  const overlaps = new Float32Array(count);
  const best = new Float32Array(truths);
  for (let i = 0; i < count; i++) {
    let place = 0;
    for (let j = 0; j < truths; j++) {
      const overlap = matrix[i * truths + j]!;
      if (overlap > matrix[i * truths + place]!) place = j;
      if (overlap > best[j]!) best[j] = overlap;
    }
    if (truths > 0) overlaps[i] = matrix[i * truths + place]!;
    if (overlaps[i]! >= negative) places[i] = overlaps[i]! >= positive ? place : IGNORED;
  }
  if (lowQuality === undefined) return { places, overlaps };
  for (let j = 0; j < truths; j++) {
    if (best[j]! < lowQuality) continue;
    for (let i = 0; i < count; i++) if (matrix[i * truths + j] === best[j]) places[i] = j;
  }
  return { places, overlaps };
}
