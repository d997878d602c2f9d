import type { Tensor } from '@vitamin-vlm/core';
import { type Backend, loadBackend, TfjsEngine } from '@vitamin-vlm/engine-tfjs';
import { expect } from 'vitest';
import type { Tf } from '../src/operators/operator.ts';

/** Loads a model, runs it once and closes it. Nothing may stay behind on the backend. */
export async function run(model: Uint8Array, feeds: Readonly<Record<string, Tensor>>, backend: Backend): Promise<Record<string, Tensor>> {
  const tf = (await loadBackend(backend)).tf as Tf;
  const before = tf.memory().numTensors;
  const engine = await TfjsEngine.create({ model, backend });
  try {
    return await engine.run(feeds);
  } finally {
    await engine.close();
    expect(tf.memory().numTensors).toBe(before);
  }
}

/** Where numbers lie further from what is expected than the tolerance, relative to 1 + |expected|; or another shape. */
export function faults(
  name: string,
  found: Tensor,
  expected: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> },
  tolerance = 1e-5,
): string[] {
  if (found.shape.join() !== expected.shape.join())
    return [`${name}: expected [${expected.shape.join()}] but found [${found.shape.join()}]`];
  return Array.from(expected.data, (value, i) => [Number(value), Number(found.data[i]), i] as const)
    .filter(([value, other]) => !(value === other || Math.abs(value - other) <= tolerance * (1 + Math.abs(value))))
    .map(([value, other, i]) => `${name}[${i}]: expected ${value} but found ${other}`);
}
