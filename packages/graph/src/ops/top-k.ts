import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, type Dim, formatShape } from '../shape.ts';
import { scatterElements, zeros } from './indexing.ts';

/** What `topK` gives: both with extent k on its axis. */
export interface TopK {
  readonly values: Value;
  /** int64, in [0, extent). Gradients do not flow through them. */
  readonly indices: Value;
}

/**
 * The k largest elements along an axis, largest first; of equal ones the lower index comes first. The gradient of the values goes to the elements
 * that were chosen.
 *
 * @throws VitaminError `USAGE` for a k below 1 or above what the extent is at least, and for types without an order.
 * @example
 * ```ts
 * import { Graph, topK } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { values, indices } = topK(graph.input('scores', 'float32', ['N', 900]), 100);
 * graph.output('scores100', values); // [N, 100]
 * graph.output('places', indices); // int64 [N, 100]
 * ```
 */
export function topK(x: Value, k: Dim, axis = -1): TopK {
  const at = axisIndex(axis, x.shape.length);
  if (typeof k === 'number') expectInteger('k', k, 1);
  const extent = x.shape[at]!;
  if (typeof k === 'number' && k > x.graph.least(extent)) {
    throw new VitaminError(
      'USAGE',
      `Expected k of at most ${x.graph.least(extent)} for axis ${axis} of ${formatShape(x.shape)} but received ${k}`,
    );
  }
  if (!['float32', 'float64', 'int32', 'int64'].includes(x.dtype)) {
    throw new VitaminError('USAGE', `Expected float32, float64, int32, int64 for TopK but received ${x.dtype}`);
  }
  const shape = x.shape.with(at, k);
  const [values, indices] = x.graph.apply({
    op: 'TopK',
    inputs: [x, x.graph.extents([k])],
    attributes: { axis: at, largest: 1, sorted: 1 },
    outputs: [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ],
    gradient: [(dy) => scatterElements(zeros(x, x.shape), indices!, dy, { axis: at }), 'stop'],
  });
  return { values: values!, indices: indices! };
}
