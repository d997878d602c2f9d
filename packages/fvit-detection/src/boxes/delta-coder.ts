/** What the four numbers of a delta are multiplied with after decoding: dx, dy, dw, dh. */
export type Deviations = readonly [number, number, number, number];

/** Of the region proposal network, and of the box head. Means are 0 for both. */
export const RPN_DEVIATIONS: Deviations = [1, 1, 1, 1];
export const BOX_DEVIATIONS: Deviations = [0.1, 0.1, 0.2, 0.2];

/** Sides change by a factor of 62.5 at most. */
const MAX_LOG_RATIO = Math.log(1000 / 16);

/** Extents that boxes are clipped to, in pixels. */
export interface Extents {
  readonly width: number;
  readonly height: number;
}

/**
 * Moves and scales boxes (mmdetection's `delta2bbox`): new center = center + size · (dx, dy), new size = size · exp(dw, dh), with dw and dh within
 * ±ln(1000 / 16). With `clip` coordinates are then limited to 0..width and 0..height.
 *
 * @param references - N boxes [x1, y1, x2, y2].
 * @param deltas - N times dx, dy, dw, dh.
 * @example
 * ```ts
 * import { BOX_DEVIATIONS, decodeBoxes } from '@vitamin-vlm/fvit-detection';
 * const roi = new Float32Array([100, 100, 200, 180]);
 * console.log(decodeBoxes(roi, new Float32Array([0.5, -1, 1, -0.5]), BOX_DEVIATIONS)); // 93.93, 95.81, 216.07, 168.19
 * ```
 */
export function decodeBoxes(references: Float32Array, deltas: Float32Array, deviations: Deviations, clip?: Extents): Float32Array {
  const [sx, sy, sw, sh] = deviations;
  const decoded = new Float32Array(references.length);
  for (let at = 0; at < references.length; at += 4) {
    const width = references[at + 2]! - references[at]!;
    const height = references[at + 3]! - references[at + 1]!;
    const x = (references[at]! + references[at + 2]!) / 2 + width * deltas[at]! * sx;
    const y = (references[at + 1]! + references[at + 3]!) / 2 + height * deltas[at + 1]! * sy;
    const halfWidth = (width * Math.exp(limit(deltas[at + 2]! * sw, -MAX_LOG_RATIO, MAX_LOG_RATIO))) / 2;
    const halfHeight = (height * Math.exp(limit(deltas[at + 3]! * sh, -MAX_LOG_RATIO, MAX_LOG_RATIO))) / 2;
    decoded[at] = x - halfWidth;
    decoded[at + 1] = y - halfHeight;
    decoded[at + 2] = x + halfWidth;
    decoded[at + 3] = y + halfHeight;
  }
  if (clip) for (let i = 0; i < decoded.length; i++) decoded[i] = limit(decoded[i]!, 0, i % 2 === 0 ? clip.width : clip.height);
  return decoded;
}

/**
 * The deltas that `decodeBoxes` turns into the target boxes (mmdetection's `bbox2delta`). Boxes need a width and a height: without one the
 * logarithm of the ratio is infinite.
 *
 * @param references - N boxes [x1, y1, x2, y2].
 * @param targets - N boxes.
 * @example
 * ```ts
 * import { encodeBoxes, RPN_DEVIATIONS } from '@vitamin-vlm/fvit-detection';
 * const [anchor, target] = [new Float32Array([0, 0, 10, 10]), new Float32Array([1, 0, 11, 10])];
 * console.log(encodeBoxes(anchor, target, RPN_DEVIATIONS)); // Float32Array [ 0.1, 0, 0, 0 ]
 * ```
 */
export function encodeBoxes(references: Float32Array, targets: Float32Array, deviations: Deviations): Float32Array {
  const [sx, sy, sw, sh] = deviations;
  const deltas = new Float32Array(references.length);
  for (let at = 0; at < references.length; at += 4) {
    const width = references[at + 2]! - references[at]!;
    const height = references[at + 3]! - references[at + 1]!;
    deltas[at] = (targets[at]! + targets[at + 2]! - references[at]! - references[at + 2]!) / 2 / width / sx;
    deltas[at + 1] = (targets[at + 1]! + targets[at + 3]! - references[at + 1]! - references[at + 3]!) / 2 / height / sy;
    deltas[at + 2] = Math.log((targets[at + 2]! - targets[at]!) / width) / sw;
    deltas[at + 3] = Math.log((targets[at + 3]! - targets[at + 1]!) / height) / sh;
  }
  return deltas;
}

function limit(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
