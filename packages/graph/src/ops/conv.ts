import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, product, sameShape, staticShape } from '../shape.ts';
import { filterGradient } from './filter-gradient.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum } from './reduce.ts';
import { slice } from './slice.ts';
import { frame, spaced } from './taps.ts';
import { reachOf, restOf, sides, type Sides, type Window, windowAttributes, windowCount } from './window.ts';

/** How the window of `conv` moves. */
export interface ConvOptions {
  /** Default 1. */
  readonly stride?: Sides;
  /** Zeros on both ends of each axis. Default 0. */
  readonly padding?: Sides;
  /** Distance between neighboring pixels of the window. Default 1. */
  readonly dilation?: Sides;
  /** Channels are cut into this many groups of their own; as many as channels make a depthwise convolution. Default 1. */
  readonly groups?: number;
}

/** How the window of `convTranspose` moves. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the end, less than the stride. Default 0. */
  readonly outputPadding?: Sides;
}

/**
 * 2-D convolution. x: [N, C, H, W], weight: [O, C/groups, kh, kw], bias: [O] or null -> [N, O, H', W'] with
 * H' = ⌊(H + 2·padding - dilation·(kh - 1) - 1) / stride⌋ + 1. A named H must be a multiple of the stride, H' then being H / stride.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for a window larger than the padded picture; `UNSUPPORTED` for a named extent that
 * the windows do not divide.
 * @example
 * ```ts
 * import { conv, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 3, 'h*32', 'w*32']);
 * const weight = graph.input('weight', 'float32', [16, 3, 3, 3]);
 * graph.output('y', conv(x, weight, null, { stride: 2, padding: 1 })); // [N, 16, h*16, w*16]
 * ```
 */
export function conv(x: Value, weight: Value, bias: Value | null, options: ConvOptions = {}): Value {
  const { window, groups } = windowOf('Conv', weight, options);
  const [o, perGroup] = weight.shape as [number, number];
  if (o % groups !== 0) {
    throw new VitaminError(
      'USAGE',
      `Expected a weight [O, C/groups, kh, kw] with O divisible by ${groups} groups but received ${formatShape(weight.shape)}`,
    );
  }
  checkValues('Conv', x, weight, bias, perGroup * groups, o);
  const [n, , h, w] = x.shape as [Dim, Dim, Dim, Dim];
  return x.graph.node({
    op: 'Conv',
    inputs: bias ? [x, weight, bias] : [x, weight],
    attributes: { ...windowAttributes(window), group: groups },
    dtype: x.dtype,
    shape: [n, o, windowCount(x, 2, window), windowCount(x, 3, window)],
    gradient: [
      (dy) => {
        const covered = window.padding.every((padding, axis) => padding < reachOf(window, axis as 0 | 1));
        if (!covered || window.stride.some((stride) => stride > 1)) return transposed(dy, weight, null, window, groups, [h, w]);
        // At stride 1 a plain convolution with the turned weight does the same, and runs faster.
        const padding = window.padding.map((side, axis) => reachOf(window, axis as 0 | 1) - 1 - side) as [number, number];
        return conv(dy, turned(weight, groups), null, { padding, dilation: window.dilation, groups });
      },
      (dy) => filterGradient(dy, x, weight, window, groups),
      (dy) => reshape(reduceSum(dy, [0, 2, 3]), [o]),
    ],
  });
}

/**
 * Transposed 2-D convolution, the gradient of `conv` with regard to its input. x: [N, C, H, W], weight: [C, O/groups, kh, kw] as PyTorch stores it,
 * bias: [O] or null -> [N, O, H', W'] with H' = (H - 1)·stride - 2·padding + dilation·(kh - 1) + 1 + outputPadding. A named H needs H' = H·stride.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit; `UNSUPPORTED` for a named H of which H' is no multiple.
 * @example
 * ```ts
 * import { convTranspose, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 16, 'h', 'w']);
 * const weight = graph.input('weight', 'float32', [16, 8, 2, 2]);
 * graph.output('y', convTranspose(x, weight, null, { stride: 2 })); // [N, 8, h*2, w*2]
 * ```
 */
export function convTranspose(x: Value, weight: Value, bias: Value | null, options: ConvTransposeOptions = {}): Value {
  const { window, groups } = windowOf('ConvTranspose', weight, options);
  const more = sides('the output padding', options.outputPadding ?? 0, 0);
  const [c, perGroup] = weight.shape as [number, number];
  const o = perGroup * groups;
  if (c % groups !== 0 || more.some((side, axis) => side >= window.stride[axis]!)) {
    throw new VitaminError(
      'USAGE',
      `Expected a weight [C, O/groups, kh, kw] and output padding below the stride but received ${formatShape(weight.shape)}, ${groups} groups and ${more.join(', ')}`,
    );
  }
  checkValues('ConvTranspose', x, weight, bias, c, o);
  const size = [2, 3].map((axis) => grownExtent(x.shape[axis]!, window, (axis - 2) as 0 | 1, more[axis - 2]!)) as [Dim, Dim];
  return transposed(x, weight, bias, window, groups, size);
}

/** (extent - 1)·stride - 2·padding + reach + more. */
function grownExtent(extent: Dim, window: Window, axis: 0 | 1, more: number): Dim {
  const stride = window.stride[axis];
  const fixed = reachOf(window, axis) - 2 * window.padding[axis] + more - stride;
  if (typeof extent === 'number') return extent * stride + fixed;
  if (fixed === 0) return product([extent, stride]);
  throw new VitaminError(
    'UNSUPPORTED',
    `Expected a result of ${stride} times the named extent "${extent}" but found ${extent}*${stride} + ${fixed}`,
    {
      hint: 'Let 2·padding + stride be the reach of the window + outputPadding; or fix the extent.',
    },
  );
}

/** Transposed convolution to the two extents of `size`, which stride and padding leave open. */
export function transposed(x: Value, weight: Value, bias: Value | null, window: Window, groups: number, size: readonly [Dim, Dim]): Value {
  const [c, perGroup] = weight.shape as [number, number];
  const o = perGroup * groups;
  const { stride, padding, dilation } = window;
  // ONNX Runtime 1.30 gives wrong numbers on WebGPU for groups of several channels.
  if (groups > 1 && (perGroup > 1 || c > groups)) return groupwise(x, weight, bias, window, groups, size);
  return x.graph.node({
    op: 'ConvTranspose',
    inputs: bias ? [x, weight, bias] : [x, weight],
    attributes: { ...windowAttributes(window), group: groups, output_padding: [restOf(size[0], window, 0), restOf(size[1], window, 1)] },
    dtype: x.dtype,
    shape: [x.shape[0]!, o, ...size],
    gradient: [
      (dy) => conv(dy, weight, null, { stride, padding, dilation, groups }),
      (dy) => filterGradient(x, dy, weight, window, groups),
      (dy) => reshape(reduceSum(dy, [0, 2, 3]), [o]),
    ],
  });
}

/** The same as a convolution at stride 1 with the turned weight, over x with zeros between its pixels. */
function groupwise(x: Value, weight: Value, bias: Value | null, window: Window, groups: number, size: readonly [Dim, Dim]): Value {
  let framed = x;
  const before: number[] = [];
  const after: number[] = [];
  for (const axis of [0, 1] as const) {
    const at = axis + 2;
    const wide = spaced(framed, at, window.stride[axis]);
    const reach = reachOf(window, axis) - 1;
    // Zeros before and after, so that the windows give `size`; where there are too many, rows are cut off.
    const first = reach - window.padding[axis];
    const last = x.graph.difference([size[axis], reach], [wide.shape[at]!, first]);
    if (typeof last !== 'number')
      throw new VitaminError('UNSUPPORTED', `Expected a known number of rows to add but found ${size[axis]} of ${wide.shape[at]}`);
    framed = slice(wide, { axis: at, start: Math.max(-first, 0), ...(last < 0 ? { end: last } : {}) });
    before.push(Math.max(first, 0));
    after.push(Math.max(last, 0));
  }
  const padded = frame(framed, [...before, ...after] as [number, number, number, number]);
  return conv(padded, turned(weight, groups), bias, { dilation: window.dilation, groups });
}

/** [C, O/groups, kh, kw] as the weight [O, C/groups, kh, kw] of the convolution that goes the other way, its kernels turned by 180 degrees. */
function turned(weight: Value, groups: number): Value {
  const [c, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  const flipped = flip(weight);
  if (groups === 1) return transpose(flipped, [1, 0, 2, 3]);
  if (c === groups && perGroup === 1) return flipped;
  const grouped = transpose(reshape(flipped, [groups, c / groups, perGroup, kh, kw]), [0, 2, 1, 3, 4]);
  return reshape(grouped, [groups * perGroup, c / groups, kh, kw]);
}

/** Turns kernels [..., kh, kw] by 180 degrees. */
function flip(weight: Value): Value {
  const kernel = weight.shape.slice(2) as number[];
  if (kernel.every((side) => side === 1)) return weight;
  const graph = weight.graph;
  const last = graph.integers(kernel.map((side) => side - 1));
  const before = graph.integers(kernel.map((side) => -side - 1));
  return graph.node({
    op: 'Slice',
    inputs: [weight, last, before, graph.integers([2, 3]), graph.integers([-1, -1])],
    dtype: weight.dtype,
    shape: weight.shape,
    gradient: [flip],
  });
}

/** The window of a weight [.., .., kh, kw] and the groups. */
function windowOf(op: string, weight: Value, options: ConvOptions): { readonly window: Window; readonly groups: number } {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  expectInteger('the groups', groups, 1);
  const [, , kh = 0, kw = 0] = staticShape(weight.shape, 'a convolution weight');
  if (weight.shape.length !== 4)
    throw new VitaminError('USAGE', `Expected a weight of four axes for ${op} but received ${formatShape(weight.shape)}`);
  const window = {
    kernel: [kh, kw],
    stride: sides('the stride', stride, 1),
    padding: sides('the padding', padding, 0),
    dilation: sides('the dilation', dilation, 1),
  } as const;
  return { window, groups };
}

function checkValues(op: string, x: Value, weight: Value, bias: Value | null, channels: number, outputs: number): void {
  expectTypes(op, singles, x, weight, bias);
  if (bias && !sameShape(bias.shape, [outputs])) {
    throw new VitaminError('USAGE', `Expected a bias [${outputs}] but received ${formatShape(bias.shape)}`);
  }
  if (x.shape.length === 4 && x.shape[1] === channels) return;
  throw new VitaminError(
    'USAGE',
    `Expected [N, ${channels}, H, W] for weight ${formatShape(weight.shape)} but received ${formatShape(x.shape)}`,
  );
}
