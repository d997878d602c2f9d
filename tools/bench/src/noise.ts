import { sizeOf, tensor, type Tensor } from '@vitamin-vlm/core';

export interface NoiseOptions {
  /** Width of the interval. */
  readonly scale: number;
  /** Its middle. Default 0. */
  readonly offset?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** Numbers without structure, uniform in `offset` ± `scale` / 2 and the same in every run: a linear congruential generator modulo 2^32. */
export function noise(shape: readonly number[], { scale, offset = 0, seed = 1 }: NoiseOptions): Tensor<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  let state = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = offset + (scale * state) / 2 ** 32;
  }
  return tensor('float32', shape, data);
}

/**
 * A weight of unit gain, so that activations stay near one however deep the network is. Each needs a seed of its own: ONNX Runtime
 * keeps equal weights once, which no trained network has.
 */
export function noiseWeight(name: string, shape: readonly number[], seed: number): Tensor<'float32'> {
  if (shape.length > 1) return noise(shape, { scale: Math.sqrt(12 / sizeOf(shape.slice(1))), seed });
  return noise(shape, { scale: 0.2, offset: name.endsWith('.bias') ? 0 : 1, seed });
}
