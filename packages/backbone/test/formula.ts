import { type Tensor, tensor } from '@vitamin-vlm/core';

/** Reproducible values in [-0.5, 0.5): FNV-1a of the name (ASCII), then a linear congruential generator. Python makes the same ones. */
export function formulaValues(name: string, shape: readonly number[]): Tensor<'float32'> {
  let state = 0x811c9dc5;
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  const out = tensor('float32', shape);
  for (let i = 0; i < out.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out.data[i] = (state >>> 0) / 2 ** 32 - 0.5;
  }
  return out;
}
