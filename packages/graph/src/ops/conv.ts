import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, sameShape, staticShape } from '../shape.ts';
import { mul } from './arithmetic.ts';
import { reshape, transpose } from './layout.ts';
import { matmul } from './matmul.ts';
import { reduceSum } from './reduce.ts';
import { concat } from './slice.ts';
import { windowCount } from './window.ts';

/** How the window of `conv` moves. */
export interface ConvOptions {
  /** The same in both directions. Default 1. */
  readonly stride?: number;
  /** Zeros on all four sides. Default 0. */
  readonly padding?: number;
  /** 1 (default), or the number of input channels for a depthwise convolution. Others have no gradient for the weight. */
  readonly groups?: number;
}

/**
 * 2-D convolution. x: [N, C, H, W], weight: [O, C/groups, k, k], bias: [O] or null -> [N, O, H', W'].
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for a window larger than the padded picture.
 * @example
 * ```ts
 * import { conv, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 3, 32, 32]);
 * const weight = graph.input('weight', 'float32', [16, 3, 3, 3]);
 * graph.output('y', conv(x, weight, null, { stride: 2, padding: 1 })); // [N, 16, 16, 16]
 * ```
 */
export function conv(x: Value, weight: Value, bias: Value | null, { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}): Value {
  const options = { stride, padding, groups };
  const [n, h, w] = checkConv(x, weight, bias, options);
  const [o, , kernel] = weight.shape as [number, number, number];
  return x.graph.node({
    op: 'Conv',
    inputs: bias ? [x, weight, bias] : [x, weight],
    attributes: convAttributes(kernel, options),
    dtype: x.dtype,
    shape: [n, o, windowCount(h, kernel, stride, 2 * padding), windowCount(w, kernel, stride, 2 * padding)],
    gradient: [
      (dy) => inputGradient(dy, x, weight, options),
      (dy) => (groups === 1 ? filterGradient(dy, x, weight, options) : depthwiseFilterGradient(dy, x, weight, options)),
      (dy) => reshape(reduceSum(dy, [0, 2, 3]), [o]),
    ],
  });
}

/** Batch, height and width of x. */
function checkConv(x: Value, weight: Value, bias: Value | null, options: Required<ConvOptions>): [Dim, number, number] {
  const { stride, padding, groups } = options;
  expectTypes('Conv', singles, x, weight, bias);
  expectInteger('the stride', stride, 1);
  expectInteger('the padding', padding, 0);
  expectInteger('the groups', groups, 1);
  const [o = 0, perGroup = 0, kernel, kernelW] = staticShape(weight.shape, 'a convolution weight');
  if (weight.shape.length !== 4 || kernel !== kernelW || o % groups !== 0) {
    throw new VitaminError(
      'USAGE',
      `Expected a weight [O, C/groups, k, k] with O divisible by ${groups} groups but received ${formatShape(weight.shape)}`,
    );
  }
  if (bias && !sameShape(bias.shape, [o]))
    throw new VitaminError('USAGE', `Expected a bias [${o}] but received ${formatShape(bias.shape)}`);
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4 || typeof h !== 'number' || typeof w !== 'number' || c !== perGroup * groups) {
    throw new VitaminError(
      'USAGE',
      `Expected [N, ${perGroup * groups}, H, W] for weight ${formatShape(weight.shape)} but received ${formatShape(x.shape)}`,
    );
  }
  return [n!, h, w];
}

function convAttributes(kernel: number, { stride, padding, groups }: Required<ConvOptions>): Record<string, number | readonly number[]> {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [padding, padding, padding, padding], group: groups };
}

/** dx is the transposed convolution of dy; at stride 1 that is a plain convolution with the flipped, transposed weight, which runs faster. */
function inputGradient(dy: Value, x: Value, weight: Value, options: Required<ConvOptions>): Value {
  const [o, perGroup, kernel] = weight.shape as [number, number, number];
  const { stride, padding, groups } = options;
  const depthwise = groups === o && perGroup === 1;
  if (stride === 1 && padding < kernel && (groups === 1 || depthwise)) {
    const back = groups === 1 ? transpose(flip(weight), [1, 0, 2, 3]) : flip(weight);
    return conv(dy, back, null, { padding: kernel - 1 - padding, groups: groups === 1 ? 1 : o });
  }
  const [, , h, w] = x.shape as [number, number, number, number];
  const rest = (extent: number): number => (extent + 2 * padding - kernel) % stride;
  return x.graph.node({
    op: 'ConvTranspose',
    inputs: [dy, weight],
    attributes: { ...convAttributes(kernel, options), output_padding: [rest(h), rest(w)] },
    dtype: x.dtype,
    shape: x.shape,
  });
}

/** Turns a [O, C, k, k] kernel by 180 degrees. */
function flip(weight: Value): Value {
  const kernel = weight.shape[2] as number;
  if (kernel === 1) return weight;
  const graph = weight.graph;
  const last = graph.integers([kernel - 1, kernel - 1]);
  const before = graph.integers([-kernel - 1, -kernel - 1]);
  return graph.node({
    op: 'Slice',
    inputs: [weight, last, before, graph.integers([2, 3]), graph.integers([-1, -1])],
    dtype: weight.dtype,
    shape: weight.shape,
  });
}

/** The pixels of x that kernel position (ky, kx) meets, one per output pixel: [N, C, H', W']. x is padded already. */
function shifted(x: Value, ky: number, kx: number, stride: number, height: number, width: number): Value {
  const graph = x.graph;
  const ends = graph.integers([ky + (height - 1) * stride + 1, kx + (width - 1) * stride + 1]);
  return graph.node({
    op: 'Slice',
    inputs: [x, graph.integers([ky, kx]), ends, graph.integers([2, 3]), graph.integers([stride, stride])],
    dtype: x.dtype,
    shape: [x.shape[0]!, x.shape[1]!, height, width],
  });
}

/** Zeros around the two image axes. */
function padSides(x: Value, padding: number): Value {
  if (padding === 0) return x;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const amounts = x.graph.integers([0, 0, padding, padding, 0, 0, padding, padding]);
  return x.graph.node({ op: 'Pad', inputs: [x, amounts], dtype: x.dtype, shape: [n, c, h + 2 * padding, w + 2 * padding] });
}

/** dW[o, c, ky, kx] = Σ over images and pixels of dy[o] · x[c] shifted by (ky, kx): one matrix product per kernel position. */
function filterGradient(dy: Value, x: Value, weight: Value, { stride, padding }: Required<ConvOptions>): Value {
  const [o, c, kernel] = weight.shape as [number, number, number];
  const [n, , height, width] = staticShape(dy.shape, 'a filter gradient') as [number, number, number, number];
  const padded = padSides(x, padding);
  const rows = reshape(dy, [n, o, height * width]);
  const taps = Array.from({ length: kernel * kernel }, (_, tap) => {
    const pixels = reshape(shifted(padded, Math.floor(tap / kernel), tap % kernel, stride, height, width), [n, c, height * width]);
    return reshape(reduceSum(matmul(rows, transpose(pixels, [0, 2, 1])), [0]), [o, c, 1]); // [N, O, C] summed over N
  });
  return reshape(concat(taps, 2), weight.shape);
}

/** dW[c, ky, kx] = Σ over images and pixels of dy[c] · x[c] shifted by (ky, kx), for one filter per channel. */
function depthwiseFilterGradient(dy: Value, x: Value, weight: Value, { stride, padding, groups }: Required<ConvOptions>): Value {
  const kernel = weight.shape[2] as number;
  if (weight.shape[0] !== groups || weight.shape[1] !== 1) {
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected a depthwise weight [${groups}, 1, k, k] for the gradient but found ${formatShape(weight.shape)}`,
    );
  }
  const [, , height, width] = staticShape(dy.shape, 'a filter gradient') as [number, number, number, number];
  const padded = padSides(x, padding);
  const taps = Array.from({ length: kernel * kernel }, (_, tap) => {
    const products = mul(dy, shifted(padded, Math.floor(tap / kernel), tap % kernel, stride, height, width));
    return reshape(reduceSum(products, [0, 2, 3]), [groups, 1, 1]);
  });
  return reshape(concat(taps, 2), weight.shape);
}
