import type { Value } from '../graph.ts';
import { mul, sub } from './arithmetic.ts';
import { reduceSum } from './reduce.ts';
import { exp } from './unary.ts';

/** exp(x) / Σ exp(x) over the last axis. dx = y · (dy - Σ dy·y). */
export function softmax(x: Value): Value {
  const y: Value = x.graph.node({
    op: 'Softmax',
    inputs: [x],
    attributes: { axis: -1 },
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => mul(y, sub(dy, reduceSum(mul(dy, y), [-1])))],
  });
  return y;
}

/** x - log Σ exp(x) over the last axis. dx = dy - softmax(x) · Σ dy. */
export function logSoftmax(x: Value): Value {
  const y: Value = x.graph.node({
    op: 'LogSoftmax',
    inputs: [x],
    attributes: { axis: -1 },
    dtype: x.dtype,
    shape: x.shape,
    gradient: [(dy) => sub(dy, mul(exp(y), reduceSum(dy, [-1])))],
  });
  return y;
}
