import { Graph, type OnnxModel, Parameters, reshape, toOnnx, type Weights } from '@vitamin-vlm/graph';
import { type TextTowerConfig, textTower } from '../models/text-tower.ts';
import type { ImageTower } from './image-tower.ts';

/** Name of the output that is not a map. */
export const EMBEDDING = 'embedding';

/** A tower for a fixed batch of square inputs: `image` float32 [batch, 3, size, size] in, the named taps and `embedding` out. */
export function imageGraph(tower: ImageTower, size: number, batch: number, outputs: Iterable<string>): OnnxModel {
  const graph = new Graph('image');
  const parameters = new Parameters(graph, { weights: tower.weightsFor(size) });
  const { maps, embedding } = tower.build(parameters.root, graph.input('image', 'float32', [batch, 3, size, size]));
  for (const name of outputs) graph.output(name, name === EMBEDDING ? embedding! : maps[name]!);
  return toOnnx(graph);
}

/** The head of the dense map: `map` float32 [1, C, L] in, `dense` [1, E, L] out, for any L. */
export function denseGraph(tower: ImageTower): OnnxModel {
  const graph = new Graph('dense');
  const parameters = new Parameters(graph, { weights: tower.weightsFor(tower.imageSize) });
  const { channels } = tower.taps.find(({ name }) => name === tower.denseTap)!;
  graph.output('dense', tower.dense(parameters.root, graph.input('map', 'float32', [1, channels, 'L'])));
  return toOnnx(graph);
}

/** The text tower for sequences of one length: `ids` int32 [N, length] and `ends` int32 [N] in, `features` [N, E] out, for any N. */
export function textGraph(weights: Weights, config: TextTowerConfig, length: number): OnnxModel {
  const graph = new Graph('text');
  const parameters = new Parameters(graph, { weights });
  const ids = graph.input('ids', 'int32', ['N', length]);
  const { features } = textTower(parameters.root.at('text'), ids, graph.input('ends', 'int32', ['N']), config);
  graph.output('features', features);
  return toOnnx(graph);
}

/**
 * Builds both towers once, without running them, to compare every tensor with what the model expects.
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` that lists all missing, mismatched and unused tensors.
 */
export function checkWeights(
  tower: ImageTower,
  weights: Weights,
  text: TextTowerConfig | undefined,
  unusedAllowed: ReadonlySet<string>,
): void {
  const graph = new Graph('check');
  const parameters = new Parameters(graph, { weights });
  const { maps } = tower.build(parameters.root, graph.input('image', 'float32', [1, 3, tower.imageSize, tower.imageSize]));
  const last = maps[tower.denseTap]!;
  if (tower.embedDim !== undefined) {
    const [n, channels, h, w] = last.shape as [number, number, number, number];
    tower.dense(parameters.root, reshape(last, [n, channels, h * w]));
  }
  if (text) textTower(parameters.root.at('text'), graph.input('ids', 'int32', [1, text.context]), graph.input('ends', 'int32', [1]), text);
  parameters.check({ unusedAllowed: (name) => unusedAllowed.has(name) });
}
