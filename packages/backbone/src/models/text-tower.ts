// CLIP text transformer (Radford et al., arXiv:2103.00020). Reference implementation: open_clip, transformer.py, TextTransformer.
// Parameter paths are open_clip's, below `text` in checkpoints with a custom text tower and at the root in the older layout.
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { add, gather, layerNorm, linear, matmul, type Params, product, reshape, slice, type Value } from '@vitamin-vlm/graph';
import type { TokenizerKind } from '../text/text-tokenizer.ts';
import type { Activation } from './parts/activation.ts';
import { openClipNames, transformerLayer } from './parts/transformer-block.ts';

/** Of CLIP; SigLIP has 1e-6. */
const EPS = 1e-5;

/** Sizes of one text tower, as they follow from the tensor shapes of its checkpoint, and what shapes do not tell. */
export interface TextTowerConfig {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly embedDim: number;
  readonly vocabulary: number;
  /** Longest sequence, 77 in CLIP. */
  readonly context: number;
  /** Default `gelu`. */
  readonly activation?: Activation | undefined;
  /** Width inside the feed-forward networks. Default: four times that of the tokens. */
  readonly hidden?: number | undefined;
  /** Of every LayerNorm. Default 1e-5. */
  readonly eps?: number | undefined;
  /** Whether every token sees every other, padding included: CLIPA and SigLIP. Default false: only what stands before it. */
  readonly bidirectional?: boolean | undefined;
  /** Where a text is read: at the first of its largest ids, CLIP's end of text (default), or at the last position of the context. */
  readonly pool?: 'end' | 'last' | undefined;
  /** How words become ids, where it is not CLIP's byte-pair encoding: by a file beside the weights. */
  readonly tokenizer?: TokenizerKind | undefined;
  /** q, k and v have a matrix each, as in transformers. Default false. */
  readonly separate?: boolean | undefined;
  /** The projection: a bare matrix [W, E] (default), or a linear layer [E, W] without or with a bias. */
  readonly projection?: 'matrix' | 'linear' | 'biased' | undefined;
}

/** Residual attention block. x: [N, L, W], mask: [L, L] or none */
export function residualBlock(
  p: Params,
  x: Value,
  mask: Value | undefined,
  { heads, hidden, activation, eps = EPS, separate }: Pick<TextTowerConfig, 'heads' | 'hidden' | 'activation' | 'eps' | 'separate'>,
): Value {
  return transformerLayer(p, x, { heads, hidden, activation, eps, separate, mask, names: openClipNames }).out;
}

/** Named results inside the tower. */
export interface TextTaps {
  /** Token plus position embeddings, [N, L, W]. */
  readonly embedded: Value;
  /** After each block, [N, L, W]. */
  readonly blocks: readonly Value[];
  /** After the last norm, [N, L, W]. */
  readonly normed: Value;
  /** [N, E], not normalized. */
  readonly features: Value;
}

/**
 * Token ids to features. ids: int32 [N, L] with L at most the context; a causal mask makes everything after the end token irrelevant,
 * so L may be cut to the longest text, but not in a bidirectional tower. ends: int32 [N], where each text is read in the flattened ids (n·L + position).
 */
export function textTower(p: Params, ids: Value, ends: Value, config: TextTowerConfig): TextTaps {
  const { width, layers, vocabulary, context, eps = EPS } = config;
  const [n, length] = ids.shape as [number, number];
  const tokens = gather(p.at('token_embedding').get('weight', [vocabulary, width]), ids);
  const positions = slice(p.get('positional_embedding', [context, width]), { axis: 0, start: 0, end: length });
  const embedded = add(tokens, positions);
  const mask = config.bidirectional ? undefined : ids.graph.constant(causalMask(length));
  const blocks: Value[] = [];
  for (let layer = 0; layer < layers; layer++) {
    blocks.push(residualBlock(p.at('transformer').at('resblocks').at(layer), blocks.at(-1) ?? embedded, mask, config));
  }
  const normed = layerNorm(p.at('ln_final'), blocks.at(-1)!, eps);
  const pooled = gather(reshape(normed, [product([n, length]), width]), ends); // [N, W]
  return { embedded, blocks, normed, features: project(p, pooled, config) };
}

function project(p: Params, x: Value, { width, embedDim, projection = 'matrix' }: TextTowerConfig): Value {
  if (projection === 'matrix') return matmul(x, p.get('text_projection', [width, embedDim]));
  return linear(p.at('text_projection'), x, embedDim, { bias: projection === 'biased' });
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
