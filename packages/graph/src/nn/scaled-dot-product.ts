import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { where } from '../ops/compare.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { matmul } from '../ops/matmul.ts';
import { softmax } from '../ops/softmax.ts';
import { formatShape, product, sameShape } from '../shape.ts';

/**
 * softmax(q · kᵀ / √D + mask) · v (Vaswani et al., arXiv:1706.03762). q: [N, heads, L, D], k: [N, groups, S, D], v: [N, groups, S, E]
 * -> [N, heads, L, E]. With fewer groups than heads, neighboring heads share a key and a value (Ainslie et al., arXiv:2305.13245).
 *
 * @param mask broadcasts to [N, heads, L, S]: numbers are added to the scores, -∞ hides a token; of truth values, true lets a token be seen. A
 *   query that sees nothing gives NaN.
 * @throws VitaminError `USAGE` for shapes that do not fit and heads that do not divide into the groups.
 * @example
 * ```ts
 * import { Graph, scaledDotProduct } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const q = graph.input('q', 'float32', ['N', 8, 100, 32]);
 * const k = graph.input('k', 'float32', ['N', 8, 'S', 32]);
 * graph.output('y', scaledDotProduct(q, k, graph.input('v', 'float32', ['N', 8, 'S', 32]))); // [N, 8, 100, 32]
 * ```
 */
export function scaledDotProduct(q: Value, k: Value, v: Value, mask?: Value): Value {
  expectTypes('scaledDotProduct', floats, q, k, v);
  const [n, heads, length, size] = q.shape;
  const [, groups, count] = k.shape;
  const width = v.shape[3];
  const fits =
    [q, k, v].every(({ shape }) => shape.length === 4 && shape[0] === n) &&
    sameShape(k.shape.slice(1), [groups!, count!, size!]) &&
    sameShape(v.shape.slice(1), [groups!, count!, width!]) &&
    typeof size === 'number';
  const shared = heads === groups ? 1 : Number(heads) / Number(groups);
  if (!fits || !Number.isInteger(shared)) {
    throw new VitaminError(
      'USAGE',
      `Expected q [N, heads, L, D], k [N, groups, S, D] and v [N, groups, S, E] with groups that divide the heads but received ${[q, k, v].map((value) => formatShape(value.shape)).join(', ')}`,
    );
  }
  const rows = product([shared, length!]); // the queries of all heads of a group, one after the other
  const scaled = reshape(mul(q, size ** -0.5), [n!, groups!, rows, size]);
  const scores = reshape(matmul(scaled, transpose(k, [0, 1, 3, 2])), [n!, heads!, length!, count!]);
  const seen = mask === undefined ? scores : mask.dtype === 'bool' ? where(mask, scores, -Infinity) : add(scores, mask);
  const mixed = matmul(reshape(softmax(seen), [n!, groups!, rows, count!]), v); // [N, groups, rows, E]
  return reshape(mixed, [n!, heads!, length!, width!]);
}
