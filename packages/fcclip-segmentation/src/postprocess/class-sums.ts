import { type Tensor, type WorkOptions } from '@vitamin-vlm/core';
import { add, argMax, cast, div, exp, Graph, less, matmul, mul, neg, reduceMax, reduceSum, reshape } from '@vitamin-vlm/graph';
import type { SessionPool } from '@vitamin-vlm/runtime';
import type { MaskBlock } from './mask-reader.ts';

/** Masks in a rectangle, and what each says about each class. */
export interface SumFeeds extends MaskBlock {
  /** [K, M]: probabilities of the classes. */
  readonly weights: Tensor<'float32'>;
  /** []: sums above this share of the largest are its rivals. */
  readonly share: Tensor<'float32'>;
}

/** The classes with the largest sums, by pixel. */
export interface LargestSums {
  /** Place of the first of the largest sums. */
  readonly places: BigInt64Array;
  readonly largest: Float32Array;
  /** How many sums are above `share` of the largest, itself included. */
  readonly rivals: Float32Array;
}

/** Finds the largest sums of a rectangle. */
export type SumClasses = (feeds: SumFeeds) => Promise<LargestSums>;

/**
 * Σ probability · mask for every class and pixel of a rectangle, in float32, and which is the largest. The sigmoid is written out: as 1 / (1 + e^-x) its error is relative
 * to its value also where it is small, which that of ONNX Runtime's Sigmoid is not.
 */
function sumGraph(): Graph {
  const graph = new Graph('class-sums');
  const cells = graph.input('cells', 'float32', ['M', 'r', 'c']);
  const rows = graph.input('rows', 'float32', ['h', 'r']);
  const columns = graph.input('columns', 'float32', ['c', 'w']);
  const weights = graph.input('weights', 'float32', ['K', 'M']);
  const share = graph.input('share', 'float32', []);
  const logits = reshape(matmul(rows, matmul(cells, columns)), ['M', 'h*w']);
  const sums = matmul(weights, div(1, add(1, exp(neg(logits)))));
  const largest = reduceMax(sums, [0]);
  graph.output('places', argMax(sums, 0));
  graph.output('largest', largest);
  graph.output('rivals', reduceSum(cast(less(mul(largest, share), sums), 'float32'), [0]));
  return graph;
}

/** `SumClasses` by a session of a pool, always on the CPU: other providers may multiply in less than float32. */
export function sumClasses(sessions: SessionPool, options: WorkOptions = {}): SumClasses {
  return async (feeds) => {
    using lease = await sessions.lease({ kind: 'classSums' }, sumGraph, { ...options, provider: 'cpu' });
    const { places, largest, rivals } = await lease.session.run({ ...feeds }, { signal: options.signal, transfer: true });
    return {
      places: places!.data as BigInt64Array,
      largest: largest!.data as Float32Array,
      rivals: rivals!.data as Float32Array,
    };
  };
}

/** Roundings to float32, each of half a unit in the last place, of a product of rows, cells and columns with up to four taps a side. */
const READ_ROUNDINGS = 12;
/** And of e^-x, 1 + e^-x, its inverse, and the product with a probability. */
const SHARE_ROUNDINGS = 12;

/**
 * How far a sum of `sumGraph` can be from the true one, relative to it: all terms are positive, so that it errs by no more than the worst of them, and by one rounding for
 * each that is added.
 *
 * @param largest - Absolute value of the largest logit.
 */
export function sumError(masks: number, largest: number): number {
  return (READ_ROUNDINGS * largest + SHARE_ROUNDINGS + masks) * 2 ** -24;
}
