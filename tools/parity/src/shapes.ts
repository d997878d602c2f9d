import { pooledHead, type TextTowerConfig, textTower, type ViTaminConfig, vitaminTrunk } from '@vitamin-vlm/backbone';
import { sizeOf } from '@vitamin-vlm/core';
import { Graph, Parameters, type Params } from '@vitamin-vlm/graph';

/** Shapes by the names of open_clip's custom text form. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Every tensor that a network asks for. */
function declaredBy(build: (graph: Graph, root: Params) => void): Shapes {
  const graph = new Graph('shapes');
  const parameters = new Parameters(graph);
  build(graph, parameters.root);
  return parameters.declared;
}

/** The tensors of an image tower with its head and of the learned scale, which every CLIP file has. */
export function imageShapes(config: ViTaminConfig, imageSize: number): Shapes {
  const tower = declaredBy((graph, root) => {
    const visual = root.at('visual');
    const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, imageSize, imageSize]), config);
    pooledHead(visual, blocks.at(-1)!, config.embedDim);
  });
  return new Map<string, readonly number[]>([['logit_scale', []], ...tower]);
}

/** The tensors of a text tower. */
export function textShapes(config: TextTowerConfig): Shapes {
  return declaredBy((graph, root) => {
    const ids = graph.input('ids', 'int32', [1, config.context]);
    textTower(root.at('text'), ids, graph.input('ends', 'int32', [1]), config);
  });
}

/** Bytes of the tensors in float32, as the published files have them. */
export function bytesOf(shapes: Shapes): number {
  return [...shapes.values()].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
}
