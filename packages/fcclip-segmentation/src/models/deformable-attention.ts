// Multi-scale deformable attention (Zhu et al., Deformable DETR, ICLR 2021, arXiv:2010.04159) from ordinary operators: every query looks at a few
// points of each level, whose places and weights it says itself. Tokens stay on the innermost axis, where sampling and sums run fastest.
import { tensor } from '@vitamin-vlm/core';
import {
  add,
  gridSample,
  linear,
  matmul,
  mul,
  type Params,
  reduceSum,
  reshape,
  softmax,
  split,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';
import { POINTS } from './config.ts';
import { cellCenters, type Cells } from './sine-encoding.ts';

/** What deformable attention computes on its way. */
export interface DeformableValues {
  /** [N, C, T] */
  readonly values: Value;
  /** [N, heads · levels · points · 2, T], x before y, in cells of the level. */
  readonly offsets: Value;
  /** [N, heads · levels · points, T], before the softmax. */
  readonly weights: Value;
  /** [N, T, C] */
  readonly output: Value;
}

/**
 * @param query - [N, C, T], tokens of all levels with their positions.
 * @param source - [N, C, T], the same without.
 * @param maps - Cells of the levels; T in all.
 */
export function deformableAttention(p: Params, query: Value, source: Value, maps: readonly Cells[], heads: number): DeformableValues {
  const graph = query.graph;
  const [n, width, tokens] = query.shape as [number, number, number];
  const counts = maps.map(([height, columns]) => height * columns);
  const values = project(p.at('value_proj'), source, width);
  const offsets = project(p.at('sampling_offsets'), query, heads * maps.length * POINTS * 2);
  const weights = project(p.at('attention_weights'), query, heads * maps.length * POINTS);

  const centers = cellCenters(maps); // of the query's own level; as coordinates of gridSample they lie in -1 to 1
  const base = graph.constant(
    tensor(
      'float32',
      [1, 1, tokens, 2],
      centers.data.map((center) => 2 * center - 1),
    ),
  );
  const shares = transpose(softmax(transpose(reshape(weights, [n * heads, maps.length * POINTS, tokens]), [0, 2, 1])), [0, 2, 1]);
  const sharesOf = split(
    shares,
    maps.map(() => POINTS),
    1,
  );
  const offsetsOf = split(
    reshape(offsets, [n * heads, maps.length * POINTS, 2, tokens]),
    maps.map(() => POINTS),
    1,
  );
  const valuesOf = split(values, counts, 2);
  const sums = maps.map(([height, columns], level) => {
    const map = reshape(valuesOf[level]!, [n * heads, width / heads, height, columns]);
    const cells = graph.constant(tensor('float32', [2, 1], Float32Array.of(2 / columns, 2 / height)));
    const grid = add(transpose(mul(offsetsOf[level]!, cells), [0, 1, 3, 2]), base); // [N·heads, points, T, 2]
    const seen = gridSample(map, grid); // [N·heads, C/heads, points, T]
    return reduceSum(mul(seen, reshape(sharesOf[level]!, [n * heads, 1, POINTS, tokens])), [2]);
  });
  const mixed = reshape(
    sums.reduce((a, b) => add(a, b)),
    [n, width, tokens],
  );
  return { values, offsets, weights, output: linear(p.at('output_proj'), transpose(mixed, [0, 2, 1]), width) };
}

/** A linear layer over the channels of x [N, C, T]. */
function project(p: Params, x: Value, out: number): Value {
  const weight = p.get('weight', [out, x.shape[1] as number]);
  return add(matmul(weight, x), reshape(p.get('bias', [out]), [out, 1]));
}
