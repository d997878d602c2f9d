import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { axisIndex, type Dim, formatShape } from '../shape.ts';
import { concat } from './concat.ts';

/**
 * Cuts x along one axis into parts of these extents, one after the other: the opposite of `concat`. Of a named axis, the sum of the parts must be
 * known to be its extent, as that of `['h*w*16', 'h*w*4']` is `'h*w*20'`.
 *
 * @throws VitaminError `USAGE` unless the sizes sum up to the extent.
 * @example
 * ```ts
 * import { Graph, split } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const tokens = graph.input('tokens', 'float32', ['N', 256, 1029]);
 * const [coarse, middle, fine] = split(tokens, [49, 196, 784], 2);
 * console.log(coarse!.shape, middle!.shape, fine!.shape); // [N, 256, 49] [N, 256, 196] [N, 256, 784]
 * ```
 */
export function split(x: Value, sizes: readonly Dim[], axis: number): readonly Value[] {
  const at = axisIndex(axis, x.shape.length);
  const whole = x.shape[at]!;
  if (sizes.length === 0 || x.graph.difference(sizes, []) !== whole) {
    throw new VitaminError('USAGE', `Expected parts that fill axis ${axis} of ${formatShape(x.shape)} but received [${sizes.join(', ')}]`);
  }
  if (sizes.length === 1) return [x];
  return x.graph.apply({
    op: 'Split',
    inputs: [x, x.graph.extents(sizes)],
    attributes: { axis: at },
    outputs: sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(at, size) })),
    differentiable: sizes.length,
    gradient: [(...parts) => concat(parts, at)],
  });
}
