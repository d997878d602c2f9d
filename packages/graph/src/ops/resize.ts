import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Graph, Value } from '../graph.ts';
import { type Dim, formatShape } from '../shape.ts';
import { abs, relu } from './activation.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { cast } from './cast.ts';
import { equal, greater, where } from './compare.ts';
import { counted, extentScalar } from './extent.ts';
import { reshape, transpose } from './layout.ts';
import { matmul } from './matmul.ts';

/**
 * How `resize` reads between pixels, by the names of PyTorch's `interpolate`. With scale = input extent / output extent, output pixel d reads
 * - `nearest`: input pixel ⌊d · scale⌋,
 * - `nearest-exact`: input pixel ⌊(d + 0.5) · scale⌋, the one whose area holds the center of d,
 * - `bilinear`: between the pixels around (d + 0.5) · scale - 0.5, those past the border being the border pixel; no smoothing on the way down.
 */
export type ResizeMode = 'nearest' | 'nearest-exact' | 'bilinear';

const attributes = {
  nearest: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  'nearest-exact': { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
  bilinear: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
} as const;

/**
 * Pictures or maps in another size: x [N, C, H, W] -> [N, C, ...size], by any factor up or down. Equals PyTorch's
 * `interpolate(x, size, mode, align_corners=False)`. The gradient is the exact transpose, as two matrix products.
 *
 * @param size [height, width] in pixels; names that some input bears may stand there.
 * @throws VitaminError `USAGE` for an x that is no [N, C, H, W] and for sizes that are not positive integers.
 * @example
 * ```ts
 * import { Graph, resize } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 256, 42, 42]);
 * graph.output('y', resize(x, [84, 84], 'bilinear')); // [N, 256, 84, 84]
 * ```
 */
export function resize(x: Value, size: readonly [Dim, Dim], mode: ResizeMode): Value {
  expectTypes('Resize', singles, x);
  if (x.shape.length !== 4) throw new VitaminError('USAGE', `Expected [N, C, H, W] but received ${formatShape(x.shape)}`);
  for (const extent of size) if (typeof extent === 'number') expectInteger('a size', extent, 1);
  const [n, c, h, w] = x.shape;
  if (h === size[0] && w === size[1]) return x;
  return x.graph.node({
    op: 'Resize',
    inputs: [x, null, null, x.graph.extents(size)],
    attributes: { ...attributes[mode], axes: [2, 3] },
    dtype: x.dtype,
    shape: [n!, c!, ...size],
    gradient: [
      (dy) => {
        const rows = interpolation(x.graph, { to: size[0], from: h!, mode }, true); // [H, H']
        const columns = interpolation(x.graph, { to: size[1], from: w!, mode }, false); // [W', W]
        return matmul(cast(rows, x.dtype), matmul(dy, cast(columns, x.dtype)));
      },
    ],
  });
}

interface Axis {
  readonly to: Dim;
  readonly from: Dim;
  readonly mode: ResizeMode;
}

/** The matrix [to, from] that takes one axis of extent `from` to extent `to`, or its transpose, as float32. */
function interpolation(graph: Graph, { to, from, mode }: Axis, transposed: boolean): Value {
  if (typeof to === 'number' && typeof from === 'number') return graph.constant(constantMatrix(to, from, mode, transposed));
  const matrix = computedMatrix(graph, { to, from, mode });
  return transposed ? transpose(matrix, [1, 0]) : matrix;
}

/** Worked out when the graph runs. Places are quotients of integers, so that none falls beside the pixel that it is. */
function computedMatrix(graph: Graph, { to, from, mode }: Axis): Value {
  const [target, source] = [extentScalar(graph, to, 'int64'), extentScalar(graph, from, 'int64')];
  const [one, two] = [graph.scalar(1, 'int64'), graph.scalar(2, 'int64')];
  const d = reshape(counted(graph, to), [to, 1]);
  const pixel = reshape(counted(graph, from), [1, from]);
  const middle = mul(add(mul(d, two), one), source); // (d + 0.5) · scale = middle / (2 · to)
  if (mode === 'nearest') return cast(equal(div(mul(d, source), target), pixel), 'float32');
  if (mode === 'nearest-exact') return cast(equal(div(middle, mul(target, two)), pixel), 'float32');
  const last = cast(sub(source, one), 'float32');
  const free = relu(div(cast(sub(middle, target), 'float32'), cast(mul(target, two), 'float32')));
  const at = where(greater(free, last), last, free);
  return relu(sub(1, abs(sub(at, cast(pixel, 'float32')))));
}

function constantMatrix(to: number, from: number, mode: ResizeMode, transposed: boolean): Tensor<'float32'> {
  const data = new Float32Array(to * from);
  const addTo = (row: number, column: number, weight: number): void => {
    data[transposed ? column * to + row : row * from + column]! += weight;
  };
  const scale = from / to;
  for (let d = 0; d < to; d++) {
    if (mode !== 'bilinear') addTo(d, Math.min(Math.floor((mode === 'nearest' ? d : d + 0.5) * scale), from - 1), 1);
    else {
      const at = Math.max((d + 0.5) * scale - 0.5, 0);
      const low = Math.min(Math.floor(at), from - 1);
      addTo(d, low, 1 - (at - low));
      addTo(d, Math.min(low + 1, from - 1), at - low);
    }
  }
  return tensor('float32', transposed ? [from, to] : [to, from], data);
}
