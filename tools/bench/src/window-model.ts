import { join } from 'node:path';
import { openModel, type OpenModelOptions, pooledHead, vitaminSizes, vitaminTrunk } from '@vitamin-vlm/backbone';
import { type LazyTensor, writeSafetensors } from '@vitamin-vlm/checkpoint';
import type { Tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { noise, noiseWeight } from './noise.ts';

/** Side of a window in pixels by model; 336 is the one that the published detectors slide. */
export const windowSides = { nano: 64, small: 224, base: 224, large: 336, xlarge: 384 } as const;

/** Which network and input a benchmark uses. */
export interface WindowModel {
  readonly size: keyof typeof windowSides;
  readonly side: number;
}

/** An image tower of random weights with open_clip's names, a tensor at a time. */
export function towerTensors({ size, side }: WindowModel): [name: string, value: LazyTensor][] {
  const config = vitaminSizes[size];
  const graph = new Graph('names');
  const parameters = new Parameters(graph);
  const visual = parameters.root.at('visual');
  const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, side, side]), config);
  pooledHead(visual, blocks.at(-1)!, config.embedDim);
  return noiseTensors(parameters.declared);
}

/** Random weights for what a network asks for. */
export function noiseTensors(declared: ReadonlyMap<string, readonly number[]>, firstSeed: number = 0): [name: string, value: LazyTensor][] {
  return [...declared].map(([name, shape], i) => [
    name,
    { dtype: 'float32', shape, data: () => Promise.resolve(noiseWeight(name, shape, firstSeed + i).data) },
  ]);
}

/**
 * Writes an image tower of random weights as a user would have it: one safetensors file.
 *
 * @returns its path in `folder`.
 */
export async function writeWeights(folder: string, model: WindowModel): Promise<string> {
  const path = join(folder, `vitamin-${model.size}-${model.side}.safetensors`);
  await writeSafetensors(path, towerTensors(model));
  return path;
}

/** The tower of a checkpoint for a batch of windows: `image` [batch, 3, S, S] in, `embedding` [batch, E] out. */
export async function windowGraph(file: string, batch: number, options: OpenModelOptions = {}): Promise<Graph> {
  const { tower, int8 } = await openModel(file, options);
  const graph = new Graph('window');
  const parameters = new Parameters(graph, { weights: tower.weightsFor(tower.imageSize), int8 });
  const image = graph.input('image', 'float32', [batch, 3, tower.imageSize, tower.imageSize]);
  graph.output('embedding', tower.build(parameters.root, image).embedding!);
  return graph;
}

/** `batch` windows of normalized pixels. */
export function windowPixels(batch: number, side: number): Tensor<'float32'> {
  return noise([batch, 3, side, side], { scale: 4 });
}
