// ConvNeXt as a tower of CLIP (Liu et al., A ConvNet for the 2020s, arXiv:2201.03545). Reference implementation: timm, models/convnext.py.
// Parameter paths are timm's, below `visual.trunk`.
import {
  add,
  conv2d,
  gelu,
  layerNorm,
  layerNorm2d,
  linear,
  l2Normalize,
  mul,
  type Params,
  reduceMean,
  reshape,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';

/** Widths and depths of one ConvNeXt, as they follow from the tensor shapes of its checkpoint. */
export interface ConvNeXtConfig {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
  /** Dimensions of the joint image-text space. */
  readonly embedDim: number;
  /** The projection into it: one linear layer, or two with a GELU between them, this wide inside. */
  readonly head: 'linear' | { readonly hidden: number };
  /** Of every LayerNorm: 1e-6, in timm's largest size 1e-5. */
  readonly eps: number;
}

/** Results inside a block. */
export interface ConvNeXtBlockTaps {
  /** [N, C, H, W] */
  readonly depthwise: Value;
  /** [N, H, W, C] */
  readonly norm: Value;
  readonly mlp: Value;
  /** [N, C, H, W] */
  readonly out: Value;
}

/** One stage. */
export interface ConvNeXtStageTaps {
  /** What its first block reads. */
  readonly start: Value;
  readonly blocks: readonly ConvNeXtBlockTaps[];
  readonly out: Value;
}

/** Named results inside the tower, [N, C, H, W]. */
export interface ConvNeXtTaps {
  readonly conv: Value;
  /** Stride 4. */
  readonly stem: Value;
  /** Strides 4, 8, 16, 32. */
  readonly stages: readonly ConvNeXtStageTaps[];
}

/** A 7×7 convolution of each channel, then a network over the channels of each pixel, scaled. x: [N, C, H, W] */
export function convNeXtBlock(p: Params, x: Value, eps: number): ConvNeXtBlockTaps {
  const width = x.shape[1] as number;
  const depthwise = conv2d(p.at('conv_dw'), x, width, { kernel: 7, groups: 'depthwise' });
  const norm = layerNorm(p.at('norm'), transpose(depthwise, [0, 2, 3, 1]), eps);
  const mlp = linear(p.at('mlp').at('fc2'), gelu(linear(p.at('mlp').at('fc1'), norm, 4 * width)), width);
  const scaled = mul(mlp, p.get('gamma', [width])); // layer scale (Touvron et al., arXiv:2103.17239)
  return { depthwise, norm, mlp, out: add(x, transpose(scaled, [0, 3, 1, 2])) };
}

/** Image to maps. image: [N, 3, H, W], sides multiples of 32, normalized. `p` is the trunk's scope. */
export function convNeXtTrunk(p: Params, image: Value, { widths, depths, eps }: ConvNeXtConfig): ConvNeXtTaps {
  const conv = conv2d(p.at('stem').at(0), image, widths[0]!, { kernel: 4, stride: 4, padding: 0 });
  const stem = layerNorm2d(p.at('stem').at(1), conv, eps);
  const stages: ConvNeXtStageTaps[] = [];
  for (const [s, width] of widths.entries()) {
    const scope = p.at('stages').at(s);
    const before = stages.at(-1)?.out ?? stem;
    const start = s === 0 ? before : downsample(scope.at('downsample'), before, width, eps);
    const blocks: ConvNeXtBlockTaps[] = [];
    for (let b = 0; b < depths[s]!; b++) blocks.push(convNeXtBlock(scope.at('blocks').at(b), blocks.at(-1)?.out ?? start, eps));
    stages.push({ start, blocks, out: blocks.at(-1)?.out ?? start });
  }
  return { conv, stem, stages };
}

/** A norm, then a 2×2 convolution with stride 2. */
function downsample(p: Params, x: Value, width: number, eps: number): Value {
  return conv2d(p.at(1), layerNorm2d(p.at(0), x, eps), width, { kernel: 2, stride: 2, padding: 0 });
}

/** The mean over all pixels to the joint space: map [N, C, H, W] -> [N, E], not normalized. `p` is `visual`. */
export function convNeXtHead(p: Params, map: Value, config: ConvNeXtConfig): { normed: Value; embedding: Value } {
  const [n, width] = map.shape;
  const normed = layerNorm(p.at('trunk').at('head').at('norm'), reshape(reduceMean(map, [2, 3]), [n!, width!]), config.eps);
  return { normed, embedding: project(p, normed, config) };
}

/** The same head at every pixel, without pooling: [N, L, C] -> [N, L, E], not normalized. `p` is `visual`. */
export function convNeXtPixels(p: Params, pixels: Value, config: ConvNeXtConfig): Value {
  return project(p, layerNorm(p.at('trunk').at('head').at('norm'), pixels, config.eps), config);
}

/** Unit vectors of it. */
export function convNeXtDenseHead(p: Params, pixels: Value, config: ConvNeXtConfig): Value {
  return l2Normalize(convNeXtPixels(p, pixels, config));
}

function project(p: Params, x: Value, { head, embedDim }: ConvNeXtConfig): Value {
  if (head === 'linear') return linear(p.at('head').at('proj'), x, embedDim, { bias: false });
  const scope = p.at('head').at('mlp');
  return linear(scope.at('fc2'), gelu(linear(scope.at('fc1'), x, head.hidden)), embedDim, { bias: false });
}
