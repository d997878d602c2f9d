import { type Params, transpose, type Value } from '@vitamin-vlm/graph';
import { HALF_NORMALIZATION } from '../load/preprocessing.ts';
import { countBlocks, extent, gridSide, headsOf, type Shapes } from '../load/shapes.ts';
import type { Hints } from '../load/hints.ts';
import { tokensToMap } from '../models/parts/patches.ts';
import { type PooledViTConfig, pooledViTDenseHead, pooledViTHead, pooledViTTrunk } from '../models/pooled-vit.ts';
import type { TowerValues } from '../towers/image-tower.ts';
import type { TowerFamily, TowerPlan } from './family.ts';
import { type TowerLayout, transformersText, TRUNK } from './layouts.ts';
import { blockLevels, blockMaps, refuseSkippedPositions, sizeName } from './plain-levels.ts';

const POSITIONS = `${TRUNK}pos_embed`;
const POOL = 'attn_pool.latent';
const CLASS_TOKEN = 'cls_token';
/** Heads of the Perception Encoder's pool. */
const PE_POOL_HEADS = 8;
/** Cells along a side of the grid that its rotary positions are counted in: what each published patch size was trained on. */
const PE_GRIDS: Readonly<Record<number, number>> = { 14: 24, 16: 14 };

/** The pool and all behind it. */
const head = /^visual\.trunk\.(?:norm|attn_pool|head)\./u;

/** transformers' SiglipModel and SiglipVisionModel: q, k and v of the blocks apart, those of the pool in one matrix. */
const transformers: TowerLayout = {
  form: 'transformers',
  has: ['vision_model.head.probe', 'vision_model.head.attention.in_proj_weight'],
  renames: [
    [/^vision_model\.embeddings\.patch_embedding\./u, `${TRUNK}patch_embed.proj.`],
    [/^vision_model\.embeddings\.position_embedding\.weight$/u, POSITIONS],
    [/^vision_model\.encoder\.layers\./u, `${TRUNK}blocks.`],
    [/(\.blocks\.\d+)\.layer_norm([12])\./u, '$1.norm$2.'],
    [/(\.blocks\.\d+)\.self_attn\.out_proj\./u, '$1.attn.proj.'],
    [/(\.blocks\.\d+)\.self_attn\./u, '$1.attn.'],
    [/^vision_model\.post_layernorm\./u, `${TRUNK}norm.`],
    [/^vision_model\.head\.probe$/u, TRUNK + POOL],
    [/^vision_model\.head\.attention\.out_proj\./u, `${TRUNK}attn_pool.proj.`],
    [/^vision_model\.head\.layernorm\./u, `${TRUNK}attn_pool.norm.`],
    [/^vision_model\.head\.(?:attention\.)?/u, `${TRUNK}attn_pool.`],
    [/^text_model\.head\./u, 'text.text_projection.'],
    ...transformersText,
  ],
  buffers: /\.position_ids$/u,
  unsqueezed: /^visual\.trunk\.pos_embed$/u,
};

/** Levels, all with the stride of the patch and without the class token: `preLast`, `final`, `valueOnly` (the last block without attention), and `blocks.N`. */
export const siglip2: TowerFamily = {
  name: 'siglip2',
  title: 'SigLIP 2',
  layouts: [
    { form: 'clip', has: [TRUNK + POOL], lacks: [TRUNK + CLASS_TOKEN] },
    { form: 'timm', has: [POOL], lacks: [CLASS_TOKEN], renames: [[/^/u, TRUNK]] },
    transformers,
  ],
  head,
  plan: (shapes, hints) => {
    const { width, ...sizes } = sizesOf(shapes, hints);
    const image: PooledViTConfig = {
      ...sizes,
      width,
      embedDim: width,
      eps: 1e-6,
      patchBias: true,
      classToken: false,
      preNorm: false,
      poolHeads: hints.poolHeads ?? sizes.heads,
      projection: false,
      ...(hints.activation === undefined ? {} : { activation: hints.activation }),
      ...(shapes.has(`${TRUNK}blocks.0.attn.q_proj.weight`) ? { separate: true } : {}),
      ...(shapes.has(`${TRUNK}attn_pool.in_proj_weight`) ? { poolPacked: true } : {}),
    };
    return {
      ...planOf(shapes, image),
      config: { family: 'siglip2', image },
      id: (imageSize) => `siglip2-${sizeName(width, image.layers)}-${image.patch}-${imageSize}`,
      preprocessing: { normalization: HALF_NORMALIZATION, resize: 'bicubic', edge: 'both' },
      text: { activation: 'geluTanh', eps: 1e-6, bidirectional: true, pool: 'last', tokenizer: 'gemma' },
    };
  },
};

/** The Perception Encoder's core models, with the levels of SigLIP 2. */
export const peCore: TowerFamily = {
  name: 'pe-core',
  title: 'PE-Core',
  layouts: [
    { form: 'clip', has: [TRUNK + POOL, TRUNK + CLASS_TOKEN] },
    { form: 'timm', has: [POOL, CLASS_TOKEN], renames: [[/^/u, TRUNK]] },
  ],
  head,
  plan: (shapes, hints) => {
    const { width, ...sizes } = sizesOf(shapes, hints);
    const projection = shapes.has(`${TRUNK}head.weight`);
    const image: PooledViTConfig = {
      ...sizes,
      width,
      embedDim: projection ? extent(shapes, `${TRUNK}head.weight`, 2, 0) : width,
      eps: 1e-5,
      patchBias: false,
      classToken: true,
      preNorm: true,
      rotaryGrid: hints.rotaryGrid ?? PE_GRIDS[sizes.patch] ?? gridOf(shapes, true),
      poolHeads: hints.poolHeads ?? PE_POOL_HEADS,
      projection,
    };
    return {
      ...planOf(shapes, image),
      config: { family: 'pe-core', image },
      id: (imageSize) => `pe-core-${sizeName(width, image.layers)}-${image.patch}-${imageSize}`,
      preprocessing: { normalization: HALF_NORMALIZATION, resize: 'bilinear', edge: 'both' },
    };
  },
};

function sizesOf(
  shapes: Shapes,
  { imageHeads, posEmbed }: Hints,
): Pick<PooledViTConfig, 'width' | 'layers' | 'heads' | 'hidden' | 'patch'> {
  refuseSkippedPositions(posEmbed);
  const kernel = `${TRUNK}patch_embed.proj.weight`;
  const width = extent(shapes, kernel, 4, 0);
  return {
    width,
    layers: countBlocks(shapes, `${TRUNK}blocks.`),
    heads: headsOf(width, 'image', imageHeads),
    hidden: extent(shapes, `${TRUNK}blocks.0.mlp.fc1.weight`, 2, 0),
    patch: extent(shapes, kernel, 4, 2),
  };
}

function gridOf(shapes: Shapes, classToken: boolean): number {
  return gridSide(extent(shapes, POSITIONS, 3, 1) - (classToken ? 1 : 0));
}

function planOf(shapes: Shapes, image: PooledViTConfig): Omit<TowerPlan, 'config' | 'id' | 'preprocessing' | 'text'> {
  const { patch, width, classToken } = image;
  const grid = gridOf(shapes, classToken);
  return {
    stride: patch,
    imageSize: grid * patch,
    positions: { name: POSITIONS, classRows: classToken ? 1 : 0, grid, antialias: true },
    levels: blockLevels(image.layers, patch, width),
    denseLevel: 'valueOnly',
    embedDim: image.embedDim,
    build: (root, picture) => build(root, picture, image),
    dense: (root, map) => transpose(pooledViTDenseHead(root.at('visual').at('trunk'), transpose(map, [0, 2, 1]), image), [0, 2, 1]),
  };
}

function build(root: Params, picture: Value, config: PooledViTConfig): TowerValues {
  const trunk = root.at('visual').at('trunk');
  const { grid, start, blocks, valueOnly } = pooledViTTrunk(trunk, picture, config);
  const outputs = blocks.map(({ out }) => out);
  const maps = blockMaps(start, outputs, valueOnly, (tokens) => tokensToMap(tokens, grid, config.classToken ? 1 : 0));
  return { maps, embedding: pooledViTHead(trunk, outputs.at(-1)!, config).embedding };
}
