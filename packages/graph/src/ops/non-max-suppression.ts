import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, sameShape } from '../shape.ts';

/** What `nonMaxSuppression` takes. */
export interface NonMaxSuppressionOptions {
  /** Most boxes that are kept of one class in one picture. */
  readonly most: number;
  /** A box goes when it overlaps a kept one of its class by more than this (intersection over union, in [0, 1]). */
  readonly overlap: number;
  /** Boxes with a score of at most this go first. Default: none. */
  readonly least?: number;
  /** Name for the number of boxes that are kept, which is known when the graph has run. */
  readonly extent: string;
}

/**
 * Keeps the best of boxes that overlap, class by class: boxes [N, B, 4] as x1, y1, x2, y2 (in either order of the corners), scores [N, K, B] -> int64
 * [extent, 3], rows of picture, class and box, by picture, class and falling score. Of equal scores the lower index is taken first; boxes without
 * area overlap nothing. No box at all leaves an extent of 0. It gives indices, so no gradient passes.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit, types other than float32, and a name in use.
 * @example
 * ```ts
 * import { Graph, nonMaxSuppression } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const boxes = graph.input('boxes', 'float32', [1, 1000, 4]);
 * const scores = graph.input('scores', 'float32', [1, 80, 1000]);
 * graph.output('kept', nonMaxSuppression(boxes, scores, { most: 100, overlap: 0.5, extent: 'M' })); // int64 [M, 3]
 * ```
 */
export function nonMaxSuppression(boxes: Value, scores: Value, { most, overlap, least, extent }: NonMaxSuppressionOptions): Value {
  expectTypes('NonMaxSuppression', ['float32'], boxes, scores);
  expectInteger('the most boxes', most, 1);
  const [n, count] = boxes.shape;
  if (!sameShape(boxes.shape, [n!, count!, 4]) || scores.shape.length !== 3 || scores.shape[0] !== n || scores.shape[2] !== count) {
    throw new VitaminError(
      'USAGE',
      `Expected boxes [N, B, 4] and scores [N, K, B] but received ${formatShape(boxes.shape)} and ${formatShape(scores.shape)}`,
    );
  }
  if (!(overlap >= 0 && overlap <= 1)) throw new VitaminError('USAGE', `Expected an overlap in [0, 1] but received ${overlap}`);
  const graph = boxes.graph;
  const inputs = [boxes, scores, graph.integers([most]), graph.scalar(overlap, 'float32', [1])];
  return graph.node({
    op: 'NonMaxSuppression',
    inputs: least === undefined ? inputs : [...inputs, graph.scalar(least, 'float32', [1])],
    attributes: { center_point_box: 0 },
    dtype: 'int64',
    shape: [extent, 3],
    introduces: [extent],
    gradient: ['stop', 'stop'],
  });
}
