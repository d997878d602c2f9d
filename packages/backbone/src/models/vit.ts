// The Vision Transformer of CLIP (Dosovitskiy et al., arXiv:2010.11929; Radford et al., arXiv:2103.00020), and CLIPA's (Li et al., arXiv:2305.07017).
// Reference implementation: open_clip, transformer.py, VisionTransformer. Parameter paths are open_clip's, below `visual`.
import { add, l2Normalize, layerNorm, linear, matmul, type Params, reduceMean, reshape, slice, type Value } from '@vitamin-vlm/graph';
import type { Activation } from './parts/activation.ts';
import { firstToken, patchEmbedding, tokensToMap, withClassToken } from './parts/patches.ts';
import { type BlockOptions, type BlockTaps, openClipNames, transformerLayer, valueOnlyLayer } from './parts/transformer-block.ts';

const EPS = 1e-5;

/** Sizes of one tower, as they follow from the tensor shapes of its checkpoint, and what shapes do not tell. */
export interface ViTConfig {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Width inside the feed-forward networks. */
  readonly hidden: number;
  /** Pixels along a side of a patch. */
  readonly patch: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** OpenAI's weights, DFN's and MetaCLIP's were trained with `quickGelu`. */
  readonly activation: Activation;
  /** A norm before the blocks. CLIPA has none. */
  readonly preNorm: boolean;
  /** What stands for the picture: the class token, or the mean of the patches (CLIPA). */
  readonly pool: 'class' | 'mean';
  /** q, k and v have a matrix each, as in transformers. */
  readonly separate: boolean;
  /** The projection into the joint space: a bare matrix [W, E] that is multiplied from the right, or a linear layer [E, W]. */
  readonly projection: 'matrix' | 'linear';
}

/** Named results inside the tower. Token sequences are [N, 1 + L, D], the class token first. */
export interface ViTTaps {
  /** Rows and columns of patches. */
  readonly grid: readonly [number, number];
  /** Patches before everything, [N, D, h, w]. */
  readonly conv1: Value;
  /** With class token and position embedding. */
  readonly embedded: Value;
  /** After the norm in front of the blocks; without one the same as `embedded`. */
  readonly start: Value;
  readonly blocks: readonly BlockTaps[];
  /** The last block without attention: CLIPSelf's dense map is made from it. */
  readonly valueOnly: Value;
}

/** Picture to tokens: the tower without its head. image: [N, 3, H, W], sides multiples of the patch, normalized. `p` is `visual`. */
export function vitTrunk(p: Params, image: Value, config: ViTConfig): ViTTaps {
  const { width, layers, patch, preNorm } = config;
  const { map, tokens } = patchEmbedding(p.at('conv1'), image, { width, patch, bias: false });
  const [, , h, w] = map.shape as [number, number, number, number];
  const positions = p.get('positional_embedding', [1 + h * w, width]);
  const embedded = add(withClassToken(p.get('class_embedding', [width]), tokens), positions); // [N, 1 + L, D]
  const start = preNorm ? layerNorm(p.at('ln_pre'), embedded, EPS) : embedded;
  const scope = p.at('transformer').at('resblocks');
  const options = blockOptions(config);
  const blocks: BlockTaps[] = [];
  for (let i = 0; i < layers; i++) blocks.push(transformerLayer(scope.at(i), blocks.at(-1)?.out ?? start, options));
  const valueOnly = valueOnlyLayer(scope.at(layers - 1), blocks.at(-2)?.out ?? start, options);
  return { grid: [h, w], conv1: map, embedded, start, blocks, valueOnly };
}

function blockOptions({ heads, hidden, activation, separate }: ViTConfig): BlockOptions {
  return { heads, hidden, activation, separate, eps: EPS, names: openClipNames };
}

/** Tokens to the joint space: [N, 1 + L, D] -> [N, E], not normalized. `normed`: of all tokens, [N, 1 + L, D], or of their mean, [N, D]. */
export function vitHead(p: Params, tokens: Value, config: ViTConfig): { normed: Value; embedding: Value } {
  const norm = (x: Value): Value => layerNorm(p.at('ln_post'), x, EPS);
  const normed = norm(config.pool === 'class' ? tokens : meanOfPatches(tokens));
  return { normed, embedding: project(p, config.pool === 'class' ? firstToken(normed) : normed, config) };
}

/** The head at every patch, whatever the pool: [N, L, D] -> [N, L, E], unit vectors. */
export function vitDenseHead(p: Params, tokens: Value, config: ViTConfig): Value {
  return l2Normalize(project(p, layerNorm(p.at('ln_post'), tokens, EPS), config));
}

/** Tokens as a map, without the class token. */
export function vitMap(tokens: Value, grid: readonly [number, number]): Value {
  return tokensToMap(tokens, grid, 1);
}

/** The class token takes part in attention, and in nothing else. */
function meanOfPatches(tokens: Value): Value {
  const [n, length, width] = tokens.shape as [number, number, number];
  return reshape(reduceMean(slice(tokens, { axis: 1, start: 1, end: length }), [1]), [n, width]);
}

function project(p: Params, x: Value, { width, embedDim, projection }: ViTConfig): Value {
  if (projection === 'linear') return linear(p.at('proj'), x, embedDim, { bias: false });
  return matmul(x, p.get('proj', [width, embedDim]));
}
