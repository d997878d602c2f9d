import type { Tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { textTower } from '../../src/models/text-tower.ts';
import { type ViTConfig, vitHead, vitTrunk } from '../../src/models/vit.ts';
import { formulaWeight } from './formula-model.ts';

/** A ViT of the smallest sizes: 56 pixels, a grid of 4 × 4 tokens. */
export const tinyViT: ViTConfig = {
  width: 64,
  layers: 2,
  heads: 2,
  hidden: 256,
  patch: 14,
  embedDim: 32,
  activation: 'gelu',
  preNorm: true,
  pool: 'class',
  separate: false,
  projection: 'matrix',
};

/** open_clip's names and formula weights, with a text tower at the root that knows 500 tokens. */
export function vitWeights(image: ViTConfig, context = 77): Map<string, Tensor<'float32'>> {
  const graph = new Graph('shapes');
  const { root, declared } = new Parameters(graph);
  const { blocks } = vitTrunk(root.at('visual'), graph.input('image', 'float32', [1, 3, 56, 56]), image);
  vitHead(root.at('visual'), blocks.at(-1)!.out, image);
  const text = { width: 64, heads: 2, layers: 1, embedDim: 32, vocabulary: 500, context };
  textTower(root.at('text'), graph.input('ids', 'int32', [1, context]), graph.input('ends', 'int32', [1]), text);
  return new Map(
    [...declared].map(([name, shape]) => {
      const stored = name.replace('text.', '');
      return [stored, formulaWeight(stored, shape)];
    }),
  );
}
