import { VitaminError } from '@vitamin-vlm/core';
import { expectOneType } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, formatShape } from '../shape.ts';
import { cut } from './slice.ts';

/**
 * Joins values along one axis. The sum of named extents gets the name `extent`, unless it is a product (`h*w*16` + `h*w*4` = `h*w*20`) or a
 * sum with a name already.
 *
 * @throws VitaminError `USAGE` for shapes that differ elsewhere and for unequal element types; `UNSUPPORTED` for a sum that needs a name.
 * @example
 * ```ts
 * import { concat, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const first = graph.input('first', 'float32', ['N', 1, 64]);
 * const rest = graph.input('rest', 'float32', ['N', 49, 64]);
 * graph.output('all', concat([first, rest], 1)); // [N, 50, 64]
 * const past = graph.input('past', 'float32', ['N', 'P', 64]);
 * graph.output('present', concat([past, first], 1, 'T')); // [N, T, 64], T = P + 1
 * ```
 */
export function concat(values: readonly Value[], axis: number, extent?: string): Value {
  const first = values[0];
  if (!first) throw new VitaminError('USAGE', 'Expected at least one value to join but received none');
  expectOneType('Concat', ...values);
  const at = axisIndex(axis, first.shape.length);
  for (const { shape } of values) {
    if (shape.length === first.shape.length && shape.every((dim, i) => i === at || dim === first.shape[i])) continue;
    throw new VitaminError(
      'USAGE',
      `Expected shapes that differ on axis ${axis} only but received ${values.map((v) => formatShape(v.shape)).join(' and ')}`,
    );
  }
  const extents = values.map((value) => value.shape[at]!);
  const whole = first.graph.extent(extents, [], extent);
  return first.graph.node({
    op: 'Concat',
    inputs: values,
    attributes: { axis: at },
    dtype: first.dtype,
    shape: first.shape.with(at, whole),
    gradient: extents.map((own, i) => (dy) => {
      const end = i === extents.length - 1 ? [whole] : extents.slice(0, i + 1);
      return cut(dy, at, i === 0 ? [0] : extents.slice(0, i), end, own);
    }),
  });
}
