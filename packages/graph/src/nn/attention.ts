import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { slice } from '../ops/slice.ts';
import { formatShape } from '../shape.ts';
import { scaledDotProduct } from './scaled-dot-product.ts';

/**
 * Multi-head self-attention from packed projections (Vaswani et al., arXiv:1706.03762). qkv: [N, L, 3·D], rows ordered q, k, v, each head-major.
 * Returns the heads side by side, [N, L, D], before the output projection. `mask` [L, L] is added to the scores: -∞ hides a token.
 *
 * @throws VitaminError `USAGE` unless the last axis divides into q, k, v and heads.
 * @example
 * ```ts
 * import { attention, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const qkv = graph.input('qkv', 'float32', ['N', 49, 3 * 64]);
 * graph.output('y', attention(qkv, 2)); // [N, 49, 64]
 * ```
 */
export function attention(qkv: Value, heads: number, mask?: Value): Value {
  const [n, length, packed] = qkv.shape;
  if (qkv.shape.length !== 3 || typeof packed !== 'number' || !(packed % (3 * heads) === 0)) {
    throw new VitaminError('USAGE', `Expected [N, L, 3·D] with D divisible by ${heads} heads but received ${formatShape(qkv.shape)}`);
  }
  const width = packed / 3;
  const size = width / heads;
  const split = transpose(reshape(qkv, [n!, length!, 3 * heads, size]), [0, 2, 1, 3]); // [N, 3·heads, L, size]
  const [q, k, v] = [0, 1, 2].map((part) => slice(split, { axis: 1, start: part * heads, end: (part + 1) * heads })) as [
    Value,
    Value,
    Value,
  ];
  const mixed = scaledDotProduct(q, k, v, mask); // [N, heads, L, size]
  return reshape(transpose(mixed, [0, 2, 1, 3]), [n!, length!, width]);
}
