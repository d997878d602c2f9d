import { type Params, transpose, type Value } from '@vitamin-vlm/graph';
import { CLIP_PREPROCESSING, IMAGENET_NORMALIZATION } from '../load/preprocessing.ts';
import { countBlocks, extent, gridSide, headsOf } from '../load/shapes.ts';
import { type ViTConfig, vitDenseHead, vitHead, vitMap, vitTrunk } from '../models/vit.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily, TowerPlan } from './family.ts';
import { type TowerLayout, transformersText } from './layouts.ts';
import { blockLevels, blockMaps, refuseSkippedPositions, sizeName } from './plain-levels.ts';

const POSITIONS = 'visual.positional_embedding';
const BLOCKS = 'visual.transformer.resblocks.';

/** transformers' CLIPModel and CLIPVisionModel. */
const transformers: TowerLayout = {
  form: 'transformers',
  has: ['vision_model.embeddings.class_embedding', 'vision_model.pre_layrnorm.weight'],
  renames: [
    [/^vision_model\.embeddings\.patch_embedding\./u, 'visual.conv1.'],
    [/^vision_model\.embeddings\.position_embedding\.weight$/u, POSITIONS],
    [/^vision_model\.embeddings\./u, 'visual.'],
    [/^vision_model\.pre_layrnorm\./u, 'visual.ln_pre.'], // sic: the published spelling
    [/^vision_model\.post_layernorm\./u, 'visual.ln_post.'],
    [/^visual_projection\./u, 'visual.proj.'],
    [/^vision_model\.encoder\.layers\./u, BLOCKS],
    [/^text_projection\./u, 'text.text_projection.'],
    ...transformersText,
  ],
  buffers: /\.position_ids$/u,
};

/** timm's VisionTransformer with `clip` in its name. */
const timm: TowerLayout = {
  form: 'timm',
  has: ['patch_embed.proj.weight', 'cls_token', 'norm_pre.weight', 'blocks.0.attn.qkv.weight'],
  lacks: ['attn_pool.latent', 'patch_embed.proj.bias'],
  renames: [
    [/^patch_embed\.proj\./u, 'visual.conv1.'],
    [/^cls_token$/u, 'visual.class_embedding'],
    [/^pos_embed$/u, POSITIONS],
    [/^norm_pre\./u, 'visual.ln_pre.'],
    [/^norm\./u, 'visual.ln_post.'],
    [/^head\./u, 'visual.proj.'],
    [/^blocks\./u, BLOCKS],
    [/\.norm([12])\./u, '.ln_$1.'],
    [/\.attn\.qkv\./u, '.attn.in_proj_'],
    [/\.attn\.proj\./u, '.attn.out_proj.'],
    [/\.mlp\.fc1\./u, '.mlp.c_fc.'],
    [/\.mlp\.fc2\./u, '.mlp.c_proj.'],
  ],
  squeezed: /^visual\.(?:class_embedding|positional_embedding)$/u,
};

/** What CLIPA's training does otherwise: its texts are read whole, at their last position. */
const clipa: Pick<TowerPlan, 'preprocessing' | 'text'> = {
  preprocessing: { normalization: IMAGENET_NORMALIZATION, resize: 'bilinear', edge: 'both' },
  text: { bidirectional: true, pool: 'last', tokenizer: 'bert' },
};

/**
 * CLIP's own towers: OpenAI's, LAION's, DataComp's, and CLIPA's. Levels, all with the stride of the patch and without the class token: `preLast` (before the last
 * block: what LLaVA takes), `final`, `valueOnly` (the last block without attention, what CLIPSelf makes dense maps from), and `blocks.N` after each block.
 */
export const vit: TowerFamily = {
  name: 'vit',
  title: 'CLIP ViT',
  layouts: [{ form: 'clip', has: ['visual.class_embedding', 'visual.conv1.weight'] }, transformers, timm],
  head: /^visual\.(?:ln_post\.|proj(?:\.|$))/u,
  plan: (shapes, { activation = 'gelu', imageHeads, posEmbed, positionResize = 'antialias', denseLevel = 'valueOnly' }) => {
    const width = extent(shapes, 'visual.conv1.weight', 4, 0);
    const patch = extent(shapes, 'visual.conv1.weight', 4, 2);
    const grid = gridSide(extent(shapes, POSITIONS, 2, 0) - 1);
    const linear = shapes.has('visual.proj.weight');
    const head = linear || shapes.has('visual.proj');
    const embedDim = linear ? extent(shapes, 'visual.proj.weight', 2, 0) : head ? extent(shapes, 'visual.proj', 2, 1) : width;
    const image: ViTConfig = {
      width,
      layers: countBlocks(shapes, BLOCKS),
      heads: headsOf(width, 'image', imageHeads),
      hidden: extent(shapes, `${BLOCKS}0.mlp.c_fc.weight`, 2, 0),
      patch,
      embedDim,
      activation,
      preNorm: shapes.has('visual.ln_pre.weight'),
      pool: shapes.has('visual.ln_pre.weight') ? 'class' : 'mean',
      separate: shapes.has(`${BLOCKS}0.attn.q_proj.weight`),
      projection: linear ? 'linear' : 'matrix',
    };
    refuseSkippedPositions(posEmbed);
    return {
      config: { family: 'vit', image },
      id: (imageSize) => `vit-${sizeName(width, image.layers)}-${patch}-${imageSize}${image.pool === 'mean' ? '-clipa' : ''}`,
      stride: patch,
      imageSize: grid * patch,
      positions: { name: POSITIONS, classRows: 1, grid, antialias: positionResize === 'antialias' },
      levels: blockLevels(image.layers, patch, width),
      denseLevel,
      ...(image.pool === 'mean' ? clipa : { preprocessing: CLIP_PREPROCESSING, text: { activation } }),
      ...(head ? { embedDim } : {}),
      build: (root, picture) => build(root, picture, image, head),
      dense: (root, map) => transpose(vitDenseHead(root.at('visual'), transpose(map, [0, 2, 1]), image), [0, 2, 1]),
    };
  },
};

function build(root: Params, picture: Value, config: ViTConfig, head: boolean): TowerValues {
  const visual = root.at('visual');
  const { grid, start, blocks, valueOnly } = vitTrunk(visual, picture, config);
  const outputs = blocks.map(({ out }) => out);
  const maps = blockMaps(start, outputs, valueOnly, (tokens) => vitMap(tokens, grid));
  return head ? { maps, embedding: vitHead(visual, outputs.at(-1)!, config).embedding } : { maps };
}
