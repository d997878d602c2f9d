import { Graph, layerNorm, Parameters, transpose, type Weights } from '@vitamin-vlm/graph';
import type { OpenedProjector } from '../load/open-projector.ts';
import { type GridRule, gridFeatures } from '../models/grid-features.ts';
import { projector } from '../models/projector.ts';

/** The norm of CLIP's head, in the tower's checkpoint. */
export const FINAL_NORM = 'visual.trunk.fc_norm';
export const FINAL_NORM_EPS = 1e-6;

/** The norm of the tower's head, by the names of its checkpoint. */
export interface TowerNorm {
  readonly weights: Weights;
  readonly identity: string;
}

/** Where features come from, and what they become. */
export interface TokensShape {
  readonly height: number;
  readonly width: number;
  readonly grid: GridRule;
  readonly norm?: TowerNorm | undefined;
}

/** `features` [1, C, height · width] in, `tokens` [1, L, H] out. With `norm`, the final norm of the tower's head comes before grid and projector. */
export function tokensGraph({ config, weights, identity }: OpenedProjector, { height, width, grid, norm }: TokensShape): Graph {
  const graph = new Graph(`tokens ${identity} ${norm?.identity ?? ''}`);
  const map = graph.input('features', 'float32', [1, config.input / grid.merge ** 2, height * width]);
  const features = transpose(map, [0, 2, 1]);
  const normed = norm
    ? layerNorm(new Parameters(graph, { weights: norm.weights }).root.at(FINAL_NORM), features, FINAL_NORM_EPS)
    : features;
  graph.output('tokens', projector(new Parameters(graph, { weights }).root, gridFeatures(normed, grid, height, width), config));
  return graph;
}
