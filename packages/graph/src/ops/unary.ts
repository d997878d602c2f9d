import type { DType } from '@vitamin-vlm/core';
import { expectTypes, floats, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';

/** Element-wise function of one value. `gradient` gets dy, the input and the result. */
function unary(op: string, x: Value, gradient: (dy: Value, x: Value, y: Value) => Value, types: readonly DType[] = floats): Value {
  expectTypes(op, types, x);
  const y: Value = x.graph.node({ op, inputs: [x], dtype: x.dtype, shape: x.shape, gradient: [(dy) => gradient(dy, x, y)] });
  return y;
}

/**
 * e^x.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { exp, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', exp(x));
 * ```
 */
export function exp(x: Value): Value {
  return unary('Exp', x, (dy, _, y) => mul(dy, y));
}

/**
 * Natural logarithm.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { Graph, log } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', log(x));
 * ```
 */
export function log(x: Value): Value {
  return unary('Log', x, (dy, input) => div(dy, input));
}

/**
 * Square root.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { Graph, sqrt } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', sqrt(x));
 * ```
 */
export function sqrt(x: Value): Value {
  return unary('Sqrt', x, (dy, _, y) => div(dy, mul(y, 2)));
}

/**
 * Cosine of radians.
 * WebGPU drivers may be off by 2^-11 (the bound of the Vulkan specification); the CPU is exact to float32.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { cos, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', cos(x));
 * ```
 */
export function cos(x: Value): Value {
  return unary('Cos', x, (dy, input) => neg(mul(dy, sin(input))));
}

/**
 * Sine of radians.
 * WebGPU drivers may be off by 2^-11 (the bound of the Vulkan specification); the CPU is exact to float32.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { Graph, sin } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', sin(x));
 * ```
 */
export function sin(x: Value): Value {
  return unary('Sin', x, (dy, input) => mul(dy, cos(input)));
}

/**
 * Error function; d erf(x)/dx = 2/√π · e^(-x²).
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { erf, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', erf(x));
 * ```
 */
export function erf(x: Value): Value {
  return unary('Erf', x, (dy, input) => mul(dy, mul(exp(neg(mul(input, input))), 2 / Math.sqrt(Math.PI))), singles);
}

/**
 * 1 / (1 + e^-x).
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { Graph, sigmoid } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', sigmoid(x));
 * ```
 */
export function sigmoid(x: Value): Value {
  return unary('Sigmoid', x, (dy, _, y) => mul(dy, mul(y, sub(1, y))));
}

/**
 * Gaussian error linear unit in its exact form, x · Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel, arXiv:1606.08415).
 * d/dx = Φ(x) + x · φ(x), φ the density of the standard normal distribution.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { gelu, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', gelu(x));
 * ```
 */
export function gelu(x: Value): Value {
  return unary(
    'Gelu',
    x,
    (dy, input) => {
      const t = mul(input, Math.SQRT1_2); // with t = x/√2: Φ + x·φ = 1/2 + (erf t + 2/√π · t · e^(-t²)) / 2
      const slope = add(erf(t), mul(mul(t, exp(neg(mul(t, t)))), 2 / Math.sqrt(Math.PI)));
      return mul(dy, add(mul(slope, 0.5), 0.5));
    },
    singles,
  );
}

/**
 * x · sigmoid(1.702 x), the approximation OpenAI's CLIP was trained with. Not interchangeable with `gelu`.
 *
 * @throws VitaminError `USAGE` for types that it does not compute in.
 * @example
 * ```ts
 * import { Graph, quickGelu } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * graph.output('y', quickGelu(x));
 * ```
 */
export function quickGelu(x: Value): Value {
  expectTypes('quickGelu', singles, x); // ONNX Runtime fuses it, and its kernel knows no other types
  return mul(x, sigmoid(mul(x, 1.702)));
}
