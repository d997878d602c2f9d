import { sizeOf, tensor, type Tensor } from '@vitamin-vlm/core';

/** FNV-1a, 32 bits, over the UTF-8 bytes of a name. */
export function fnv1a(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The uniform numbers of a name, in [-0.5, 0.5), one per call. */
export function formulaStream(name: string): () => number {
  let state = fnv1a(name) | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 4294967296 - 0.5;
  };
}

/**
 * `offset + scale · u` with u uniform in [-0.5, 0.5): a linear congruential generator (1664525, 1013904223, modulo 2^32) started at the name's
 * hash. Computed in float64, then rounded to float32, so that every machine and language gives the same bits.
 *
 * @example
 * ```ts
 * import { formulaValues } from '@vitamin-vlm/parity';
 * const grid = formulaValues('pos', [14 * 14, 2], 2); // within ±1
 * ```
 */
export function formulaValues(name: string, shape: readonly number[], scale: number, offset = 0): Tensor<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  const next = formulaStream(name);
  for (let i = 0; i < data.length; i++) data[i] = offset + scale * next();
  return tensor('float32', shape, data);
}

/**
 * The weights of parity tests: a tensor made from nothing but its open_clip name and shape, scaled so that activations stay near one.
 * The rules stand in order: embeddings, projections, matrices and kernels by fan-in, biases, the logit scale, norms.
 *
 * @example
 * ```ts
 * import { formulaTensor } from '@vitamin-vlm/parity';
 * const bias = formulaTensor('text.ln_final.bias', [64]); // within ±0.05
 * ```
 */
export function formulaTensor(name: string, shape: readonly number[]): Tensor<'float32'> {
  if (name.endsWith('logit_scale')) return tensor('float32', shape, new Float32Array(sizeOf(shape)).fill(Math.log(100)));
  if (name.includes('embedding') || name.endsWith('pos_embed')) return formulaValues(name, shape, 0.2);
  if (name.endsWith('text_projection')) return formulaValues(name, shape, Math.sqrt(12 / shape[0]!));
  if (shape.length >= 2) return formulaValues(name, shape, Math.sqrt(12 / sizeOf(shape.slice(1))));
  if (name.endsWith('.bias') || name.endsWith('in_proj_bias')) return formulaValues(name, shape, 0.1);
  return formulaValues(name, shape, 0.2, 1);
}

/**
 * An input picture of parity tests: values in [-2, 2) under the name "input".
 *
 * @example
 * ```ts
 * import { formulaInput } from '@vitamin-vlm/parity';
 * console.log(formulaInput(64, 64).data[0]); // -1.8147815465927124
 * ```
 */
export function formulaInput(height: number, width: number): Tensor<'float32'> {
  return formulaValues('input', [1, 3, height, width], 4);
}
