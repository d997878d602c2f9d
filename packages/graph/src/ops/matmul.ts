import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { broadcast, formatShape, sameShape } from '../shape.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum } from './reduce.ts';

/** Swaps the last two axes. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/**
 * Batched matrix product [..., M, K] × [..., K, N] -> [..., M, N] with broadcasting of the leading axes.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { Graph, matmul } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 7, 4]);
 * graph.output('y', matmul(x, graph.input('w', 'float32', [4, 5]))); // [N, 7, 5]
 * ```
 */
export function matmul(a: Value, b: Value): Value {
  expectTypes('MatMul', floats, a, b);
  if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
    throw new VitaminError(
      'USAGE',
      `Expected shapes [..., M, K] and [..., K, N] but received ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return a.graph.node({
    op: 'MatMul',
    inputs: [a, b],
    dtype: a.dtype,
    shape: [...lead, a.shape.at(-2)!, b.shape.at(-1)!],
    gradient: [(dy) => sumTo(matmul(dy, swapLast(b)), a), (dy) => sumTo(matmul(swapLast(a), dy), b)],
  });
}

/** Sums leading axes away that `like` does not have, or has with extent 1. */
function sumTo(gradient: Value, like: Value): Value {
  const extra = gradient.shape.length - like.shape.length;
  const axes = gradient.shape.flatMap((dim, i) => (i < extra || like.shape[i - extra] !== dim ? [i] : []));
  return axes.length === 0 ? gradient : reshape(reduceSum(gradient, axes), like.shape);
}

/**
 * a' × b' (+ c) for matrices, where ' transposes if asked; c [N] is added to every row. One BLAS call, no copy of a transposed weight.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { gemm, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 4]);
 * const weight = graph.input('w', 'float32', [5, 4]); // as PyTorch stores it
 * graph.output('y', gemm(x, weight, null, { transB: true })); // [N, 5]
 * ```
 */
export function gemm(
  a: Value,
  b: Value,
  c: Value | null = null,
  { transA = false, transB = false }: { readonly transA?: boolean; readonly transB?: boolean } = {},
): Value {
  expectTypes('Gemm', floats, a, b, c);
  const [m, k] = transA ? a.shape.toReversed() : a.shape;
  const [kb, n] = transB ? b.shape.toReversed() : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== kb) {
    throw new VitaminError(
      'USAGE',
      `Expected matrices [M, K] and [K, N] but received ${formatShape(a.shape)}${transA ? "'" : ''} and ${formatShape(b.shape)}${transB ? "'" : ''}`,
    );
  }
  if (c && !sameShape(c.shape, [n!])) {
    throw new VitaminError('USAGE', `Expected an addend of shape [${n}] but received ${formatShape(c.shape)}`);
  }
  return a.graph.node({
    op: 'Gemm',
    inputs: c ? [a, b, c] : [a, b],
    attributes: { transA: Number(transA), transB: Number(transB) },
    dtype: a.dtype,
    shape: [m!, n!],
    gradient: [
      (dy) => (transA ? gemm(b, dy, null, { transA: transB, transB: true }) : gemm(dy, b, null, { transB: !transB })),
      (dy) => (transB ? gemm(dy, a, null, { transA: true, transB: transA }) : gemm(a, dy, null, { transA: !transA })),
      (dy) => reshape(reduceSum(dy, [0]), [n!]),
    ],
  });
}
