import { choices, expectTypes } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, broadcast } from '../shape.ts';
import { mul, type Operand, unbroadcast } from './arithmetic.ts';
import { equal, greater, less, scalarLike, where } from './compare.ts';

/**
 * Index of the first largest element along an axis, which is dropped. int64, so no gradient passes.
 *
 * @throws VitaminError `USAGE` for an axis that x does not have and for types without an order.
 * @example
 * ```ts
 * import { argMax, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const scores = graph.input('scores', 'float32', ['N', 10]);
 * graph.output('best', argMax(scores, 1)); // int64 [N]
 * ```
 */
export function argMax(x: Value, axis: number): Value {
  expectTypes('ArgMax', choices, x);
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
 * The larger of two values, element by element, with broadcasting. The gradient goes to the larger; where both are equal each gets half,
 * as PyTorch has it.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for element types that are unequal or have no order.
 * @example
 * ```ts
 * import { Graph, maximum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const count = graph.input('count', 'float32', []);
 * graph.output('divisor', maximum(count, 1));
 * ```
 */
export function maximum(a: Value, b: Operand): Value {
  return chosen('Max', greater, a, b);
}

/**
 * The smaller of two values, element by element, with broadcasting. The gradient goes as that of `maximum` does.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for element types that are unequal or have no order.
 * @example
 * ```ts
 * import { Graph, minimum } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', minimum(x, 1));
 * ```
 */
export function minimum(a: Value, b: Operand): Value {
  return chosen('Min', less, a, b);
}

/** `wins(x, y)` says where x is the result. */
function chosen(op: string, wins: (x: Value, y: Value) => Value, a: Value, b: Operand): Value {
  const other = typeof b === 'number' ? scalarLike(a, b) : b;
  expectTypes(op, choices, a, other);
  const shared = (dy: Value): Value => where(equal(a, other), mul(dy, 0.5), 0);
  return a.graph.node({
    op,
    inputs: [a, other],
    dtype: a.dtype,
    shape: broadcast(a.shape, other.shape),
    gradient: [
      (dy) => unbroadcast(where(wins(a, other), dy, shared(dy)), a.shape),
      (dy) => unbroadcast(where(wins(other, a), dy, shared(dy)), other.shape),
    ],
  });
}
