import type { Value } from '../graph.ts';
import { conv } from '../ops/conv.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { gemm } from '../ops/matmul.ts';
import { layerNormalization } from '../ops/normalization.ts';
import type { Params } from '../params.ts';
import { product } from '../shape.ts';

/** x · weightᵀ + bias over the last axis: x [..., in], weight [out, in] as PyTorch stores it, bias [out] or null -> [..., out]. */
export function affine(x: Value, weight: Value, bias: Value | null): Value {
  const rows = reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  return reshape(gemm(rows, weight, bias, { transB: true }), x.shape.with(-1, weight.shape[0]!));
}

/** PyTorch's nn.Linear: x [..., in] -> [..., out] with `weight` [out, in] and `bias` [out]. */
export function linear(p: Params, x: Value, out: number, { bias = true }: { readonly bias?: boolean } = {}): Value {
  return affine(x, p.get('weight', [out, x.shape.at(-1) as number]), bias ? p.get('bias', [out]) : null);
}

export interface Conv2dOptions {
  readonly kernel: number;
  readonly stride?: number;
  /** `'depthwise'`: one filter per channel. */
  readonly groups?: 1 | 'depthwise';
  readonly bias?: boolean;
}

/** PyTorch's nn.Conv2d with padding (kernel - 1) / 2: x [N, C, H, W] -> [N, out, H/stride, W/stride]. */
export function conv2d(p: Params, x: Value, out: number, { kernel, stride = 1, groups = 1, bias = true }: Conv2dOptions): Value {
  const channels = x.shape[1] as number;
  const count = groups === 'depthwise' ? channels : 1;
  const weight = p.get('weight', [out, channels / count, kernel, kernel]);
  return conv(x, weight, bias ? p.get('bias', [out]) : null, { stride, padding: (kernel - 1) / 2, groups: count });
}

/** PyTorch's nn.LayerNorm over the last axis. */
export function layerNorm(p: Params, x: Value, eps: number): Value {
  const width = x.shape.at(-1) as number;
  return layerNormalization(x, p.get('weight', [width]), p.get('bias', [width]), eps);
}

/** Layer norm over the channels of every pixel (timm's LayerNorm2d): x [N, C, H, W]. */
export function layerNorm2d(p: Params, x: Value, eps: number): Value {
  return transpose(layerNorm(p, transpose(x, [0, 2, 3, 1]), eps), [0, 3, 1, 2]);
}
