import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, staticShape } from '../shape.ts';
import { add, div, mul } from './arithmetic.ts';
import { cast } from './cast.ts';
import { equal, where } from './compare.ts';
import { conv, transposed } from './conv.ts';
import { frame, metBy, positions, spaced } from './taps.ts';
import { cut, pad } from './slice.ts';
import { reachOf, sides, type Sides, type Window, windowAttributes, windowCount } from './window.ts';

/** How the window of a pooling moves. */
export interface PoolOptions {
  readonly kernel: Sides;
  readonly stride: Sides;
  /** On both ends of each axis, less than the kernel. Default 0. */
  readonly padding?: Sides;
}

/**
 * Mean over windows; pixels of the padding are not counted (PyTorch's count_include_pad=False, ONNX's default). x: [N, C, H, W].
 * Gradient: every output spreads dy / count over its window, which is a depthwise transposed convolution with ones.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for a window larger than the padded picture; `UNSUPPORTED` for a named extent that
 * the windows do not divide.
 * @example
 * ```ts
 * import { averagePool, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 64, 56, 56]);
 * graph.output('y', averagePool(x, { kernel: 3, stride: 2, padding: 1 })); // [N, 64, 28, 28]
 * ```
 */
export function averagePool(x: Value, options: PoolOptions): Value {
  expectTypes('AveragePool', singles, x);
  const { window, shape } = poolOf('AveragePool', x, options);
  const [, , h, w] = x.shape as [Dim, Dim, Dim, Dim];
  return x.graph.node({
    op: 'AveragePool',
    inputs: [x],
    attributes: { ...windowAttributes(window), count_include_pad: 0 },
    dtype: x.dtype,
    shape,
    gradient: [
      (dy) => {
        const [channels] = staticShape([x.shape[1]!], 'a pooling gradient') as [number];
        const ones = x.graph.scalar(1, x.dtype, [channels, 1, ...window.kernel]);
        return transposed(shared(dy, x, window), ones, null, window, channels, [h, w]);
      },
    ],
  });
}

/** dy divided by how many real pixels each window covers. */
function shared(dy: Value, x: Value, window: Window): Value {
  const [h, w] = x.shape.slice(2) as [Dim, Dim];
  const [rows, columns] = dy.shape.slice(2) as [Dim, Dim];
  if (typeof h === 'number' && typeof w === 'number') {
    const [tall, wide] = [windowSizes(h, rows as number, window, 0), windowSizes(w, columns as number, window, 1)];
    const shares = Float32Array.from(tall.flatMap((row) => wide.map((column) => 1 / (row * column))));
    return mul(dy, cast(x.graph.constant(tensor('float32', [tall.length, wide.length], shares)), x.dtype));
  }
  const one = x.graph.scalar(1, x.dtype);
  const pixels = x.graph.node({ op: 'Expand', inputs: [one, x.graph.extents([1, 1, h, w])], dtype: x.dtype, shape: [1, 1, h, w] });
  return div(dy, conv(pixels, x.graph.scalar(1, x.dtype, [1, 1, ...window.kernel]), null, window));
}

/** How many real pixels each window covers along one side. */
function windowSizes(extent: number, count: number, { kernel, stride, padding }: Window, axis: 0 | 1): number[] {
  const start = (i: number): number => i * stride[axis] - padding[axis];
  return Array.from({ length: count }, (_, i) => Math.min(start(i) + kernel[axis], extent) - Math.max(start(i), 0));
}

/**
 * Largest pixel of every window; the padding never wins. x: [N, C, H, W] (PyTorch's max_pool2d). The gradient goes to the first largest pixel of a
 * window, row by row.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for a window larger than the padded picture; `UNSUPPORTED` for a named extent that
 * the windows do not divide.
 * @example
 * ```ts
 * import { Graph, maxPool } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 64, 'h*4', 'w*4']);
 * graph.output('y', maxPool(x, { kernel: 3, stride: 2, padding: 1 })); // [N, 64, h*2, w*2]
 * ```
 */
export function maxPool(x: Value, options: PoolOptions): Value {
  expectTypes('MaxPool', floats, x);
  const { window, shape } = poolOf('MaxPool', x, options);
  const y: Value = x.graph.node({
    op: 'MaxPool',
    inputs: [x],
    attributes: windowAttributes(window),
    dtype: x.dtype,
    shape,
    gradient: [(dy) => largestGradient(dy, x, y, window)],
  });
  return y;
}

/** WebGPU has no indices of MaxPool to scatter by; so the windows are compared with their result, kernel position by kernel position. */
function largestGradient(dy: Value, x: Value, y: Value, window: Window): Value {
  const { kernel, padding, stride } = window;
  const [top, left] = padding;
  const framed = frame(x, [top, left, top, left], -Infinity);
  const counts = y.shape.slice(2) as [Dim, Dim];
  let rest = dy; // what no pixel took so far
  const parts = positions(window).map((position) => {
    const hit = equal(metBy(framed, position, window, counts), y);
    const part = where(hit, rest, 0);
    rest = where(hit, 0, rest);
    const [row, column] = position;
    // Pixel (row + i·stride, column + j·stride) of the framed picture.
    return frame(spaced(spaced(part, 2, stride[0]), 3, stride[1]), [row, column, kernel[0] - 1 - row, kernel[1] - 1 - column]);
  });
  const sum = parts.reduce(add);
  return [0, 1].reduce((value, axis) => unframed(value, axis + 2, padding[axis]!, x.shape[axis + 2]!), sum);
}

/** The pixels from `padding` on, as many as `extent`; those that no window meets are zeros. */
function unframed(sum: Value, at: number, padding: number, extent: Dim): Value {
  const whole = sum.shape[at]!;
  const missing = sum.graph.difference([extent, padding], [whole]);
  const enough = typeof missing === 'number' && missing > 0 ? pad(sum, at, 0, missing) : sum;
  return cut(enough, at, [padding], [extent, padding], extent);
}

/** The window, and the shape of the result. */
function poolOf(
  op: string,
  x: Value,
  { kernel, stride, padding = 0 }: PoolOptions,
): { readonly window: Window; readonly shape: readonly Dim[] } {
  const window: Window = {
    kernel: sides('the kernel', kernel, 1),
    stride: sides('the stride', stride, 1),
    padding: sides('the padding', padding, 0),
    dilation: [1, 1],
  };
  const short = ([0, 1] as const).find((axis) => window.padding[axis] >= reachOf(window, axis));
  if (short !== undefined) {
    throw new VitaminError(
      'USAGE',
      `Expected less padding than the kernel of ${window.kernel[short]} but received ${window.padding[short]}`,
    );
  }
  const [n, c] = x.shape;
  if (x.shape.length !== 4) throw new VitaminError('USAGE', `Expected [N, C, H, W] for ${op} but received ${formatShape(x.shape)}`);
  return { window, shape: [n!, c!, windowCount(x, 2, window), windowCount(x, 3, window)] };
}
