import { Graph, Parameters, type Value, type Weights } from '@vitamin-vlm/graph';
import type { ClipHead } from '../models/clip-head.ts';
import { type FcclipConfig, type FcclipSizes, towerLevels } from '../models/config.ts';
import { classVectors, clipVectors, fuseScores, maskLogits, scaleOf, wordLogits } from '../models/fcclip.ts';
import { maskDecoder } from '../models/mask-decoder.ts';
import { everySecondCell, pixelDecoder, type TowerMaps } from '../models/pixel-decoder.ts';
import { type Cells, sineEncoding } from '../models/sine-encoding.ts';

/** Cells of the tower's maps, of a canvas. */
function cellsOf({ canvas }: Pick<FcclipConfig, 'canvas'>, stride: number): Cells {
  return [canvas.height / stride, canvas.width / stride];
}

/** Cells of the memories: res5, res4, res3. */
function memoryCells(config: Pick<FcclipConfig, 'canvas'>): Cells[] {
  const [height, width] = cellsOf(config, 16);
  return [[Math.ceil(height / 2), Math.ceil(width / 2)], [height, width], cellsOf(config, 8)];
}

/** Declares the tower's maps of `pictures` canvases by the names of its levels, [N, C, h, w]. */
export function towerInputs(graph: Graph, config: FcclipConfig, pictures = 1): TowerMaps {
  const [res2, res3, res4, res5] = towerLevels(config).map((name, i) =>
    graph.input(name, 'float32', [pictures, config.channels[i]!, ...cellsOf(config, 4 << i)]),
  ) as [Value, Value, Value, Value?];
  return { res2, res3, res4, res5: res5 ?? everySecondCell(res4) };
}

/** Tower maps in; `memory0` to `memory2` and `maskFeatures` out. */
export function pixelGraph(weights: Weights, config: FcclipConfig): Graph {
  const graph = new Graph('pixels');
  const { root } = new Parameters(graph, { weights });
  const maps = towerInputs(graph, config);
  const { memories, maskFeatures } = pixelDecoder(root, maps, config);
  for (const [i, memory] of memories.entries()) graph.output(`memory${i}`, memory);
  graph.output('maskFeatures', maskFeatures);
  return graph;
}

/**
 * `memory0` to `memory2`, `maskFeatures` and the dense CLIP map, by the name of its level, in; `maskLogits` [1, Q, h, w], `classVectors` and `clipVectors` [1, Q, E] out.
 *
 * @param weights - Of the segmenter, and of the CLIP model's image tower under open_clip's names.
 */
export function maskGraph(weights: Weights, config: FcclipConfig, head: ClipHead): Graph {
  const graph = new Graph('masks');
  const { root } = new Parameters(graph, { weights });
  const cells = memoryCells(config);
  const memories = cells.map((size, i) => graph.input(`memory${i}`, 'float32', [1, config.width, ...size]));
  const features = graph.input('maskFeatures', 'float32', [1, config.width, ...cellsOf(config, 4)]);
  const positions = cells.map((size) => graph.constant(sineEncoding(size, config.width)));
  const predictor = root.at('sem_seg_head').at('predictor');
  const last = maskDecoder(predictor, memories, positions, features, config).predictions.at(-1)!;
  const logits = maskLogits(last, features);
  const level = towerLevels(config).length - 1;
  const map = graph.input(towerLevels(config)[level]!, 'float32', [1, config.channels[level]!, ...cellsOf(config, 4 << level)]);
  graph.output('maskLogits', logits);
  graph.output('classVectors', classVectors(predictor, last, features, logits, config).classVectors);
  graph.output('clipVectors', clipVectors(root.at('visual'), map, logits, head).clipVectors);
  return graph;
}

/**
 * `classVectors` and `clipVectors` [Q, E], `embeddings` [V, E], `synonyms` int64 [K, S], `weights` [K] and CLIP's scale `clip` [] in, `probabilities` [Q, K + 1] out:
 * one graph serves any words.
 */
export function scoreGraph(weights: Weights, { embedDim }: Pick<FcclipSizes, 'embedDim'>): Graph {
  const graph = new Graph('scores');
  const { root } = new Parameters(graph, { weights });
  const [segmenter, clip] = ['classVectors', 'clipVectors'].map((name) => graph.input(name, 'float32', ['Q', embedDim])) as [Value, Value];
  const vocabulary = {
    embeddings: graph.input('embeddings', 'float32', ['V', embedDim]),
    synonyms: graph.input('synonyms', 'int64', ['K', 'S']),
    nothing: root.at('void_embedding').get('weight', [1, embedDim]),
  };
  const inside = wordLogits(segmenter, vocabulary, scaleOf(root.at('sem_seg_head').at('predictor')));
  const outside = wordLogits(clip, vocabulary, graph.input('clip', 'float32', []));
  const { probabilities } = fuseScores(inside, outside, graph.input('weights', 'float32', ['K']));
  graph.output('probabilities', probabilities);
  return graph;
}
