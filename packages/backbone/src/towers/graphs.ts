import { Graph, Parameters, reshape, type Weights } from '@vitamin-vlm/graph';
import type { Identity } from '../load/identity.ts';
import type { Int8Weights } from '../load/int8-weights.ts';
import { type TextTowerConfig, textTower } from '../models/text-tower.ts';
import type { ImageTower } from './image-tower.ts';

/** Name of the output that is not a map. */
export const EMBEDDING = 'embedding';

/** The name of a graph: it stands in its bytes, so that a graph in the cache belongs to the weights it was made for, whatever their file says. */
function graphName(kind: string, { tower, head = '', text = '' }: Identity): string {
  return `${kind} ${tower} ${head} ${text}`;
}

/** What a tower is built for. */
export interface ImageGraphOptions {
  /** Sides of the input in pixels. */
  readonly height: number;
  readonly width: number;
  readonly batch: number;
  /** Levels, and `embedding`. */
  readonly outputs: readonly string[];
  /** Matrices that are multiplied in 8 bits. */
  readonly int8?: Int8Weights | undefined;
}

/** A tower for a fixed batch of inputs: `image` float32 [batch, 3, height, width] in, the named levels and `embedding` out. */
export function imageGraph(tower: ImageTower, identity: Identity, { height, width, batch, outputs, int8 }: ImageGraphOptions): Graph {
  const graph = new Graph(graphName('image', identity));
  const parameters = new Parameters(graph, { weights: tower.weightsFor(height, width), int8 });
  const { maps, embedding } = tower.build(parameters.root, graph.input('image', 'float32', [batch, 3, height, width]));
  for (const name of outputs) graph.output(name, name === EMBEDDING ? embedding! : maps[name]!);
  return graph;
}

/** The head of the dense map: `map` float32 [1, C, L] in, `dense` [1, E, L] out, for any L. */
export function denseGraph(tower: ImageTower, identity: Identity): Graph {
  const graph = new Graph(graphName('dense', identity));
  const parameters = new Parameters(graph, { weights: tower.weightsFor(tower.imageSize) });
  const { channels } = tower.levels.find(({ name }) => name === tower.denseLevel)!;
  graph.output('dense', tower.dense(parameters.root, graph.input('map', 'float32', [1, channels, 'L'])));
  return graph;
}

/** The text tower for sequences of one length: `ids` int32 [N, length] and `ends` int32 [N] in, `features` [N, E] out, for any N. */
export function textGraph(
  { weights, int8 }: { readonly weights: Weights; readonly int8?: Int8Weights | undefined },
  identity: Identity,
  config: TextTowerConfig,
  length: number,
): Graph {
  const graph = new Graph(graphName('text', identity));
  const parameters = new Parameters(graph, { weights, int8 });
  const ids = graph.input('ids', 'int32', ['N', length]);
  const { features } = textTower(parameters.root.at('text'), ids, graph.input('ends', 'int32', ['N']), config);
  graph.output('features', features);
  return graph;
}

/** What both towers ask for, in the order of the model: names and shapes of all tensors, and the paths of the matrices. Nothing is run. */
export function declaredTensors(tower: ImageTower, text: TextTowerConfig | undefined): Pick<Parameters, 'declared' | 'matrices'> {
  const graph = new Graph('declared');
  const parameters = new Parameters(graph);
  const { maps } = tower.build(parameters.root, graph.input('image', 'float32', [1, 3, tower.imageSize, tower.imageSize]));
  const last = maps[tower.denseLevel]!;
  if (tower.embedDim !== undefined) {
    const [n, channels, h, w] = last.shape as [number, number, number, number];
    tower.dense(parameters.root, reshape(last, [n, channels, h * w]));
  }
  if (text) textTower(parameters.root.at('text'), graph.input('ids', 'int32', [1, text.context]), graph.input('ends', 'int32', [1]), text);
  return parameters;
}
