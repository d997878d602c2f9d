// CoAtNet as a tower of CLIP (Dai et al., arXiv:2106.04803), as the ViTamin paper trains it for comparison.
// Reference implementation: timm, models/maxxvit.py, coatnet_{0,2,4}_224. Parameter paths are timm's, below `visual.trunk`.
import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  add,
  averagePool,
  batchNorm,
  conv2d,
  gather,
  gelu,
  l2Normalize,
  layerNorm,
  layerNorm2d,
  linear,
  mul,
  type Params,
  reduceMean,
  reshape,
  scaledDotProduct,
  sigmoid,
  silu,
  slice,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';
import { tanh } from './parts/activation.ts';

/** Of every LayerNorm; batch norms have 1e-5. */
const EPS = 1e-6;
/** Channels of one head. */
const HEAD = 32;

/** Widths and depths of one CoAtNet, as they follow from the tensor shapes of its checkpoint. */
export interface CoAtNetConfig {
  readonly stem: number;
  /** Of two stages of MBConv blocks, then two of Transformer blocks. */
  readonly widths: readonly [number, number, number, number];
  readonly depths: readonly [number, number, number, number];
  /** Width of the layer before the projection. */
  readonly headWidth: number;
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
}

/** Results inside an MBConv block, [N, C, H, W]. */
export interface MBConvTaps {
  readonly shortcut: Value;
  readonly preNorm: Value;
  readonly conv1: Value;
  readonly norm1: Value;
  readonly conv2: Value;
  readonly norm2: Value;
  readonly squeezed: Value;
  readonly conv3: Value;
  readonly out: Value;
}

/** Results inside a Transformer block, [N, C, H, W]. */
export interface CoAtNetBlockTaps {
  readonly shortcut: Value;
  readonly norm1: Value;
  readonly qkv: Value;
  readonly attention: Value;
  readonly mlp: Value;
  readonly out: Value;
}

/** Named results inside the tower, [N, C, H, W]. */
export interface CoAtNetTaps {
  readonly conv1: Value;
  readonly norm1: Value;
  /** Stride 2. */
  readonly stem: Value;
  /** Strides 4, 8. */
  readonly convolutions: readonly (readonly MBConvTaps[])[];
  /** Strides 16, 32. */
  readonly attentions: readonly (readonly CoAtNetBlockTaps[])[];
}

/** Two 3×3 convolutions without bias. x: [N, 3, H, W] -> [N, C, H/2, W/2] */
function stem(p: Params, x: Value, width: number): Pick<CoAtNetTaps, 'conv1' | 'norm1' | 'stem'> {
  const conv1 = conv2d(p.at('conv1'), x, width, { kernel: 3, stride: 2, bias: false });
  const norm1 = gelu(batchNorm(p.at('norm1'), conv1));
  return { conv1, norm1, stem: conv2d(p.at('conv2'), norm1, width, { kernel: 3, bias: false }) };
}

/** Shortcut of a block: where it strides, the mean over 2×2 pixels, and a 1×1 convolution where the width changes. */
function shortcut(p: Params, x: Value, width: number, stride: 1 | 2): Value {
  if (stride === 1) return x;
  const pooled = averagePool(x, { kernel: 2, stride: 2, padding: 0 });
  return x.shape[1] === width ? pooled : conv2d(p.at('expand'), pooled, width, { kernel: 1 });
}

/** MBConv (Sandler et al., arXiv:1801.04381) with a norm in front and squeeze-and-excitation. x: [N, C, H, W] -> [N, width, H/stride, W/stride] */
export function mbConv(p: Params, x: Value, width: number, stride: 1 | 2): MBConvTaps {
  const beside = shortcut(p.at('shortcut'), x, width, stride);
  const preNorm = batchNorm(p.at('pre_norm'), x);
  const conv1 = conv2d(p.at('conv1_1x1'), preNorm, 4 * width, { kernel: 1, bias: false });
  const norm1 = gelu(batchNorm(p.at('norm1'), conv1));
  const conv2 = conv2d(p.at('conv2_kxk'), norm1, 4 * width, { kernel: 3, stride, groups: 'depthwise', bias: false });
  const norm2 = gelu(batchNorm(p.at('norm2'), conv2));
  const squeezed = squeezeExcite(p.at('se'), norm2, width / 4);
  const conv3 = conv2d(p.at('conv3_1x1'), squeezed, width, { kernel: 1 });
  return { shortcut: beside, preNorm, conv1, norm1, conv2, norm2, squeezed, conv3, out: add(conv3, beside) };
}

/** Each channel is scaled by what all of them are on average (Hu et al., arXiv:1709.01507). */
function squeezeExcite(p: Params, x: Value, inside: number): Value {
  const channels = x.shape[1] as number;
  const hidden = silu(conv2d(p.at('fc1'), reduceMean(x, [2, 3]), inside, { kernel: 1 }));
  return mul(x, sigmoid(conv2d(p.at('fc2'), hidden, channels, { kernel: 1 })));
}

/** Pre-norm block with relative attention, all of it on maps. x: [N, C, H, W] -> [N, width, H/stride, W/stride] */
export function relativeBlock(p: Params, x: Value, width: number, stride: 1 | 2): CoAtNetBlockTaps {
  const beside = shortcut(p.at('shortcut'), x, width, stride);
  const norm1 =
    stride === 1
      ? layerNorm2d(p.at('norm1'), x, EPS)
      : averagePool(layerNorm2d(p.at('norm1').at('norm'), x, EPS), { kernel: 2, stride: 2, padding: 0 });
  const { qkv, out: attention } = relativeAttention(p.at('attn'), norm1, width);
  const y = add(beside, attention);
  const hidden = gelu(conv2d(p.at('mlp').at('fc1'), layerNorm2d(p.at('norm2'), y, EPS), 4 * width, { kernel: 1 }));
  const mlp = conv2d(p.at('mlp').at('fc2'), hidden, width, { kernel: 1 });
  return { shortcut: beside, norm1, qkv, attention, mlp, out: add(y, mlp) };
}

/** Attention whose scores get a learned number for each offset of two cells. x: [N, C, h, w] */
function relativeAttention(p: Params, x: Value, width: number): { qkv: Value; out: Value } {
  const [n, , h, w] = x.shape as [number, number, number, number];
  const heads = width / HEAD;
  const qkv = conv2d(p.at('qkv'), x, 3 * width, { kernel: 1 });
  const byHead = transpose(reshape(qkv, [n, heads, 3 * HEAD, h * w]), [0, 1, 3, 2]); // [N, heads, L, q|k|v]
  const [q, k, v] = [0, 1, 2].map((i) => slice(byHead, { axis: 3, start: i * HEAD, end: (i + 1) * HEAD })) as [Value, Value, Value];
  const table = p.at('rel_pos').get('relative_position_bias_table', [(2 * h - 1) * (2 * w - 1), heads]);
  const bias = transpose(gather(table, x.graph.constant(offsets(h, w))), [2, 0, 1]); // [heads, L, L]
  const mixed = scaledDotProduct(q, k, v, bias); // [N, heads, L, 32]
  const map = reshape(transpose(mixed, [0, 1, 3, 2]), [n, width, h, w]);
  return { qkv, out: conv2d(p.at('proj'), map, width, { kernel: 1 }) };
}

/** The row of the table for each pair of cells, int64 [L, L]. */
function offsets(h: number, w: number): Tensor<'int64'> {
  const cells = h * w;
  const table = tensor('int64', [cells, cells]);
  for (let from = 0; from < cells; from++) {
    for (let to = 0; to < cells; to++) {
      const dy = Math.floor(from / w) - Math.floor(to / w);
      const dx = (from % w) - (to % w);
      table.data[from * cells + to] = BigInt((dy + h - 1) * (2 * w - 1) + dx + w - 1);
    }
  }
  return table;
}

/** Blocks of one stage; the first one halves the sides. */
function stage<T extends { readonly out: Value }>(
  p: Params,
  x: Value,
  { width, depth, block }: { width: number; depth: number; block: (p: Params, x: Value, width: number, stride: 1 | 2) => T },
): T[] {
  const blocks: T[] = [];
  for (let b = 0; b < depth; b++) blocks.push(block(p.at('blocks').at(b), blocks.at(-1)?.out ?? x, width, b === 0 ? 2 : 1));
  return blocks;
}

/** Image to maps. image: [N, 3, S, S] of the one size that the tables are for, normalized. `p` is the trunk's scope. */
export function coAtNetTrunk(p: Params, image: Value, { stem: width, widths, depths }: CoAtNetConfig): CoAtNetTaps {
  const start = stem(p.at('stem'), image, width);
  const scope = p.at('stages');
  let x = start.stem;
  const next = <T extends { readonly out: Value }>(s: number, block: (p: Params, x: Value, width: number, stride: 1 | 2) => T): T[] => {
    const blocks = stage(scope.at(s), x, { width: widths[s]!, depth: depths[s]!, block });
    x = blocks.at(-1)!.out;
    return blocks;
  };
  const convolutions = [next(0, mbConv), next(1, mbConv)];
  return { ...start, convolutions, attentions: [next(2, relativeBlock), next(3, relativeBlock)] };
}

/** The mean over all pixels to the joint space: map [N, C, H, W] -> [N, E], not normalized. `p` is `visual`. */
export function coAtNetHead(p: Params, map: Value, config: CoAtNetConfig): { preLogits: Value; embedding: Value } {
  const [n, width] = map.shape;
  return project(p, reshape(reduceMean(map, [2, 3]), [n!, width!]), config);
}

/** The same head at every pixel, without pooling: [N, L, C] -> [N, L, E], unit vectors. `p` is `visual`. */
export function coAtNetDenseHead(p: Params, pixels: Value, config: CoAtNetConfig): Value {
  return l2Normalize(project(p, pixels, config).embedding);
}

function project(p: Params, x: Value, { headWidth, embedDim }: CoAtNetConfig): { preLogits: Value; embedding: Value } {
  const scope = p.at('trunk').at('head');
  const preLogits = tanh(linear(scope.at('pre_logits').at('fc'), layerNorm(scope.at('norm'), x, EPS), headWidth));
  return { preLogits, embedding: linear(p.at('head').at('proj'), preLogits, embedDim, { bias: false }) };
}
