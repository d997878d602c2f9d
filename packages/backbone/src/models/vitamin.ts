// ViTamin: Designing Scalable Vision Models in the Vision-Language Era (Chen et al., CVPR 2024, arXiv:2404.02132).
// Reference implementation: timm, models/vitamin.py. Parameter paths are timm's, below `visual.trunk` in CLIP checkpoints.
import {
  add,
  attention,
  averagePool,
  conv2d,
  gelu,
  l2Normalize,
  layerNorm,
  layerNorm2d,
  linear,
  mul,
  type Params,
  reduceMean,
  reshape,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';

/** Every LayerNorm of the image tower; the text tower uses 1e-5. */
const EPS = 1e-6;

/** Widths and depths of one ViTamin, as they follow from the tensor shapes of its checkpoint. */
export interface ViTaminConfig {
  /** Channels of the stem and of the two MBConv stages, and width of the Transformer stage. */
  readonly widths: readonly [stage1: number, stage2: number, stage3: number];
  /** Blocks of the two MBConv stages and of the Transformer stage. */
  readonly depths: readonly [stage1: number, stage2: number, stage3: number];
  readonly heads: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** Whether a learned position embedding is added to the tokens. ViTamin-XL has none. */
  readonly positions: boolean;
}

/** Two 3×3 convolutions. x: [N, 3, H, W] -> [N, C1, H/2, W/2] */
export function stem(p: Params, x: Value, width: number): { conv1: Value; out: Value } {
  const conv1 = conv2d(p.at('conv1'), x, width, { kernel: 3, stride: 2 });
  const y = gelu(layerNorm2d(p.at('norm1'), conv1, EPS)); // timm fuses norm and activation, so the GELU leaves no tensor
  return { conv1, out: conv2d(p.at('conv2'), y, width, { kernel: 3 }) };
}

/** Shortcut of a strided block: 3×3 mean over real pixels only, then a 1×1 convolution where the width changes. */
function downsample(p: Params, x: Value, width: number): Value {
  const pooled = averagePool(x, { kernel: 3, stride: 2, padding: 1 });
  return x.shape[1] === width ? pooled : conv2d(p.at('expand'), pooled, width, { kernel: 1 });
}

/** MBConv-LN (section 3.2): one LayerNorm, then expand by 4, depthwise, project. x: [N, C, H, W] -> [N, width, H/stride, W/stride] */
export function mbConvLN(p: Params, x: Value, width: number, stride: 1 | 2): Value {
  const shortcut = stride === 1 ? x : downsample(p.at('shortcut'), x, width);
  let y = layerNorm2d(p.at('pre_norm'), x, EPS);
  y = gelu(conv2d(p.at('conv1_1x1'), y, 4 * width, { kernel: 1 }));
  y = gelu(conv2d(p.at('conv2_kxk'), y, 4 * width, { kernel: 3, stride, groups: 'depthwise' }));
  y = conv2d(p.at('conv3_1x1'), y, width, { kernel: 1 });
  return add(y, shortcut);
}

/** Blocks of one MBConv stage; the first one halves the sides. */
function stage(p: Params, x: Value, width: number, depth: number): Value[] {
  const outputs: Value[] = [];
  for (let block = 0; block < depth; block++) outputs.push(mbConvLN(p.at(block), outputs.at(-1) ?? x, width, block === 0 ? 2 : 1));
  return outputs;
}

/** GELU-gated feed-forward with a LayerNorm of its own. x: [N, L, D] */
function geGlu(p: Params, x: Value): Value {
  const width = x.shape[2] as number;
  const y = layerNorm(p.at('norm'), x, EPS);
  const gated = mul(gelu(linear(p.at('w0'), y, 2 * width)), linear(p.at('w1'), y, 2 * width));
  return linear(p.at('w2'), gated, width);
}

/** Pre-norm Transformer block. x: [N, L, D] */
export function transformerBlock(p: Params, x: Value, heads: number): Value {
  const width = x.shape[2] as number;
  const qkv = linear(p.at('attn').at('qkv'), layerNorm(p.at('norm1'), x, EPS), 3 * width); // [N, L, 3·D]
  const y = add(x, linear(p.at('attn').at('proj'), attention(qkv, heads), width));
  return add(y, geGlu(p.at('mlp'), layerNorm(p.at('norm2'), y, EPS)));
}

/** Named results inside the tower, each of which a graph can expose. Maps are [N, C, H, W], token sequences [N, L, D]. */
export interface ViTaminTaps {
  readonly conv1: Value;
  /** Stride 2. */
  readonly stem: Value;
  /** Outputs of the blocks of the MBConv stages; the last ones are the maps at stride 4 and 8. */
  readonly stage1: readonly Value[];
  readonly stage2: readonly Value[];
  /** Stride 16, before the position embedding. */
  readonly pool: Value;
  readonly embedded: Value;
  /** Tokens after each Transformer block. */
  readonly blocks: readonly Value[];
}

/** Image to tokens: the tower without its head. image: [N, 3, H, W], sides multiples of 16, normalized. `p` is the trunk's scope. */
export function vitaminTrunk(p: Params, image: Value, { widths, depths, heads, positions }: ViTaminConfig): ViTaminTaps {
  const backbone = p.at('patch_embed').at('backbone');
  const { conv1, out } = stem(backbone.at('stem'), image, widths[0]);
  const stage1 = stage(backbone.at('stages').at(0), out, widths[0], depths[0]);
  const stage2 = stage(backbone.at('stages').at(1), stage1.at(-1)!, widths[1], depths[1]);
  const normed = layerNorm2d(backbone.at('pool').at('norm'), stage2.at(-1)!, EPS);
  const pool = conv2d(backbone.at('pool').at('proj'), normed, widths[2], { kernel: 3, stride: 2 });
  const [n, width, h, w] = pool.shape as [number, number, number, number];
  const flat = transpose(reshape(pool, [n, width, h * w]), [0, 2, 1]); // [N, H/16·W/16, D], row by row
  const embedded = positions ? add(flat, p.get('pos_embed', [1, h * w, width])) : flat;
  const blocks: Value[] = [];
  for (let block = 0; block < depths[2]; block++) {
    blocks.push(transformerBlock(p.at('blocks').at(block), blocks.at(-1) ?? embedded, heads));
  }
  return { conv1, stem: out, stage1, stage2, pool, embedded, blocks };
}

/** Tokens to the joint space: mean, then LayerNorm, then a projection without bias. [N, L, D] -> [N, E], not normalized. `p` is `visual`. */
export function pooledHead(p: Params, tokens: Value, embedDim: number): { pooled: Value; normed: Value; embedding: Value } {
  const [n, , width] = tokens.shape;
  const pooled = reshape(reduceMean(tokens, [1]), [n!, width!]);
  const normed = layerNorm(p.at('trunk').at('fc_norm'), pooled, EPS);
  return { pooled, normed, embedding: linear(p.at('head').at('proj'), normed, embedDim, { bias: false }) };
}

/** The same head at every position, without pooling: the dense CLIP map of F-ViT. [N, L, D] -> [N, L, E], unit vectors. */
export function denseHead(p: Params, tokens: Value, embedDim: number): Value {
  const normed = layerNorm(p.at('trunk').at('fc_norm'), tokens, EPS);
  return l2Normalize(linear(p.at('head').at('proj'), normed, embedDim, { bias: false }));
}

// ---- the definition ends here; below: the published sizes ----

/** Architecture by the letter in a model's name. Text towers: see `text-tower.ts`. */
export const vitaminSizes: Readonly<Record<'nano' | 'small' | 'base' | 'large' | 'large2' | 'xlarge', ViTaminConfig>> = {
  nano: { widths: [16, 32, 64], depths: [2, 4, 3], heads: 2, embedDim: 48, positions: true },
  small: { widths: [64, 128, 384], depths: [2, 4, 14], heads: 6, embedDim: 384, positions: true },
  base: { widths: [128, 256, 768], depths: [2, 4, 14], heads: 12, embedDim: 512, positions: true },
  large: { widths: [160, 320, 1024], depths: [2, 4, 31], heads: 16, embedDim: 768, positions: true },
  large2: { widths: [160, 320, 1024], depths: [2, 4, 31], heads: 16, embedDim: 1024, positions: true },
  xlarge: { widths: [192, 384, 1152], depths: [2, 4, 32], heads: 16, embedDim: 1152, positions: false },
};
