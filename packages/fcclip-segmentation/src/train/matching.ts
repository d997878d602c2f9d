import { linearSumAssignment } from 'linear-sum-assignment';
import type { TrainingRules } from './settings.ts';

/** What is true of a picture, on the canvas of the network. */
export interface Truth {
  /** One for each segment, [H · W] in rows: 1 inside, 0 outside. */
  readonly masks: readonly Uint8Array[];
  /** The class of each. */
  readonly classes: Int32Array;
}

/** What a prediction says of a picture. */
export interface PredictedMasks {
  /** Logits [Q, K + 1], "nothing" last. */
  readonly classes: Float32Array;
  /** Logits [Q, P] at the points. */
  readonly masks: Float32Array;
  readonly queries: number;
}

/**
 * What it would cost to let each query stand for each segment: minus the probability of its class, binary cross-entropy, and dice, by the weights of the losses.
 *
 * @param targets - The segments' masks at the same points, one after the other, [T, P].
 * @returns [Q][T]
 */
export function matchingCosts(
  { classes, masks, queries }: PredictedMasks,
  targets: { readonly masks: Float32Array; readonly classes: Int32Array },
  { weights }: Pick<TrainingRules, 'weights'>,
): number[][] {
  const count = targets.classes.length;
  const points = masks.length / queries;
  const named = classes.length / queries;
  const areas = Float64Array.from({ length: count }, (_, t) => sumOf(targets.masks.subarray(t * points, (t + 1) * points)));
  const inside = new Float64Array(points);
  return Array.from({ length: queries }, (_, q) => {
    const logits = masks.subarray(q * points, (q + 1) * points);
    let [soft, area] = [0, 0];
    for (let p = 0; p < points; p++) {
      const x = logits[p]!;
      const small = Math.exp(-Math.abs(x));
      soft += Math.max(x, 0) + Math.log1p(small); // log(1 + eˣ)
      inside[p] = x < 0 ? small / (1 + small) : 1 / (1 + small);
      area += inside[p]!;
    }
    const row = classes.subarray(q * named, (q + 1) * named);
    const scale = logSumExp(row);
    return Array.from(targets.classes, (label, t) => {
      let [dot, overlap] = [0, 0];
      for (let p = 0, at = t * points; p < points; p++, at++) {
        const target = targets.masks[at]!;
        dot += logits[p]! * target;
        overlap += inside[p]! * target;
      }
      const dice = 1 - (2 * overlap + 1) / (area + areas[t]! + 1);
      const probability = Math.exp(row[label]! - scale);
      return -weights.classes * probability + (weights.masks * (soft - dot)) / points + weights.dice * dice;
    });
  });
}

/**
 * The cheapest way to give each segment a query of its own (Kuhn, 1955).
 *
 * @param costs - [Q][T]
 * @returns For each segment its query, and -1 for those that are left without one because there are more of them than queries.
 */
export function assign(costs: readonly (readonly number[])[]): Int32Array {
  const count = costs[0]?.length ?? 0;
  const queries = new Int32Array(count).fill(-1);
  if (count === 0) return queries;
  const { rowAssignments } = linearSumAssignment(
    costs.map((row) => [...row]),
    { maximaze: false },
  );
  for (const [query, segment] of rowAssignments.entries()) if (segment >= 0) queries[segment] = query;
  return queries;
}

/**
 * Masks at points, bilinear, 0 outside: the same numbers as `gridSample` gives.
 *
 * @param masks - [height · width] each.
 * @param points - [P, 2] of x and y, 0 to 1 from edge to edge.
 * @returns [T, P]
 */
export function masksAtPoints(masks: readonly Uint8Array[], width: number, height: number, points: Float32Array): Float32Array {
  const count = points.length / 2;
  const found = new Float32Array(masks.length * count);
  for (let p = 0; p < count; p++) {
    const [x, y] = [points[2 * p]! * width - 0.5, points[2 * p + 1]! * height - 0.5];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    for (const [row, rowShare] of [
      [top, 1 - (y - top)],
      [top + 1, y - top],
    ] as const) {
      if (row < 0 || row >= height) continue;
      for (const [column, columnShare] of [
        [left, 1 - (x - left)],
        [left + 1, x - left],
      ] as const) {
        if (column < 0 || column >= width) continue;
        const pixel = row * width + column;
        for (let t = 0; t < masks.length; t++) found[t * count + p]! += masks[t]![pixel]! * rowShare * columnShare;
      }
    }
  }
  return found;
}

function sumOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function logSumExp(values: Float32Array): number {
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
