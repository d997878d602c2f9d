import {
  type BlockTaps,
  coAtNetHead,
  coAtNetTrunk,
  convNeXtHead,
  convNeXtTrunk,
  eva02Head,
  eva02Trunk,
  pooledViTHead,
  pooledViTTrunk,
  textTower,
  type TextTowerConfig,
  type TowerConfig,
  vitHead,
  vitTrunk,
} from '@vitamin-vlm/backbone';
import { type Params, type Value } from '@vitamin-vlm/graph';

/** Values inside a network by the names that the files give them. */
export type NamedValues = Readonly<Record<string, Value>>;

/** Everything inside an image tower that a file may hold. `root` is the scope of the whole checkpoint. */
export function imageValues(root: Params, image: Value, config: TowerConfig): NamedValues {
  const visual = root.at('visual');
  if (config.family === 'vit') return vitValues(visual, image, config.image);
  if (config.family === 'eva02') return evaValues(visual, image, config.image);
  if (config.family === 'convnext') return convNeXtValues(visual, image, config.image);
  if (config.family === 'coatnet') return coAtNetValues(visual, image, config.image);
  if (config.family === 'siglip2' || config.family === 'pe-core') return pooledValues(visual.at('trunk'), image, config.image);
  return {};
}

type Sizes<F extends TowerConfig['family']> = Extract<TowerConfig, { readonly family: F }>['image'];

function vitValues(p: Params, image: Value, config: Sizes<'vit'>): NamedValues {
  const { conv1, embedded, start, blocks } = vitTrunk(p, image, config);
  const { normed } = vitHead(p, blocks.at(-1)!.out, config);
  const first = blocks[0]!;
  return {
    conv1,
    tokens: embedded,
    ln_pre: start,
    'block.0.ln_1': first.norm1,
    'block.0.attn': first.attention,
    'block.0.mlp.c_fc': first.hidden,
    'block.0.mlp.act': first.activated,
    ...afterBlocks(blocks),
    ln_post: normed,
  };
}

function afterBlocks(blocks: readonly Pick<BlockTaps, 'out'>[]): NamedValues {
  return Object.fromEntries(blocks.map(({ out }, i) => [`block.${i}`, out]));
}

function evaValues(p: Params, image: Value, config: Sizes<'eva02'>): NamedValues {
  const { patches, embedded, blocks, valueOnly } = eva02Trunk(p, image, config);
  const first = blocks[0]!;
  return {
    patch_embed: patches,
    tokens: embedded,
    'block.0.norm1': first.norm1,
    'block.0.attn.before_inner_ln': first.mixed,
    'block.0.attn.inner_attn_ln': first.mixedNorm,
    'block.0.attn': first.attention,
    'block.0.norm2': first.norm2,
    'block.0.mlp.w1': first.w1,
    'block.0.mlp.before_ffn_ln': first.gated,
    'block.0.mlp.ffn_ln': first.gatedNorm,
    'block.0.mlp': first.mlp,
    ...afterBlocks(blocks),
    norm: eva02Head(p, blocks.at(-1)!.out, config.embedDim).normed,
    'dense.last_block_without_attention': valueOnly,
  };
}

function convNeXtValues(p: Params, image: Value, config: Sizes<'convnext'>): NamedValues {
  const { conv, stem, stages } = convNeXtTrunk(p.at('trunk'), image, config);
  const first = stages[0]!.blocks[0]!;
  return {
    'stem.conv': conv,
    stem,
    'stages.0.blocks.0.conv_dw': first.depthwise,
    'stages.0.blocks.0.norm': first.norm,
    'stages.0.blocks.0.mlp': first.mlp,
    'stages.0.blocks.0': first.out,
    ...Object.fromEntries(
      stages.flatMap(({ start, out }, s) => [[`stages.${s}.downsample`, start] as const, [`stages.${s}`, out] as const]),
    ),
    trunk_head: convNeXtHead(p, stages.at(-1)!.out, config).normed,
  };
}

function pooledValues(p: Params, image: Value, config: Sizes<'siglip2'>): NamedValues {
  const { patches, start, blocks } = pooledViTTrunk(p, image, config);
  const { normed, query, attended, pooled } = pooledViTHead(p, blocks.at(-1)!.out, config);
  const first = blocks[0]!;
  return {
    patch_embed: patches,
    'block0.input': start,
    'block.0.norm1': first.norm1,
    'block.0.attn': first.attention,
    'block.0.mlp': first.mlp,
    ...afterBlocks(blocks),
    norm: normed,
    'attn_pool.q': query,
    'attn_pool.proj': attended,
    attn_pool: pooled,
  };
}

function coAtNetValues(p: Params, image: Value, config: Sizes<'coatnet'>): NamedValues {
  const { conv1, norm1, stem, convolutions, attentions } = coAtNetTrunk(p.at('trunk'), image, config);
  const first = convolutions[0]![0]!;
  const attention = attentions[0]![0]!;
  const stages = [...convolutions, ...attentions].map((blocks) => blocks.at(-1)!.out);
  const { preLogits } = coAtNetHead(p, stages.at(-1)!, config);
  return {
    'stem.conv1': conv1,
    'stem.norm1_act': norm1,
    stem,
    'stages.0.blocks.0.shortcut': first.shortcut,
    'stages.0.blocks.0.pre_norm': first.preNorm,
    'stages.0.blocks.0.conv1_1x1': first.conv1,
    'stages.0.blocks.0.norm1': first.norm1,
    'stages.0.blocks.0.conv2_kxk': first.conv2,
    'stages.0.blocks.0.norm2': first.norm2,
    'stages.0.blocks.0.se': first.squeezed,
    'stages.0.blocks.0.conv3_1x1': first.conv3,
    'stages.2.blocks.0.shortcut': attention.shortcut,
    'stages.2.blocks.0.norm1': attention.norm1,
    'stages.2.blocks.0.attn.qkv': attention.qkv,
    'stages.2.blocks.0.attn': attention.attention,
    'stages.2.blocks.0.mlp': attention.mlp,
    'stages.2.blocks.0': attention.out,
    ...Object.fromEntries(stages.map((out, s) => [`stages.${s}`, out])),
    'trunk_head.pre_logits': preLogits,
    trunk_head: preLogits,
  };
}

/** Everything inside a text tower that a file may hold. */
export function textValues(root: Params, ids: Value, ends: Value, config: TextTowerConfig): NamedValues {
  const { blocks, normed } = textTower(root.at('text'), ids, ends, config);
  return { ...Object.fromEntries(blocks.map((block, i) => [`text.block.${i}`, block])), 'text.ln_final': normed };
}
