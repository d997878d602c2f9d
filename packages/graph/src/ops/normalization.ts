import type { Value } from '../graph.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { reshape } from './layout.ts';
import { reduceMean, reduceSum } from './reduce.ts';
import { sqrt } from './unary.ts';

/**
 * Layer normalisation over the last axis (Ba et al., arXiv:1607.06450): (x - mean) / √(var + eps) · scale + bias, biased variance.
 * x: [..., D], scale and bias: [D].
 */
export function layerNormalization(x: Value, scale: Value, bias: Value, eps: number): Value {
  const stats = { dtype: x.dtype, shape: x.shape.with(-1, 1) };
  const [y, mean, inverse] = x.graph.apply({
    op: 'LayerNormalization',
    inputs: [x, scale, bias],
    attributes: { axis: -1, epsilon: { float: eps } },
    outputs: [{ dtype: x.dtype, shape: x.shape }, stats, stats],
    gradient: [(dy) => inputGradient(mul(dy, scale)), (dy) => sumRows(mul(dy, normalised())), (dy) => sumRows(dy)],
  });
  const normalised = (): Value => mul(sub(x, mean!), inverse!);
  /** With n the normalised input and g = dy · scale: dx = (g - mean(g) - n · mean(g · n)) / σ. */
  const inputGradient = (g: Value): Value => {
    const n = normalised();
    return mul(inverse!, sub(sub(g, reduceMean(g, [-1])), mul(n, reduceMean(mul(g, n), [-1]))));
  };
  const sumRows = (g: Value): Value => reshape(reduceSum(g, [...Array(g.shape.length - 1).keys()]), scale.shape);
  return y!;
}

/** x / max(‖x‖₂, eps) over one axis, as PyTorch's F.normalize. The gradient ignores the guard, which acts on zero vectors only. */
export function l2Normalize(x: Value, axis = -1, eps = 1e-12): Value {
  return div(x, sqrt(add(reduceSum(mul(x, x), [axis]), eps * eps)));
}
