import type { Value } from '../graph.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';

/** Element-wise function of one value. `gradient` gets dy, the input and the result. */
function unary(op: string, x: Value, gradient: (dy: Value, x: Value, y: Value) => Value): Value {
  const y: Value = x.graph.node({ op, inputs: [x], dtype: x.dtype, shape: x.shape, gradient: [(dy) => gradient(dy, x, y)] });
  return y;
}

/** e^x. */
export function exp(x: Value): Value {
  return unary('Exp', x, (dy, _, y) => mul(dy, y));
}

/** Natural logarithm. */
export function log(x: Value): Value {
  return unary('Log', x, (dy, input) => div(dy, input));
}

/** Square root. */
export function sqrt(x: Value): Value {
  return unary('Sqrt', x, (dy, _, y) => div(dy, mul(y, 2)));
}

/** Cosine of radians. */
export function cos(x: Value): Value {
  return unary('Cos', x, (dy, input) => neg(mul(dy, sin(input))));
}

/** Sine of radians. */
export function sin(x: Value): Value {
  return unary('Sin', x, (dy, input) => mul(dy, cos(input)));
}

/** Error function; d erf(x)/dx = 2/√π · e^(-x²). */
export function erf(x: Value): Value {
  return unary('Erf', x, (dy, input) => mul(dy, mul(exp(neg(mul(input, input))), 2 / Math.sqrt(Math.PI))));
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: Value): Value {
  return unary('Sigmoid', x, (dy, _, y) => mul(dy, mul(y, sub(1, y))));
}

/**
 * Gaussian error linear unit in its exact form, x · Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel, arXiv:1606.08415).
 * d/dx = Φ(x) + x · φ(x), φ the density of the standard normal distribution.
 */
export function gelu(x: Value): Value {
  return unary('Gelu', x, (dy, input) => {
    const t = mul(input, Math.SQRT1_2); // with t = x/√2: Φ + x·φ = 1/2 + (erf t + 2/√π · t · e^(-t²)) / 2
    const slope = add(erf(t), mul(mul(t, exp(neg(mul(t, t)))), 2 / Math.sqrt(Math.PI)));
    return mul(dy, add(mul(slope, 0.5), 0.5));
  });
}

/** x · sigmoid(1.702 x), the approximation OpenAI's CLIP was trained with. Not interchangeable with `gelu`. */
export function quickGelu(x: Value): Value {
  return mul(x, sigmoid(mul(x, 1.702)));
}
