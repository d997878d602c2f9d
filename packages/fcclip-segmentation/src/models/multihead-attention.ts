import { affine, linear, type Params, reshape, scaledDotProduct, slice, transpose, type Value } from '@vitamin-vlm/graph';

/** What attention looks with, looks at, and takes: [N, L, C], [N, S, C], [N, S, C]. */
export interface AttentionInputs {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
}

/**
 * PyTorch's nn.MultiheadAttention, whose three projections lie in one matrix: -> [N, L, C].
 *
 * @param seen - bool, broadcasts to [N, heads, L, S]; false hides.
 */
export function multiheadAttention(p: Params, { query, key, value }: AttentionInputs, heads: number, seen?: Value): Value {
  const [n, length, width] = query.shape as [number, number, number];
  const weight = p.get('in_proj_weight', [3 * width, width]);
  const bias = p.get('in_proj_bias', [3 * width]);
  const projected = [query, key, value].map((x, i) => {
    const rows = { axis: 0, start: i * width, end: (i + 1) * width };
    const y = affine(x, slice(weight, rows), slice(bias, rows));
    return transpose(reshape(y, [n, x.shape[1]!, heads, width / heads]), [0, 2, 1, 3]); // [N, heads, L, C/heads]
  }) as [Value, Value, Value];
  const mixed = scaledDotProduct(...projected, seen);
  return linear(p.at('out_proj'), reshape(transpose(mixed, [0, 2, 1, 3]), [n, length, width]), width);
}
