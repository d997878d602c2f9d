import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger } from '../expect.ts';
import type { Value } from '../graph.ts';
import { add } from '../ops/arithmetic.ts';
import { conv, convTranspose, type ConvTransposeOptions } from '../ops/conv.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { gemm } from '../ops/matmul.ts';
import { type Int8Weight, matmulInt8 } from '../ops/matmul-int8.ts';
import { layerNormalization } from '../ops/normalization.ts';
import { sides, type Sides } from '../ops/window.ts';
import type { Params } from '../params.ts';
import { formatShape, product } from '../shape.ts';

/**
 * x · weightᵀ + bias over the last axis: x [..., in], weight [out, in] as PyTorch stores it or rounded to 8 bits, bias [out] or null ->
 * [..., out].
 *
 * @throws VitaminError `USAGE` for shapes that do not fit.
 * @example
 * ```ts
 * import { affine, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 49, 64]);
 * graph.output('y', affine(x, graph.input('weight', 'float32', [10, 64]), null)); // [N, 49, 10]
 * ```
 */
export function affine(x: Value, weight: Value | Int8Weight<Value>, bias: Value | null): Value {
  if ('rounded' in weight) return bias ? add(matmulInt8(x, weight), bias) : matmulInt8(x, weight);
  const rows = reshape(x, [product(x.shape.slice(0, -1)), extentOf(x, -1)]);
  return reshape(gemm(rows, weight, bias, { transB: true }), x.shape.with(-1, weight.shape[0]!));
}

/**
 * PyTorch's nn.Linear: x [..., in] -> [..., out] with `weight` [out, in] and `bias` [out].
 *
 * @example
 * ```ts
 * import { Graph, linear, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 384]);
 * graph.output('y', linear(root.at('head.proj'), x, 512)); // asks for head.proj.weight and head.proj.bias
 * ```
 */
export function linear(p: Params, x: Value, out: number, { bias = true }: { readonly bias?: boolean } = {}): Value {
  return affine(x, p.matrix('weight', [out, extentOf(x, -1)]), bias ? p.get('bias', [out]) : null);
}

/** What `conv2d` takes. */
export interface Conv2dOptions {
  /** Window, in pixels. */
  readonly kernel: Sides;
  /** Default 1. */
  readonly stride?: Sides;
  /** Zeros on both ends of each axis. Default: dilation · (kernel - 1) / 2, which keeps the size at stride 1; even kernels must say. */
  readonly padding?: Sides;
  /** Distance between neighboring pixels of the window. Default 1. */
  readonly dilation?: Sides;
  /** Groups of channels; `'depthwise'` makes as many as there are channels. Default 1. */
  readonly groups?: number | 'depthwise';
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * PyTorch's nn.Conv2d: x [N, C, H, W] -> [N, out, H', W'], by default [N, out, ⌈H/stride⌉, ⌈W/stride⌉], with `weight` [out, C/groups, kh, kw] and
 * `bias` [out].
 *
 * @throws VitaminError `USAGE` for an even kernel without padding, for groups that do not divide the channels and for an x that is no [N, C, H, W].
 * @example
 * ```ts
 * import { conv2d, Graph, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 3, 224, 224]);
 * graph.output('y', conv2d(root.at('stem.conv1'), x, 64, { kernel: 3, stride: 2 })); // [N, 64, 112, 112]
 * ```
 */
export function conv2d(p: Params, x: Value, out: number, options: Conv2dOptions): Value {
  const { kernel, stride = 1, dilation = 1, groups = 1, bias = true } = options;
  const [kh, kw] = sides('the kernel', kernel, 1);
  const [dh, dw] = sides('the dilation', dilation, 1);
  const padding = options.padding ?? [(dh * (kh - 1)) / 2, (dw * (kw - 1)) / 2];
  sides(`the padding of a kernel of ${kh} x ${kw}`, padding, 0);
  const channels = extentOf(x, 1);
  const count = groupsOf(groups, channels);
  const weight = p.get('weight', [out, channels / count, kh, kw]);
  return conv(x, weight, bias ? p.get('bias', [out]) : null, { stride, padding, dilation, groups: count });
}

/** What `convTranspose2d` takes. */
export interface ConvTranspose2dOptions extends ConvTransposeOptions {
  /** Window, in pixels. */
  readonly kernel: Sides;
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * PyTorch's nn.ConvTranspose2d: x [N, C, H, W] -> [N, out, H', W'] with `weight` [C, out/groups, kh, kw] and `bias` [out]; padding is 0 by default.
 *
 * @throws VitaminError `USAGE` for groups that do not divide the channels and for an x that is no [N, C, H, W].
 * @example
 * ```ts
 * import { convTranspose2d, Graph, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 256, 14, 14]);
 * graph.output('y', convTranspose2d(root.at('deconv'), x, 256, { kernel: 2, stride: 2 })); // [N, 256, 28, 28]
 * ```
 */
export function convTranspose2d(p: Params, x: Value, out: number, { kernel, bias = true, ...options }: ConvTranspose2dOptions): Value {
  const [kh, kw] = sides('the kernel', kernel, 1);
  const channels = extentOf(x, 1);
  const groups = groupsOf(options.groups ?? 1, channels);
  if (out % groups !== 0) throw new VitaminError('USAGE', `Expected outputs that divide into ${groups} groups but received ${out}`);
  const weight = p.get('weight', [channels, out / groups, kh, kw]);
  return convTranspose(x, weight, bias ? p.get('bias', [out]) : null, options);
}

function groupsOf(groups: number | 'depthwise', channels: number): number {
  const count = groups === 'depthwise' ? channels : groups;
  expectInteger('the groups', count, 1);
  if (channels % count === 0) return count;
  throw new VitaminError('USAGE', `Expected groups that divide ${channels} channels but received ${count}`);
}

/**
 * PyTorch's nn.LayerNorm over the last axis.
 *
 * @example
 * ```ts
 * import { Graph, layerNorm, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 49, 384]);
 * graph.output('y', layerNorm(root.at('norm'), x, 1e-6));
 * ```
 */
export function layerNorm(p: Params, x: Value, eps: number): Value {
  const width = extentOf(x, -1);
  return layerNormalization(x, p.get('weight', [width]), p.get('bias', [width]), eps);
}

/**
 * Layer norm over the channels of every pixel (timm's LayerNorm2d): x [N, C, H, W].
 *
 * @example
 * ```ts
 * import { Graph, layerNorm2d, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 64, 56, 56]);
 * graph.output('y', layerNorm2d(root.at('norm'), x, 1e-6));
 * ```
 */
export function layerNorm2d(p: Params, x: Value, eps: number): Value {
  return transpose(layerNorm(p, transpose(x, [0, 2, 3, 1]), eps), [0, 3, 1, 2]);
}

/** A fixed extent, from which the shape of a weight follows. */
function extentOf(x: Value, axis: number): number {
  const extent = x.shape.at(axis);
  if (typeof extent !== 'number') {
    throw new VitaminError('USAGE', `Expected a value whose axis ${axis} has a fixed extent but received ${formatShape(x.shape)}`);
  }
  return extent;
}
