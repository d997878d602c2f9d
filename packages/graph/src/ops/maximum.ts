import { expectFloats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { broadcast } from '../shape.ts';
import { mul, type Operand, unbroadcast } from './arithmetic.ts';
import { equal, greater, less, scalarLike, where } from './compare.ts';

/**
 * The larger of two values, element by element, with broadcasting. The gradient goes to the larger; where both are equal each gets half,
 * as PyTorch has it.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 * @example
 * ```ts
 * import { Graph, maximum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const count = graph.input('count', 'float32', []);
 * graph.output('divisor', maximum(count, 1));
 * ```
 */
export function maximum(a: Value, b: Operand): Value {
  const other = typeof b === 'number' ? scalarLike(a, b) : b;
  expectFloats('Max', a, other);
  const shared = (dy: Value): Value => where(equal(a, other), mul(dy, scalarLike(dy, 0.5)), 0);
  return a.graph.node({
    op: 'Max',
    inputs: [a, other],
    dtype: a.dtype,
    shape: broadcast(a.shape, other.shape),
    gradient: [
      (dy) => unbroadcast(where(greater(a, other), dy, shared(dy)), a.shape),
      (dy) => unbroadcast(where(less(a, other), dy, shared(dy)), other.shape),
    ],
  });
}
