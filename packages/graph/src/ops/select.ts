import { expectOneType } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, broadcast } from '../shape.ts';
import { asValue } from './arithmetic.ts';

/**
 * Index of the first largest element along an axis, which is dropped. int64. Gradients do not flow through it.
 *
 * @example
 * ```ts
 * import { argMax, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const scores = graph.input('scores', 'float32', ['N', 10]);
 * graph.output('best', argMax(scores, 1)); // int64 [N]
 * ```
 */
export function argMax(x: Value, axis: number): Value {
  const at = axisIndex(axis, x.shape.length);
  return x.graph.node({
    op: 'ArgMax',
    inputs: [x],
    attributes: { axis: at, keepdims: 0, select_last_index: 0 },
    dtype: 'int64',
    shape: x.shape.toSpliced(at, 1),
    gradient: ['stop'],
  });
}

/**
 * The smaller of two values, element by element, with broadcasting. It has no gradient rule: it serves the clamps of schedules and norms.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 * @example
 * ```ts
 * import { Graph, minimum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', minimum(x, 1));
 * ```
 */
export function minimum(a: Value, b: Value | number): Value {
  const other = asValue(b, a);
  expectOneType('Min', a, other);
  return a.graph.node({ op: 'Min', inputs: [a, other], dtype: a.dtype, shape: broadcast(a.shape, other.shape) });
}
