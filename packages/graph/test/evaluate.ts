import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import * as ort from 'onnxruntime-node';
import { type Graph, toOnnx } from '../src/index.ts';

export interface LoadedGraph {
  readonly run: (feeds: Record<string, Tensor>) => Promise<Record<string, Tensor<'float32'>>>;
  readonly release: () => Promise<void>;
}

/** A graph ready to run on ONNX Runtime's CPU engine. Feeds that the graph does not use are left out. */
export async function load(graph: Graph): Promise<LoadedGraph> {
  const session = await ort.InferenceSession.create(toOnnx(graph).bytes, { graphOptimizationLevel: 'all', intraOpNumThreads: 1 });
  const run = async (feeds: Record<string, Tensor>): Promise<Record<string, Tensor<'float32'>>> => {
    const inputs = Object.fromEntries(
      Object.entries(feeds)
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, t]) => [name, new ort.Tensor(t.dtype as 'float32', t.data as Float32Array, t.shape)]),
    );
    const outputs = await session.run(inputs);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, t]) => [name, { dtype: 'float32' as const, shape: t.dims, data: t.data as Float32Array }]),
    );
  };
  return { run, release: () => session.release() };
}

/** Runs a graph once. */
export async function evaluate(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor<'float32'>>> {
  const model = await load(graph);
  const outputs = await model.run(feeds);
  await model.release();
  return outputs;
}

/** Numbers in [-1, 1) from a small linear congruential generator. */
export function random(shape: readonly number[], seed: number): Tensor<'float32'> {
  let state = seed;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tensor('float32', shape, data);
}

/** [L, L]: 0 where the column is not after the row, -infinity elsewhere. */
export function causal(length: number): Tensor {
  const open = (i: number): boolean => i % length <= Math.floor(i / length);
  return tensor(
    'float32',
    [length, length],
    Float32Array.from({ length: length * length }, (_, i) => (open(i) ? 0 : -Infinity)),
  );
}
