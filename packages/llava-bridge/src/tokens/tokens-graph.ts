import { Graph, layerNorm, Parameters, transpose, type Weights } from '@vitamin-vlm/graph';
import type { OpenedProjector } from '../load/open-projector.ts';
import { projector } from '../models/projector.ts';

/** The norm of CLIP's head, in the tower's checkpoint. */
const FINAL_NORM = 'visual.trunk.fc_norm';
const EPS = 1e-6;

/** The norm of the tower's head, by the names of its checkpoint. */
interface TowerNorm {
  readonly weights: Weights;
  readonly identity: string;
}

/** `features` [N, C, L] in, `tokens` [N, L, H] out. With `norm`, the final norm of the tower's head comes before the projector. */
export function tokensGraph({ config, weights, identity }: OpenedProjector, norm?: TowerNorm): Graph {
  const graph = new Graph(`tokens ${identity} ${norm?.identity ?? ''}`);
  const map = graph.input('features', 'float32', ['N', config.input, 'L']);
  const features = transpose(map, [0, 2, 1]);
  const normed = norm ? layerNorm(new Parameters(graph, { weights: norm.weights }).root.at(FINAL_NORM), features, EPS) : features;
  graph.output('tokens', projector(new Parameters(graph, { weights }).root, normed, config));
  return graph;
}
