// EVA-02 as a tower of CLIP (Fang et al., arXiv:2303.11331; Sun et al., EVA-CLIP, arXiv:2303.15389).
// Reference implementation: CLIPSelf, src/open_clip/eva_clip. Parameter paths are CLIPSelf's, below `visual`.
import { add, affine, l2Normalize, layerNorm, linear, mul, type Params, silu, type Value } from '@vitamin-vlm/graph';
import { mixTokens } from './parts/attention.ts';
import { firstToken, patchEmbedding, withClassToken } from './parts/patches.ts';
import { type GridAngles, gridAngles, gridRotation } from './parts/rotary-grid.ts';

/** Of every LayerNorm. */
const EPS = 1e-6;
/** Cells along a side of the grid that positions are counted in, whatever the picture and the patch. */
const REFERENCE_GRID = 16;

/** Sizes of one tower, as they follow from the tensor shapes of its checkpoint. */
export interface Eva02Config {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Width inside the gated feed-forward networks. */
  readonly hidden: number;
  /** Pixels along a side of a patch. */
  readonly patch: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
}

/** Results inside a block. [N, L, D] unless noted. */
export interface Eva02BlockTaps {
  readonly norm1: Value;
  /** What the heads give, before and after the norm inside the attention. */
  readonly mixed: Value;
  readonly mixedNorm: Value;
  readonly attention: Value;
  readonly norm2: Value;
  /** [N, L, hidden]: before the gate, after it, and after the norm inside the network. */
  readonly w1: Value;
  readonly gated: Value;
  readonly gatedNorm: Value;
  readonly mlp: Value;
  readonly out: Value;
}

/** Named results inside the tower. Token sequences are [N, 1 + L, D], the class token first. */
export interface Eva02Taps {
  /** Rows and columns of patches. */
  readonly grid: readonly [number, number];
  /** [N, L, D] */
  readonly patches: Value;
  readonly embedded: Value;
  readonly blocks: readonly Eva02BlockTaps[];
  /** The last block without attention: what CLIPSelf's F-ViT reads. */
  readonly valueOnly: Value;
}

/** Picture to tokens: the tower without its head. image: [N, 3, H, W], sides multiples of the patch, normalized. `p` is `visual`. */
export function eva02Trunk(p: Params, image: Value, { width, layers, heads, hidden, patch }: Eva02Config): Eva02Taps {
  const { map, tokens } = patchEmbedding(p.at('patch_embed').at('proj'), image, { width, patch, bias: true });
  const [, , h, w] = map.shape as [number, number, number, number];
  const grid = [h, w] as const;
  const positions = p.get('pos_embed', [1, 1 + h * w, width]);
  const embedded = add(withClassToken(p.get('cls_token', [1, 1, width]), tokens), positions); // [N, 1 + L, D]
  const angles = eva02Angles(grid, { width, heads });
  const rotate = gridRotation(image.graph, angles, 1);
  const blocks: Eva02BlockTaps[] = [];
  for (let i = 0; i < layers; i++) blocks.push(eva02Block(p.at('blocks').at(i), blocks.at(-1)?.out ?? embedded, { heads, hidden, rotate }));
  const valueOnly = valueOnlyBlock(p.at('blocks').at(layers - 1), blocks.at(-2)?.out ?? embedded, hidden);
  return { grid, patches: tokens, embedded, blocks, valueOnly };
}

/** The angles of a grid of patches; rows turn the first half of a head's channels. */
export function eva02Angles(grid: readonly [number, number], { width, heads }: Pick<Eva02Config, 'width' | 'heads'>): GridAngles {
  return gridAngles(grid, { size: width / heads, position: (i, n) => Math.fround(i / n) * REFERENCE_GRID, first: 'rows' });
}

interface BlockOptions {
  readonly heads: number;
  readonly hidden: number;
  readonly rotate: (x: Value) => Value;
}

/** Pre-norm block: attention with a norm before its projection, then a gated network with a norm before its own. x: [N, L, D] */
export function eva02Block(p: Params, x: Value, { heads, hidden, rotate }: BlockOptions): Eva02BlockTaps {
  const norm1 = layerNorm(p.at('norm1'), x, EPS);
  const scope = p.at('attn');
  const mixed = mixTokens(projections(scope, norm1), heads, { rotate });
  const { mixedNorm, attention } = projectMixed(scope, mixed);
  return { norm1, mixed, mixedNorm, attention, ...feedForward(p, add(x, attention), hidden) };
}

/** The same block without attention: each token's own value takes the place of what the heads would give. x: [N, L, D] */
export function valueOnlyBlock(p: Params, x: Value, hidden: number): Value {
  const [, , value] = projections(p.at('attn'), layerNorm(p.at('norm1'), x, EPS));
  return feedForward(p, add(x, projectMixed(p.at('attn'), value).attention), hidden).out;
}

/** Queries and values have a bias, keys have none. */
function projections(p: Params, x: Value): [q: Value, k: Value, v: Value] {
  const width = x.shape[2] as number;
  const through = (name: string, bias?: string): Value =>
    affine(x, p.at(name).matrix('weight', [width, width]), bias === undefined ? null : p.get(bias, [width]));
  return [through('q_proj', 'q_bias'), through('k_proj'), through('v_proj', 'v_bias')];
}

function projectMixed(p: Params, mixed: Value): { mixedNorm: Value; attention: Value } {
  const mixedNorm = layerNorm(p.at('inner_attn_ln'), mixed, EPS);
  return { mixedNorm, attention: linear(p.at('proj'), mixedNorm, mixed.shape[2] as number) };
}

/** SwiGLU (Shazeer, arXiv:2002.05202) with a norm inside. */
function feedForward(p: Params, x: Value, hidden: number): Pick<Eva02BlockTaps, 'norm2' | 'w1' | 'gated' | 'gatedNorm' | 'mlp' | 'out'> {
  const norm2 = layerNorm(p.at('norm2'), x, EPS);
  const scope = p.at('mlp');
  const w1 = linear(scope.at('w1'), norm2, hidden);
  const gated = mul(silu(w1), linear(scope.at('w2'), norm2, hidden));
  const gatedNorm = layerNorm(scope.at('ffn_ln'), gated, EPS);
  const mlp = linear(scope.at('w3'), gatedNorm, x.shape[2] as number);
  return { norm2, w1, gated, gatedNorm, mlp, out: add(x, mlp) };
}

/** The class token to the joint space: [N, 1 + L, D] -> [N, E], not normalized. */
export function eva02Head(p: Params, tokens: Value, embedDim: number): { normed: Value; embedding: Value } {
  const normed = layerNorm(p.at('norm'), tokens, EPS);
  return { normed, embedding: project(p, firstToken(normed), embedDim) };
}

/** The head at every patch: [N, L, D] -> [N, L, E], unit vectors. */
export function eva02DenseHead(p: Params, tokens: Value, embedDim: number): Value {
  return l2Normalize(project(p, layerNorm(p.at('norm'), tokens, EPS), embedDim));
}

function project(p: Params, x: Value, embedDim: number): Value {
  return linear(p.at('head'), x, embedDim);
}
