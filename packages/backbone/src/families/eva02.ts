import { type Params, transpose, type Value } from '@vitamin-vlm/graph';
import { CLIP_PREPROCESSING } from '../load/preprocessing.ts';
import { countBlocks, extent, gridSide, headsOf } from '../load/shapes.ts';
import { type Eva02Config, eva02DenseHead, eva02Head, eva02Trunk } from '../models/eva02.ts';
import { tokensToMap } from '../models/parts/patches.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily } from './family.ts';
import { blockLevels, blockMaps, refuseSkippedPositions, sizeName } from './plain-levels.ts';

const POSITIONS = 'visual.pos_embed';
const BLOCKS = 'visual.blocks.';

/** timm's names of what CLIPSelf names otherwise. */
const timmRenames: readonly (readonly [RegExp, string])[] = [
  [/\.attn\.([qv])_proj\.bias$/u, '.attn.$1_bias'],
  [/\.attn\.norm\./u, '.attn.inner_attn_ln.'],
  [/\.mlp\.fc1_g\./u, '.mlp.w1.'],
  [/\.mlp\.fc1_x\./u, '.mlp.w2.'],
  [/\.mlp\.fc2\./u, '.mlp.w3.'],
  [/\.mlp\.norm\./u, '.mlp.ffn_ln.'],
];
const MARKERS = ['blocks.0.attn.q_proj.weight', 'cls_token', 'patch_embed.proj.weight'] as const;
/** Computed, not learned: one table for each block. */
const ROPE = /(?:^|\.)rope\./u;

/**
 * EVA-02. Levels, all with the stride of the patch and without the class token: `preLast`, `final`, `valueOnly` (the last block without attention: what CLIPSelf's
 * F-ViT reads), and `blocks.N` after each block.
 */
export const eva02: TowerFamily = {
  name: 'eva02',
  title: 'EVA-02 CLIP',
  layouts: [
    { form: 'clip', has: MARKERS.map((name) => `visual.${name}`), buffers: ROPE },
    {
      form: 'clip',
      has: MARKERS.map((name) => `visual.trunk.${name}`),
      renames: [[/^visual\.trunk\./u, 'visual.'], ...timmRenames],
      buffers: ROPE,
    },
    { form: 'timm', has: MARKERS, renames: [[/^/u, 'visual.'], ...timmRenames], buffers: ROPE },
  ],
  head: /^visual\.(?:norm|head)\./u,
  plan: (shapes, { imageHeads, posEmbed, positionResize = 'plain' }) => {
    refuseSkippedPositions(posEmbed);
    const kernel = 'visual.patch_embed.proj.weight';
    const [width, patch] = [extent(shapes, kernel, 4, 0), extent(shapes, kernel, 4, 2)];
    const grid = gridSide(extent(shapes, POSITIONS, 3, 1) - 1);
    const head = shapes.has('visual.head.weight');
    const image: Eva02Config = {
      width,
      layers: countBlocks(shapes, BLOCKS),
      heads: headsOf(width, 'image', imageHeads),
      hidden: extent(shapes, `${BLOCKS}0.mlp.w1.weight`, 2, 0),
      patch,
      embedDim: head ? extent(shapes, 'visual.head.weight', 2, 0) : width,
    };
    return {
      config: { family: 'eva02', image },
      id: (imageSize) => `eva02-${sizeName(width, image.layers)}-${patch}-${imageSize}`,
      stride: patch,
      imageSize: grid * patch,
      positions: { name: POSITIONS, classRows: 1, grid, antialias: positionResize === 'antialias' },
      levels: blockLevels(image.layers, patch, width),
      denseLevel: 'valueOnly',
      preprocessing: CLIP_PREPROCESSING,
      ...(head ? { embedDim: image.embedDim } : {}),
      build: (root, picture) => build(root, picture, image, head),
      dense: (root, map) => transpose(eva02DenseHead(root.at('visual'), transpose(map, [0, 2, 1]), image.embedDim), [0, 2, 1]),
    };
  },
};

function build(root: Params, picture: Value, config: Eva02Config, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { grid, embedded, blocks, valueOnly } = eva02Trunk(visual, picture, config);
  const outputs = blocks.map(({ out }) => out);
  const maps = blockMaps(embedded, outputs, valueOnly, (tokens) => tokensToMap(tokens, grid, 1));
  return head ? { maps, embedding: eva02Head(visual, outputs.at(-1)!, config.embedDim).embedding } : { maps };
}
