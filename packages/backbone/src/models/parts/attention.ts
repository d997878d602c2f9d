import { affine, attention, linear, type Params, reshape, scaledDotProduct, slice, transpose, type Value } from '@vitamin-vlm/graph';

/** Queries, keys and values of some tokens, [N, L, W] each. */
export type Projected = readonly [q: Value, k: Value, v: Value];

/** Tokens through multi-head attention: [N, L, W] each in, [N, L, W] out. `mask` [L, L] is added, `rotate` turns queries and keys by their positions. */
export function mixTokens(
  [q, k, v]: Projected,
  heads: number,
  { mask, rotate = (x) => x }: { readonly mask?: Value | undefined; readonly rotate?: ((x: Value) => Value) | undefined } = {},
): Value {
  const [n, length, width] = q.shape;
  const [queries, keys, values] = [q, k, v].map((x) => splitHeads(x, heads)) as [Value, Value, Value];
  const mixed = scaledDotProduct(rotate(queries), rotate(keys), values, mask); // [N, heads, L, W/heads]
  return reshape(transpose(mixed, [0, 2, 1, 3]), [n!, length!, width!]);
}

/** [N, L, W] -> [N, heads, L, W/heads] */
export function splitHeads(x: Value, heads: number): Value {
  const [n, length, width] = x.shape;
  return transpose(reshape(x, [n!, length!, heads, (width as number) / heads]), [0, 2, 1, 3]);
}

/** How one code base names what lies below an attention, and whether q, k and v have one matrix or three. */
export interface AttentionNames {
  /** One matrix [3·W, W], rows q, k, v, and its bias. */
  readonly packed: readonly [weight: string, bias: string];
  readonly projection: string;
}

/** What self-attention takes beside its weights. */
export interface AttentionOptions {
  readonly heads: number;
  readonly names: AttentionNames;
  /** Whether the checkpoint has `q_proj`, `k_proj` and `v_proj` in place of the packed matrix, as transformers stores them. */
  readonly separate?: boolean | undefined;
  readonly mask?: Value | undefined;
  readonly rotate?: ((x: Value) => Value) | undefined;
}

/** Self-attention, and what the same weights give without it. x: [N, L, W] */
export interface SelfAttention {
  /** After the output projection. */
  readonly out: Value;
  /** Each token's own value through the output projection: no token sees another. */
  readonly valueOnly: Value;
}

/** Multi-head self-attention (Vaswani et al., arXiv:1706.03762), with its output projection. x: [N, L, W] */
export function selfAttention(p: Params, x: Value, { heads, names, separate = false, mask, rotate }: AttentionOptions): SelfAttention {
  const width = x.shape[2] as number;
  const project = (mixed: Value): Value => linear(p.at(names.projection), mixed, width);
  if (separate) {
    const projected = ['q_proj', 'k_proj', 'v_proj'].map((name) => linear(p.at(name), x, width)) as unknown as Projected;
    return { out: project(mixTokens(projected, heads, { mask, rotate })), valueOnly: project(projected[2]) };
  }
  const [weight, bias] = names.packed;
  const qkv = affine(x, p.matrix(weight, [3 * width, width]), p.get(bias, [3 * width])); // [N, L, 3·W]
  const third = (i: number): Value => slice(qkv, { axis: 2, start: i * width, end: (i + 1) * width });
  const mixed = rotate ? mixTokens([third(0), third(1), third(2)], heads, { mask, rotate }) : attention(qkv, heads, mask);
  return { out: project(mixed), valueOnly: project(third(2)) };
}
