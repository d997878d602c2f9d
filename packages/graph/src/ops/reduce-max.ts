import { choices } from '../expect.ts';
import type { Value } from '../graph.ts';
import { div, mul } from './arithmetic.ts';
import { cast } from './cast.ts';
import { reduce, reduceSum } from './reduce.ts';

/**
 * Largest element over axes, which stay with extent 1. The gradient is shared evenly by equal largest elements (PyTorch's amax).
 *
 * @throws VitaminError `USAGE` for axes that x does not have or that are named twice.
 * @example
 * ```ts
 * import { Graph, reduceMax, sub } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 10]);
 * graph.output('y', sub(x, reduceMax(x, [-1]))); // largest element 0
 * ```
 */
export function reduceMax(x: Value, axes: readonly number[]): Value {
  const y: Value = reduce('ReduceMax', choices, x, axes, (dy) => {
    const equal = x.graph.node({ op: 'Equal', inputs: [x, y], dtype: 'bool', shape: x.shape });
    const share = cast(equal, x.dtype);
    return mul(share, div(dy, reduceSum(share, axes)));
  });
  return y;
}
