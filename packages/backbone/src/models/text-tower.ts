// CLIP text transformer (Radford et al., arXiv:2103.00020). Reference implementation: open_clip, transformer.py, TextTransformer.
// Parameter paths are open_clip's, below `text` in checkpoints with a custom text tower and at the root in the older layout.
import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  add,
  affine,
  attention,
  gather,
  gelu,
  layerNorm,
  linear,
  matmul,
  type Params,
  product,
  quickGelu,
  reshape,
  slice,
  type Value,
} from '@vitamin-vlm/graph';

const EPS = 1e-5;

/** Sizes of one text tower, as they follow from the tensor shapes of its checkpoint. */
export interface TextTowerConfig {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly embedDim: number;
  readonly vocabulary: number;
  /** Longest sequence, 77 in CLIP. */
  readonly context: number;
  /** The activation OpenAI's weights were trained with; ViTamin's text towers use the exact GELU. */
  readonly quickGelu?: boolean;
}

/** Residual attention block. x: [N, L, W], mask: [L, L] */
export function residualBlock(
  p: Params,
  x: Value,
  mask: Value,
  { heads, width, quickGelu: quick }: Pick<TextTowerConfig, 'heads' | 'width' | 'quickGelu'>,
): Value {
  const packed = p.at('attn');
  const qkv = affine(
    layerNorm(p.at('ln_1'), x, EPS),
    packed.matrix('in_proj_weight', [3 * width, width]),
    packed.get('in_proj_bias', [3 * width]),
  ); // [N, L, 3·W]
  const y = add(x, linear(packed.at('out_proj'), attention(qkv, heads, mask), width));
  const hidden = linear(p.at('mlp').at('c_fc'), layerNorm(p.at('ln_2'), y, EPS), 4 * width);
  return add(y, linear(p.at('mlp').at('c_proj'), quick ? quickGelu(hidden) : gelu(hidden), width));
}

/** Named results inside the tower. */
export interface TextTaps {
  /** Token plus position embeddings, [N, L, W]. */
  readonly embedded: Value;
  /** After each block, [N, L, W]. */
  readonly blocks: readonly Value[];
  /** [N, E], not normalized. */
  readonly features: Value;
}

/**
 * Token ids to features. ids: int32 [N, L] with L at most the context; a causal mask makes everything after the end token irrelevant,
 * so L may be cut to the longest text. ends: int32 [N], where each text's end token stands in the flattened ids (n·L + position).
 */
export function textTower(p: Params, ids: Value, ends: Value, config: TextTowerConfig): TextTaps {
  const { width, layers, embedDim, vocabulary, context } = config;
  const [n, length] = ids.shape as [number, number];
  const tokens = gather(p.at('token_embedding').get('weight', [vocabulary, width]), ids);
  const positions = slice(p.get('positional_embedding', [context, width]), { axis: 0, start: 0, end: length });
  const embedded = add(tokens, positions);
  const mask = ids.graph.constant(causalMask(length));
  const blocks: Value[] = [];
  for (let layer = 0; layer < layers; layer++) {
    blocks.push(residualBlock(p.at('transformer').at('resblocks').at(layer), blocks.at(-1) ?? embedded, mask, config));
  }
  const normed = layerNorm(p.at('ln_final'), blocks.at(-1)!, EPS);
  const pooled = gather(reshape(normed, [product([n, length]), width]), ends); // [N, W]
  return { embedded, blocks, features: matmul(pooled, p.get('text_projection', [width, embedDim])) };
}

/** [L, L]: -∞ strictly above the diagonal, so that a token sees itself and what stands before it. */
export function causalMask(length: number): Tensor<'float32'> {
  const mask = tensor('float32', [length, length]);
  for (let row = 0; row < length; row++) mask.data.fill(Number.NEGATIVE_INFINITY, row * length + row + 1, (row + 1) * length);
  return mask;
}

// ---- the definition ends here; below: the published sizes ----

const clip = { vocabulary: 49408, context: 77 } as const;

/** Text towers by the model they are published with; -S-LTT and -B-LTT carry the one of ViTamin-L. */
export const textTowers: Readonly<Record<'nano' | 'small' | 'base' | 'large' | 'large2' | 'xlarge', TextTowerConfig>> = {
  nano: { ...clip, width: 64, heads: 2, layers: 3, embedDim: 48 },
  small: { ...clip, width: 384, heads: 6, layers: 12, embedDim: 384 },
  base: { ...clip, width: 512, heads: 8, layers: 12, embedDim: 512 },
  large: { ...clip, width: 768, heads: 12, layers: 12, embedDim: 768 },
  large2: { ...clip, width: 1024, heads: 16, layers: 24, embedDim: 1024 },
  xlarge: { ...clip, width: 1152, heads: 16, layers: 27, embedDim: 1152 },
};
