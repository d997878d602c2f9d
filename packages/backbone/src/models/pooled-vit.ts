// Vision Transformers that end in a pool which attends to all tokens: SigLIP 2 (Tschannen et al., arXiv:2502.14786) and
// the Perception Encoder (Bolya et al., arXiv:2504.13181). Reference implementation: timm, models/vision_transformer.py and models/eva.py.
// Parameter paths are timm's, below `visual.trunk`.
import { add, affine, expand, l2Normalize, layerNorm, linear, type Params, reshape, slice, type Value } from '@vitamin-vlm/graph';
import type { Activation } from './parts/activation.ts';
import { mixTokens, type Projected } from './parts/attention.ts';
import { patchEmbedding, withClassToken } from './parts/patches.ts';
import { type GridAngles, gridAngles, gridRotation } from './parts/rotary-grid.ts';
import { type BlockOptions, type BlockTaps, mlpOf, timmNames, transformerLayer, valueOnlyLayer } from './parts/transformer-block.ts';

/** Sizes of one tower, as they follow from the tensor shapes of its checkpoint, and what shapes do not tell. */
export interface PooledViTConfig {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Width inside the feed-forward networks of the blocks. */
  readonly hidden: number;
  /** Pixels along a side of a patch. */
  readonly patch: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** Of every LayerNorm. */
  readonly eps: number;
  /** Whether patches have a bias. */
  readonly patchBias: boolean;
  /** A token in front of the patches, and a norm before the blocks. */
  readonly classToken: boolean;
  readonly preNorm: boolean;
  /** Cells along a side of the grid that rotary positions are counted in; absent where nothing is rotated. */
  readonly rotaryGrid?: number;
  readonly poolHeads: number;
  /** Whether a linear layer follows the pool. */
  readonly projection: boolean;
  /** Of all feed-forward networks. Default `gelu`. */
  readonly activation?: Activation | undefined;
  /** q, k and v of the blocks have a matrix each, as in transformers. Default false. */
  readonly separate?: boolean | undefined;
  /** q, k and v of the pool share one matrix, as in transformers. Default: k and v do. */
  readonly poolPacked?: boolean | undefined;
}

/** Named results inside the tower. Token sequences are [N, L, D], with the class token first where there is one. */
export interface PooledViTTaps {
  /** Rows and columns of patches. */
  readonly grid: readonly [number, number];
  /** [N, h·w, D] */
  readonly patches: Value;
  /** With positions, before the first norm. */
  readonly embedded: Value;
  /** What the first block reads. */
  readonly start: Value;
  readonly blocks: readonly BlockTaps[];
  /** The last block without attention. */
  readonly valueOnly: Value;
}

/** Picture to tokens: the tower without its pool. image: [N, 3, H, W], sides multiples of the patch, normalized. `p` is the trunk's scope. */
export function pooledViTTrunk(p: Params, image: Value, config: PooledViTConfig): PooledViTTaps {
  const { width, layers, heads, hidden, patch, eps, classToken, activation, separate } = config;
  const { map, tokens } = patchEmbedding(p.at('patch_embed').at('proj'), image, { width, patch, bias: config.patchBias });
  const [, , h, w] = map.shape as [number, number, number, number];
  const first = classToken ? 1 : 0;
  const all = classToken ? withClassToken(p.get('cls_token', [1, 1, width]), tokens) : tokens;
  const embedded = add(all, p.get('pos_embed', [1, first + h * w, width]));
  const start = config.preNorm ? layerNorm(p.at('norm_pre'), embedded, eps) : embedded;
  const angles = pooledViTAngles([h, w], config);
  const rotate = angles && gridRotation(image.graph, angles, first);
  const options: BlockOptions = { heads, hidden, eps, names: timmNames, rotate, activation, separate };
  const blocks: BlockTaps[] = [];
  for (let i = 0; i < layers; i++) blocks.push(transformerLayer(p.at('blocks').at(i), blocks.at(-1)?.out ?? start, options));
  const valueOnly = valueOnlyLayer(p.at('blocks').at(layers - 1), blocks.at(-2)?.out ?? start, options);
  return { grid: [h, w], patches: tokens, embedded, start, blocks, valueOnly };
}

/** The angles of a grid of patches. The Perception Encoder counts cells from 1 and scales them to the grid it was trained on; columns turn the first half of the channels. */
export function pooledViTAngles(
  grid: readonly [number, number],
  { width, heads, rotaryGrid }: Pick<PooledViTConfig, 'width' | 'heads' | 'rotaryGrid'>,
): GridAngles | undefined {
  if (rotaryGrid === undefined) return undefined;
  return gridAngles(grid, { size: width / heads, position: (i, n) => ((i + 1) / n) * rotaryGrid, first: 'columns' });
}

/** Results of the pool. */
export interface PoolTaps {
  readonly normed: Value;
  /** The learned query, [N, 1, D]. */
  readonly query: Value;
  readonly attended: Value;
  /** [N, D] */
  readonly pooled: Value;
  /** [N, E], not normalized. */
  readonly embedding: Value;
}

/** One learned query looks at all tokens: [N, L, D] -> [N, E]. `p` is the trunk's scope. */
export function pooledViTHead(p: Params, tokens: Value, config: PooledViTConfig): PoolTaps {
  const { width, eps, poolHeads, poolPacked } = config;
  const n = tokens.shape[0] as number;
  const normed = layerNorm(p.at('norm'), tokens, eps);
  const scope = p.at('attn_pool');
  const [key, value] = keysAndValues(scope, normed, config);
  const latent = scope.get('latent', [1, 1, width]);
  const query = poolPacked ? packed(scope, latent)[0] : linear(scope.at('q'), latent, width); // [1, 1, D]
  const attended = linear(scope.at('proj'), mixTokens([expand(query, [n, 1, width]), key, value], poolHeads), width);
  const pooled = reshape(refine(scope, attended, config), [n, width]);
  return { normed, query, attended, pooled, embedding: project(p, pooled, config) };
}

/** What the pool gives when it sees one patch alone, at every patch: [N, L, D] -> [N, L, E], unit vectors. `p` is the trunk's scope. */
export function pooledViTDenseHead(p: Params, tokens: Value, config: PooledViTConfig): Value {
  const scope = p.at('attn_pool');
  const [, value] = keysAndValues(scope, layerNorm(p.at('norm'), tokens, config.eps), config);
  return l2Normalize(project(p, refine(scope, linear(scope.at('proj'), value, config.width), config), config));
}

function keysAndValues(p: Params, x: Value, { width, poolPacked }: PooledViTConfig): [key: Value, value: Value] {
  if (poolPacked) {
    const [, key, value] = packed(p, x);
    return [key, value];
  }
  const kv = affine(x, p.at('kv').matrix('weight', [2 * width, width]), p.at('kv').get('bias', [2 * width])); // [N, L, 2·D]
  const half = (i: number): Value => slice(kv, { axis: 2, start: i * width, end: (i + 1) * width });
  return [half(0), half(1)];
}

/** q, k and v from the one matrix of torch's MultiheadAttention, rows in this order. */
function packed(p: Params, x: Value): Projected {
  const width = x.shape[2] as number;
  const qkv = affine(x, p.matrix('in_proj_weight', [3 * width, width]), p.get('in_proj_bias', [3 * width])); // [N, L, 3·D]
  const third = (i: number): Value => slice(qkv, { axis: 2, start: i * width, end: (i + 1) * width });
  return [third(0), third(1), third(2)];
}

/** A feed-forward network on what was attended to. */
function refine(p: Params, x: Value, { eps, activation }: PooledViTConfig): Value {
  return add(x, mlpOf(p.at('mlp'), layerNorm(p.at('norm'), x, eps), { names: timmNames, activation }).mlp);
}

function project(p: Params, x: Value, { projection, embedDim }: PooledViTConfig): Value {
  return projection ? linear(p.at('head'), x, embedDim) : x;
}
