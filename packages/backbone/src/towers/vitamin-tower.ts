import type { Tensor } from '@vitamin-vlm/core';
import { type Params, reshape, transpose, type Value, type Weights } from '@vitamin-vlm/graph';
import { CLIP_NORMALIZATION } from '@vitamin-vlm/image';
import { denseHead, pooledHead, type ViTaminConfig, vitaminTrunk } from '../models/vitamin.ts';
import { resizePositionEmbedding } from '../pos-embed.ts';
import type { ImageTower, TowerValues } from './image-tower.ts';

/** Name of the position embedding in a checkpoint. */
export const POSITIONS = 'visual.trunk.pos_embed';
const STRIDE = 16;

/** What a ViTamin tower is made from. */
export interface ViTaminTowerOptions {
  readonly id: string;
  readonly imageSize: number;
  readonly config: ViTaminConfig;
  /** Whether `visual.head.proj` is there. */
  readonly head: boolean;
  readonly weights: Weights;
  /** [1, g·g, D], when the model has one and it is to be added. */
  readonly positions?: Tensor<'float32'>;
}

/**
 * ViTamin as an image tower. Levels: `stem` (stride 2), `os4`, `os8` (after the MBConv stages), and at stride 16 `mid` (after the first half of
 * the Transformer blocks, rounded down: what F-ViT takes), `preLast` (before the last block: what LLaVA takes), `final`, and `blocks.N` after each block.
 */
export function vitaminTower(options: ViTaminTowerOptions): ImageTower {
  const { id, imageSize, weights, positions, head } = options;
  const config = { ...options.config, positions: positions !== undefined };
  const { widths, embedDim } = config;
  const [c1, c2, width] = widths;
  const blocks = Array.from({ length: config.depths[2] }, (_, i) => `blocks.${i}`);
  return {
    id,
    family: 'vitamin',
    imageSize,
    stride: STRIDE,
    normalization: CLIP_NORMALIZATION,
    levels: [
      { name: 'stem', stride: 2, channels: c1 },
      { name: 'os4', stride: 4, channels: c1 },
      { name: 'os8', stride: 8, channels: c2 },
      ...['mid', 'preLast', 'final', ...blocks].map((name) => ({ name, stride: STRIDE, channels: width })),
    ],
    denseLevel: 'final',
    ...(head ? { embedDim } : {}),
    weightsFor: (size) => (positions ? withPositions(weights, positions, size / STRIDE) : weights),
    build: (root, image) => build(root, image, config, head),
    dense: (root, map) => transpose(denseHead(root.at('visual'), transpose(map, [0, 2, 1]), embedDim), [0, 2, 1]),
  };
}

function withPositions(weights: Weights, positions: Tensor<'float32'>, side: number): Weights {
  const from = Math.sqrt(positions.shape[1]!);
  if (from === side) return weights;
  return new Map([...weights, [POSITIONS, resizePositionEmbedding(positions, [from, from], [side, side])]]);
}

function build(root: Params, image: Value, config: ViTaminConfig, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { stem, stage1, stage2, embedded, blocks, pool } = vitaminTrunk(visual.at('trunk'), image, config);
  const asMap = (tokens: Value): Value => reshape(transpose(tokens, [0, 2, 1]), pool.shape); // [N, L, D] -> [N, D, h, w]
  const depth = blocks.length;
  const after = (count: number): Value => (count > 0 ? blocks[count - 1]! : embedded);
  const maps = {
    stem,
    os4: stage1.at(-1)!,
    os8: stage2.at(-1)!,
    mid: asMap(after(Math.floor(depth / 2))),
    preLast: asMap(after(depth - 1)),
    final: asMap(after(depth)),
    ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, asMap(block)])),
  };
  return head ? { maps, embedding: pooledHead(visual, after(depth), config.embedDim).embedding } : { maps };
}
