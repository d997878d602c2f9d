import { type DType, VitaminError } from '@vitamin-vlm/core';
import { expectTypes, isFloat, numbers, sums } from '../expect.ts';
import type { Value } from '../graph.ts';
import { broadcast } from '../shape.ts';
import { type Operand, unbroadcast } from './arithmetic.ts';

/** A number as a scalar of the element type of `like`. @throws VitaminError `USAGE` for a fraction beside integers, and beside bool. */
export function scalarLike(like: Value, number: number): Value {
  if (like.dtype === 'bool' || (!isFloat(like.dtype) && !Number.isSafeInteger(number))) {
    throw new VitaminError(
      'USAGE',
      `Expected ${like.dtype === 'bool' ? 'a value' : 'an integer'} beside ${like.dtype} but received ${number}`,
    );
  }
  return like.graph.scalar(number, like.dtype);
}

function comparison(op: string, types: readonly DType[], a: Value, b: Operand): Value {
  const other = typeof b === 'number' ? scalarLike(a, b) : b;
  expectTypes(op, types, a, other);
  return a.graph.node({ op, inputs: [a, other], dtype: 'bool', shape: broadcast(a.shape, other.shape), gradient: ['stop', 'stop'] });
}

/**
 * a > b, element by element, with broadcasting -> bool. Gradients do not flow through it: a truth value does not change gradually.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast, for unequal element types and for types without an order.
 * @example
 * ```ts
 * import { Graph, greater } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', ['N', 16, 16]);
 * graph.output('mask', greater(logits, 0)); // bool [N, 16, 16]
 * ```
 */
export function greater(a: Value, b: Operand): Value {
  return comparison('Greater', numbers, a, b);
}

/**
 * a < b, element by element, with broadcasting -> bool. Gradients do not flow through it.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast, for unequal element types and for types without an order.
 * @example
 * ```ts
 * import { Graph, less } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('negative', less(x, 0)); // bool [N, 4]
 * ```
 */
export function less(a: Value, b: Operand): Value {
  return comparison('Less', numbers, a, b);
}

/**
 * a = b, element by element, with broadcasting -> bool. NaN equals nothing. Gradients do not flow through it.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 * @example
 * ```ts
 * import { equal, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const classes = graph.input('classes', 'int64', ['N', 1]);
 * graph.output('oneHot', equal(classes, graph.integers([0, 1, 2]))); // bool [N, 3]
 * ```
 */
export function equal(a: Value, b: Operand): Value {
  return comparison('Equal', [...numbers, 'bool'], a, b);
}

function logical(op: string, ...values: readonly Value[]): Value {
  expectTypes(op, ['bool'], ...values);
  const shape = values.map((value) => value.shape).reduce(broadcast);
  return values[0]!.graph.node({ op, inputs: values, dtype: 'bool', shape, gradient: values.map(() => 'stop' as const) });
}

/**
 * Both, element by element, with broadcasting: bool -> bool.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for values that are not bool.
 * @example
 * ```ts
 * import { Graph, greater, less, logicalAnd } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('inside', logicalAnd(greater(x, 0), less(x, 1)));
 * ```
 */
export function logicalAnd(a: Value, b: Value): Value {
  return logical('And', a, b);
}

/**
 * One or both, element by element, with broadcasting: bool -> bool.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for values that are not bool.
 * @example
 * ```ts
 * import { Graph, greater, less, logicalOr } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('outside', logicalOr(less(x, 0), greater(x, 1)));
 * ```
 */
export function logicalOr(a: Value, b: Value): Value {
  return logical('Or', a, b);
}

/**
 * The opposite: bool -> bool.
 *
 * @throws VitaminError `USAGE` for a value that is not bool.
 * @example
 * ```ts
 * import { Graph, greater, logicalNot } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('atMostOne', logicalNot(greater(x, 1)));
 * ```
 */
export function logicalNot(x: Value): Value {
  return logical('Not', x);
}

/**
 * a where the condition holds, else b, with broadcasting of all three. The gradient goes to the side that was taken, so a NaN or an infinity
 * on the other side does no harm.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast, a condition that is not bool and unequal element types.
 * @example
 * ```ts
 * import { Graph, where } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const scores = graph.input('scores', 'float32', ['N', 8, 49]);
 * const hidden = graph.input('hidden', 'bool', ['N', 1, 49]);
 * graph.output('masked', where(hidden, -Infinity, scores));
 * ```
 */
export function where(condition: Value, a: Operand, b: Operand): Value {
  expectTypes('Where', ['bool'], condition);
  const like = typeof a === 'number' ? b : a;
  if (typeof like === 'number') throw new VitaminError('USAGE', 'Expected at least one value to choose from but received two numbers');
  const x = typeof a === 'number' ? scalarLike(like, a) : a;
  const y = typeof b === 'number' ? scalarLike(like, b) : b;
  expectTypes('Where', [...sums, 'uint8'], x, y);
  return condition.graph.node({
    op: 'Where',
    inputs: [condition, x, y],
    dtype: x.dtype,
    shape: broadcast(condition.shape, broadcast(x.shape, y.shape)),
    gradient: ['stop', (dy) => unbroadcast(where(condition, dy, 0), x.shape), (dy) => unbroadcast(where(condition, 0, dy), y.shape)],
  });
}
