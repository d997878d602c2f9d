import type { Value } from '../graph.ts';
import { axisIndex, product, staticShape, type Shape } from '../shape.ts';
import { expand } from './layout.ts';

function reduce(op: string, x: Value, axes: readonly number[], rule: ((dy: Value) => Value) | null): Value {
  const at = axes.map((axis) => axisIndex(axis, x.shape.length));
  return x.graph.node({
    op,
    inputs: [x, x.graph.integers(at)],
    attributes: { keepdims: 1 },
    dtype: x.dtype,
    shape: reducedShape(x.shape, at),
    gradient: [rule],
  });
}

function reducedShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
}

/** Sum over axes, which stay with extent 1. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceSum', x, axes, (dy) => expand(dy, x.shape));
}

/** Mean over axes of fixed extent, which stay with extent 1. */
export function reduceMean(x: Value, axes: readonly number[]): Value {
  const averaged = axes.map((axis) => x.shape[axisIndex(axis, x.shape.length)]!);
  return reduce('ReduceMean', x, axes, (dy) => {
    const count = x.graph.scalar(product(staticShape(averaged, 'the gradient of a mean')) as number);
    return expand(x.graph.node({ op: 'Div', inputs: [dy, count], dtype: dy.dtype, shape: dy.shape }), x.shape);
  });
}

/** Largest element over axes, which stay with extent 1. Has no gradient rule: it is used to shift exponents, where it cancels. */
export function reduceMax(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceMax', x, axes, null);
}
