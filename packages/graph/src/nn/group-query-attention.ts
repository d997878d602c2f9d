import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import type { RotaryTable } from './rotary.ts';
import { formatShape, sameShape, type Shape } from '../shape.ts';

/** Keys and values of the tokens so far, each [N, groups, P, D]. */
export interface KeyValueCache {
  readonly key: Value;
  readonly value: Value;
}

/** What `groupQueryAttention` takes. */
export interface GroupQueryOptions {
  /** Heads of q. */
  readonly heads: number;
  /** Heads of k and v; they divide `heads`. */
  readonly groups: number;
  /** Keys and values of earlier calls. Default: none, for the first one. With several tokens at once ONNX Runtime allows a past for one row only. */
  readonly past?: KeyValueCache;
  /** Name for the extent P + L of the cache that comes out. Needed when there is a past, unless it is known already. */
  readonly extent?: string;
  /** Turns q and k by their positions, which count on from the past; D is then a multiple of 16. Default: not at all. */
  readonly rotary?: RotaryTable;
}

/**
 * Causal attention of a decoder as one operator of ONNX Runtime (com.microsoft GroupQueryAttention): q [N, L, heads·D], k and v [N, L, groups·D] ->
 * y [N, L, heads·D], and the past with the new keys and values behind it, [N, groups, P + L, D]. It is `scaledDotProduct` with a causal mask, and
 * `rotary` before it, made for generating token by token. Forward only: training takes those two.
 *
 * @param last int32 [N]: index of every row's last token, counted with the past; shorter rows are filled up on the right.
 * @param total int32 scalar: the number of tokens of the longest row, P + L.
 * @throws VitaminError `USAGE` for shapes that do not fit; `UNSUPPORTED` for several tokens of several rows beside a past
 *   and for heads that rotary positions do not fit.
 * @example
 * ```ts
 * import { Graph, groupQueryAttention } from '@vitamin-vlm/graph';
 * const graph = new Graph('step');
 * const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.input(name, 'float32', ['N', 1, 512]));
 * const past = { key: graph.input('key', 'float32', ['N', 8, 'P', 64]), value: graph.input('value', 'float32', ['N', 8, 'P', 64]) };
 * const [last, total] = [graph.input('last', 'int32', ['N']), graph.input('total', 'int32', [])];
 * const { y, present } = groupQueryAttention(q!, k!, v!, last, total, { heads: 8, groups: 8, past, extent: 'T' });
 * console.log(y.shape, present.key.shape); // [N, 1, 512] [N, 8, T, 64]
 * ```
 */
export function groupQueryAttention(
  q: Value,
  k: Value,
  v: Value,
  last: Value,
  total: Value,
  options: GroupQueryOptions,
): { readonly y: Value; readonly present: KeyValueCache } {
  const { heads, groups, past, extent, rotary } = options;
  const size = expectGroups(q, options);
  expectTypes('GroupQueryAttention', singles, q, k, v);
  expectTypes('the lengths of GroupQueryAttention', ['int32'], last, total);
  const [n, length] = q.shape;
  expectShape('k', k, [n!, length!, groups * size]);
  expectShape('v', v, [n!, length!, groups * size]);
  expectShape('last', last, [n!]);
  expectShape('total', total, []);
  if (past) expectPast(q, past, groups, size);
  if (rotary) expectTable(q, rotary, size);
  const tokens = past ? q.graph.extent([past.key.shape[2]!, length!], [], extent) : length!;
  const present = { dtype: k.dtype, shape: [n!, groups, tokens, size] };
  const inputs = [q, k, v, past?.key ?? null, past?.value ?? null, last, total];
  const [y, key, value] = q.graph.apply({
    op: 'GroupQueryAttention',
    domain: 'com.microsoft',
    inputs: rotary ? [...inputs, rotary.cos, rotary.sin] : inputs,
    attributes: { num_heads: heads, kv_num_heads: groups, do_rotary: Number(rotary !== undefined) },
    outputs: [{ dtype: q.dtype, shape: q.shape }, present, present],
  });
  return { y: y!, present: { key: key!, value: value! } };
}

/** D, the channels of a head. */
function expectGroups(q: Value, { heads, groups, rotary }: GroupQueryOptions): number {
  const size = Number(q.shape[2]) / heads;
  if (!Number.isInteger(size) || !Number.isInteger(heads / groups)) {
    throw new VitaminError(
      'USAGE',
      `Expected q [N, L, heads·D] with ${groups} groups that divide ${heads} heads but received ${formatShape(q.shape)}`,
    );
  }
  if (rotary && size % 16 !== 0) {
    throw new VitaminError('UNSUPPORTED', `Expected heads of a multiple of 16 channels beside rotary positions but found ${size}`);
  }
  return size;
}

function expectShape(what: string, value: Value, shape: Shape): void {
  if (sameShape(value.shape, shape)) return;
  throw new VitaminError('USAGE', `Expected ${what} ${formatShape(shape)} but received ${formatShape(value.shape)}`);
}

function expectPast(q: Value, { key, value }: KeyValueCache, groups: number, size: number): void {
  expectTypes('the past of GroupQueryAttention', singles, q, key, value);
  const [n, length] = q.shape;
  const shape = [n!, groups, key.shape[2]!, size];
  expectShape('a past key', key, shape);
  expectShape('a past value', value, shape);
  if (typeof n === 'number' && n > 1 && typeof length === 'number' && length > 1) {
    throw new VitaminError('UNSUPPORTED', `Expected one token of each row, or one row, beside a past but received ${formatShape(q.shape)}`);
  }
}

function expectTable(q: Value, { cos, sin }: RotaryTable, size: number): void {
  expectTypes('the rotary table of GroupQueryAttention', singles, q, cos, sin);
  expectShape('cosines', cos, [cos.shape[0]!, size / 2]);
  expectShape('sines', sin, cos.shape);
}
