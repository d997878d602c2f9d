import type { Tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { textTower } from '../../src/models/text-tower.ts';
import { type ViTConfig, vitHead, vitTrunk } from '../../src/models/vit.ts';
import { formulaWeight } from './formula-model.ts';

const clipa: ViTConfig = {
  width: 64,
  layers: 2,
  heads: 2,
  hidden: 256,
  patch: 14,
  embedDim: 32,
  activation: 'gelu',
  preNorm: false,
  pool: 'mean',
  separate: false,
  projection: 'matrix',
};

/** A tiny CLIPA under open_clip's names: its text tower at the root reads 16 of 500 tokens. */
export function clipaWeights(): Map<string, Tensor<'float32'>> {
  const graph = new Graph('shapes');
  const { root, declared } = new Parameters(graph);
  const { blocks } = vitTrunk(root.at('visual'), graph.input('image', 'float32', [1, 3, 56, 56]), clipa);
  vitHead(root.at('visual'), blocks.at(-1)!.out, clipa);
  const text = { width: 64, heads: 2, layers: 1, embedDim: 32, vocabulary: 500, context: 16 };
  textTower(root.at('text'), graph.input('ids', 'int32', [1, 16]), graph.input('ends', 'int32', [1]), text);
  return new Map(
    [...declared].map(([name, shape]) => {
      const stored = name.replace('text.', '');
      return [stored, formulaWeight(stored, shape)];
    }),
  );
}
