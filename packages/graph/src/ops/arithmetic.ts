import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, isFloat, numbers } from '../expect.ts';
import type { Value } from '../graph.ts';
import { broadcast, type Shape } from '../shape.ts';
import { reduceSum } from './reduce.ts';
import { reshape } from './layout.ts';

/** A value, or a number that stands for a scalar of the other operand's floating-point type. */
export type Operand = Value | number;

/** A number beside integers becomes a float32 scalar, which their operators refuse. */
export function asValue(operand: Operand, like: Value): Value {
  return typeof operand === 'number' ? like.graph.scalar(operand, isFloat(like.dtype) ? like.dtype : 'float32') : operand;
}

/** Sums a gradient over the axes along which an operand of `shape` was repeated by broadcasting. */
export function unbroadcast(dy: Value, shape: Shape): Value {
  const extra = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((dim, i) => (i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : []));
  if (axes.length === 0) return dy;
  return reshape(reduceSum(dy, axes), shape);
}

function binary(
  op: string,
  a: Operand,
  b: Operand,
  gradient: (x: Value, y: Value, self: () => Value) => [(dy: Value) => Value, (dy: Value) => Value],
): Value {
  const like = typeof a === 'number' ? b : a;
  if (typeof like === 'number') throw new VitaminError('USAGE', `Expected at least one value for ${op} but received two numbers`);
  const x = asValue(a, like);
  const y = asValue(b, like);
  expectTypes(op, numbers, x, y);
  const [dx, dy] = gradient(x, y, () => out);
  const out: Value = like.graph.node({
    op,
    inputs: [x, y],
    dtype: x.dtype,
    shape: broadcast(x.shape, y.shape),
    gradient: [(d) => unbroadcast(dx(d), x.shape), (d) => unbroadcast(dy(d), y.shape)],
  });
  return out;
}

/**
 * a + b with NumPy broadcasting.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 *
 * @example
 * ```ts
 * import { add, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', add(x, graph.input('b', 'float32', [4]))); // [N, 4]
 * ```
 */
export function add(a: Operand, b: Operand): Value {
  return binary('Add', a, b, () => [(d) => d, (d) => d]);
}

/**
 * a - b with NumPy broadcasting.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 *
 * @example
 * ```ts
 * import { sub, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', sub(x, graph.input('b', 'float32', [4]))); // [N, 4]
 * ```
 */
export function sub(a: Operand, b: Operand): Value {
  return binary('Sub', a, b, () => [(d) => d, (d) => neg(d)]);
}

/**
 * a · b, element by element, with NumPy broadcasting.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 *
 * @example
 * ```ts
 * import { mul, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', mul(x, graph.input('b', 'float32', [4]))); // [N, 4]
 * ```
 */
export function mul(a: Operand, b: Operand): Value {
  return binary('Mul', a, b, (x, y) => [(d) => mul(d, y), (d) => mul(d, x)]);
}

/**
 * a / b, element by element, with NumPy broadcasting. d(a/b)/db = -(a/b)/b.
 *
 * @throws VitaminError `USAGE` for shapes that do not broadcast and for unequal element types.
 *
 * @example
 * ```ts
 * import { div, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', div(x, 2)); // [N, 4]
 * ```
 */
export function div(a: Operand, b: Operand): Value {
  return binary('Div', a, b, (_, y, self) => [(d) => div(d, y), (d) => neg(div(mul(d, self()), y))]);
}

/**
 * -x.
 *
 * @throws VitaminError `USAGE` for types without a sign.
 * @example
 * ```ts
 * import { Graph, neg } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', neg(x));
 * ```
 */
export function neg(x: Value): Value {
  expectTypes(
    'Neg',
    numbers.filter((dtype) => dtype !== 'uint8'),
    x,
  );
  return x.graph.node({ op: 'Neg', inputs: [x], dtype: x.dtype, shape: x.shape, gradient: [(dy) => neg(dy)] });
}
