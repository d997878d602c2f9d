import type { DType, Tensor } from '@vitamin-vlm/core';
import * as g from '../src/index.ts';
import { random } from './evaluate.ts';
import { operators } from './operators/index.ts';
import type { Case } from './operators/row.ts';

/** Every gradient case of the table, with its name. */
export const cases: readonly (readonly [name: string, example: Case])[] = Object.entries(operators).flatMap(([name, { gradients }]) =>
  'excuse' in gradients ? [] : gradients.map((example) => [example.of ? `${name}, ${example.of}` : name, example] as const),
);

/**
 * A case with its gradients: outputs `y`, and for each input `x0`, `x1`, ... its gradient `d0`, `d1`, ... The input `seed` weighs every
 * element of y differently, so that a wrong order of elements shows.
 */
export function gradientGraph(
  { shapes, build }: Pick<Case, 'build'> & { readonly shapes: readonly g.Shape[] },
  dtype: DType = 'float32',
): g.Graph {
  const graph = new g.Graph('gradients');
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, dtype, shape));
  const y = build(...inputs);
  graph.output('y', y);
  const seed = graph.input('seed', y.dtype, y.shape);
  g.gradients([y], inputs, [seed]).forEach((gradient, i) => graph.output(`d${i}`, gradient));
  return graph;
}

/** Numbers for the inputs of such a graph of fixed shapes. */
export function feedsOf(graph: g.Graph, { shift = 0, seed = 0 }: Case): Record<string, Tensor<'float32'>> {
  const feeds = Object.fromEntries(
    [...graph.inputs].map(([name, { shape }], i) => [name, random(shape as number[], seed + 7919 * (i + 1))]),
  );
  for (const [name, { data }] of Object.entries(feeds)) if (name !== 'seed') for (let i = 0; i < data.length; i++) data[i]! += shift;
  return feeds;
}

/** Every case that WebGPU can run as a model file, to be run on other engines. */
export function gradientModels(): { readonly name: string; readonly model: g.OnnxModel; readonly feeds: Record<string, Tensor> }[] {
  return cases
    .filter(([, example]) => example.cpuOnly === undefined)
    .map(([name, example]) => {
      const graph = gradientGraph(example);
      return { name, model: g.toOnnx(graph), feeds: feedsOf(graph, example) };
    });
}
