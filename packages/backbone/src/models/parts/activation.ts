import { add, gelu, mul, quickGelu, sigmoid, type Value } from '@vitamin-vlm/graph';

/** `gelu` is exact, `quickGelu` OpenAI's x · sigmoid(1.702 x), `geluTanh` the approximation of SigLIP: its text towers, and its image towers in transformers (timm's are exact). They are not interchangeable. */
export type Activation = 'gelu' | 'quickGelu' | 'geluTanh';

/** The activation of a model, element by element. */
export function activate(x: Value, activation: Activation = 'gelu'): Value {
  if (activation === 'quickGelu') return quickGelu(x);
  return activation === 'gelu' ? gelu(x) : geluTanh(x);
}

/** 0.5 x (1 + tanh(z)) with z = √(2/π) (x + 0.044715 x³), which is x · sigmoid(2 z). */
function geluTanh(x: Value): Value {
  const cube = mul(mul(x, x), x);
  return mul(x, sigmoid(mul(add(x, mul(cube, 0.044715)), 2 * Math.sqrt(2 / Math.PI))));
}

/** Hyperbolic tangent. */
export function tanh(x: Value): Value {
  return add(mul(sigmoid(mul(x, 2)), 2), -1);
}
