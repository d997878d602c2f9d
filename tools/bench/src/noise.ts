import { sizeOf, tensor, type Tensor } from '@vitamin-vlm/core';

/** Numbers without structure, uniform in `offset` ± `scale` / 2 and the same in every run: a linear congruential generator modulo 2^32. */
export function noise(shape: readonly number[], scale: number, offset = 0): Tensor<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  let state = data.length | 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[i] = offset + (scale * state) / 2 ** 32;
  }
  return tensor('float32', shape, data);
}

/** A weight of unit gain, so that activations stay near one however deep the network is. */
export function noiseWeight(name: string, shape: readonly number[]): Tensor<'float32'> {
  if (shape.length > 1) return noise(shape, Math.sqrt(12 / sizeOf(shape.slice(1))));
  return noise(shape, 0.2, name.endsWith('.bias') ? 0 : 1);
}
