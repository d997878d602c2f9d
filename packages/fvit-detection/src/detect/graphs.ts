import { Graph, l2Normalize, Parameters, sigmoid, type Value, type Weights } from '@vitamin-vlm/graph';
import type { FVitConfig } from '../models/config.ts';
import { classDirections, clipRegions, fuseScores, maskNetwork, pyramidNetwork, regionNetwork, wordLogits } from '../models/fvit.ts';
import { frozenNorm } from '../models/norm.ts';
import { type LevelRegions, REGION_LEVELS } from '../models/region-features.ts';
import { TOWER_MAPS } from '../models/tower-levels.ts';

/** Extents of the tower's coarsest map: canvas side / 16. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/** How many cells of the tower's maps lie in one of the coarsest along a side: of a ViTamin's; a plain Vision Transformer has them all alike. */
const FACTORS = [4, 2, 1, 1] as const;

/** Declares the tower's maps for a canvas: `os4`, `os8`, `mid`, `final`, [1, C, h, w]. */
export function towerInputs(
  graph: Graph,
  { channels, patch }: FVitConfig,
  { height, width }: MapSize,
): Record<(typeof TOWER_MAPS)[number], Value> {
  const inputs = TOWER_MAPS.map((name, i) => {
    const factor = patch === undefined ? FACTORS[i]! : 1;
    return [name, graph.input(name, 'float32', [1, channels[i]!, factor * height, factor * width])];
  });
  return Object.fromEntries(inputs) as ReturnType<typeof towerInputs>;
}

/** Tower maps in; `p2` to `p5`, and `logits0`, `deltas0` to `logits4`, `deltas4` out. */
export function pyramidGraph(weights: Weights, config: FVitConfig, size: MapSize): Graph {
  const graph = new Graph('pyramid');
  const { root } = new Parameters(graph, { weights });
  const { pyramid, rpn } = pyramidNetwork(root, towerInputs(graph, config, size), config, frozenNorm);
  for (const [i, level] of pyramid.slice(0, REGION_LEVELS).entries()) graph.output(`p${i + 2}`, level);
  for (const [i, { logits, deltas }] of rpn.entries()) {
    graph.output(`logits${i}`, logits);
    graph.output(`deltas${i}`, deltas);
  }
  return graph;
}

/** Declares `p2` to `p5` for a canvas, and the regions of each: `rois0` to `rois3` float32 [R0, 4] and `pictures0` to `pictures3` int64 [R0]. */
export function regionInputs(
  graph: Graph,
  { width: channels }: FVitConfig,
  { height, width }: MapSize,
): { pyramid: Value[]; regions: LevelRegions[] } {
  const [heights, widths] = [levelSides(height), levelSides(width)];
  const pyramid = heights.map((rows, i) => graph.input(`p${i + 2}`, 'float32', [1, channels, rows, widths[i]!]));
  const regions = heights.map((_, i) => ({
    boxes: graph.input(`rois${i}`, 'float32', [`R${i}`, 4]),
    pictures: graph.input(`pictures${i}`, 'int64', [`R${i}`]),
  }));
  return { pyramid, regions };
}

/** Cells of P2 to P5 along one side; the pool before the coarsest level rounds down. */
function levelSides(cells: number): number[] {
  return [4 * cells, 2 * cells, cells, Math.floor(cells / 2)];
}

/**
 * Pyramid, regions, the dense CLIP map `clip` [1, E, h, w] and its RoIAlign weights `rows` [R, 1, h], `columns` [R, 1, w] in; `classVectors` [R, E],
 * `clipVectors` [R, E], both of unit length, and `deltas` [R, 4] out.
 */
export function regionGraph(weights: Weights, config: FVitConfig, size: MapSize): Graph {
  const graph = new Graph('regions');
  const { root } = new Parameters(graph, { weights });
  const { pyramid, regions } = regionInputs(graph, config, size);
  const { classVectors, deltas } = regionNetwork(root, pyramid, regions, config, frozenNorm);
  const map = graph.input('clip', 'float32', [1, config.embedDim, size.height, size.width]);
  const clip = clipRegions(
    map,
    graph.input('rows', 'float32', ['R', 1, size.height]),
    graph.input('columns', 'float32', ['R', 1, size.width]),
  );
  graph.output('classVectors', classDirections(classVectors));
  graph.output('clipVectors', l2Normalize(clip));
  graph.output('deltas', deltas);
  return graph;
}

/** Pyramid and regions in, `masks` [R, 1, 28, 28] with values from 0 to 1 out. */
export function maskGraph(weights: Weights, config: FVitConfig, size: MapSize): Graph {
  const graph = new Graph('masks');
  const { root } = new Parameters(graph, { weights });
  const { pyramid, regions } = regionInputs(graph, config, size);
  graph.output('masks', sigmoid(maskNetwork(root, pyramid, regions, config, frozenNorm).logits));
  return graph;
}

/**
 * `classVectors` and `clipVectors` [R, E], `embeddings` [V, E], `synonyms` int64 [K, S], `weights` [K] and the temperatures `detector` and `clip` [] in,
 * `scores` [R, K] out. No weights of the checkpoint: one graph serves any words.
 */
export function scoreGraph(embedDim: number): Graph {
  const graph = new Graph('scores');
  const [classVectors, clipVectors] = ['classVectors', 'clipVectors'].map((name) => graph.input(name, 'float32', ['R', embedDim])) as [
    Value,
    Value,
  ];
  const vocabulary = {
    embeddings: graph.input('embeddings', 'float32', ['V', embedDim]),
    synonyms: graph.input('synonyms', 'int64', ['K', 'S']),
  };
  const detector = wordLogits(classVectors, vocabulary, graph.input('detector', 'float32', []));
  const clip = wordLogits(clipVectors, vocabulary, graph.input('clip', 'float32', []));
  graph.output('scores', fuseScores(detector, clip, graph.input('weights', 'float32', ['K'])));
  return graph;
}
