import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import { stopGradient } from '../gradient.ts';
import type { Value } from '../graph.ts';
import { mul, sub } from './arithmetic.ts';
import { reduceMax } from './reduce-max.ts';
import { reduceSum } from './reduce.ts';
import { exp, log } from './unary.ts';

/**
 * exp(x) / Σ exp(x) over the last axis. dx = y · (dy - Σ dy·y). Elements at -∞ get 0; a row of nothing but -∞ is NaN.
 *
 * @example
 * ```ts
 * import { Graph, softmax } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const scores = graph.input('scores', 'float32', ['N', 10]);
 * graph.output('probabilities', softmax(scores));
 * ```
 */
export function softmax(x: Value): Value {
  expectRows('Softmax', x);
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

/**
 * x - log Σ exp(x) over the last axis. Elements at -∞ stay there; a row of nothing but -∞ is NaN. Written with plain operators because
 * ONNX Runtime's WebGPU engine has no LogSoftmax; the largest element is taken off first so that exp cannot overflow.
 *
 * @example
 * ```ts
 * import { Graph, logSoftmax } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', ['N', 10]);
 * graph.output('y', logSoftmax(logits));
 * ```
 */
export function logSoftmax(x: Value): Value {
  expectRows('logSoftmax', x);
  const shifted = sub(x, stopGradient(reduceMax(x, [-1]))); // the shift cancels, and so do its gradients
  return sub(shifted, log(reduceSum(exp(shifted), [-1])));
}

function expectRows(op: string, x: Value): void {
  expectTypes(op, floats, x);
  if (x.shape.length === 0) throw new VitaminError('USAGE', `Expected at least one axis for ${op} but received a scalar`);
}
