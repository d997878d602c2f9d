import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, floats } from '../expect.ts';
import { stopGradient } from '../gradient.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, product, sameShape } from '../shape.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import { extentScalar } from './extent.ts';
import { reshape } from './layout.ts';
import { reduceMean, reduceSum } from './reduce.ts';
import { sqrt } from './unary.ts';

/** Means and variances of the channels, each [C]. */
export interface ChannelStatistics {
  readonly mean: Value;
  readonly variance: Value;
}

/** What `batchNormalizationTraining` gives. */
export interface BatchNormalized extends ChannelStatistics {
  readonly y: Value;
}

/**
 * (x - mean) / √(variance + eps) · scale + bias for every channel, with given statistics (Ioffe and Szegedy, arXiv:1502.03167, as at inference).
 * x: [N, C, ...], the others [C].
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { batchNormalization, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 64, 'h', 'w']);
 * const [scale, bias, mean, variance] = ['s', 'b', 'm', 'v'].map((name) => graph.input(name, 'float32', [64]));
 * graph.output('y', batchNormalization(x, scale!, bias!, { mean: mean!, variance: variance! }, 1e-5));
 * ```
 */
export function batchNormalization(x: Value, scale: Value, bias: Value, { mean, variance }: ChannelStatistics, eps: number): Value {
  expectChannels(x, scale, bias, mean, variance);
  const column = (value: Value): Value => perChannel(value, x);
  const deviation = (): Value => sqrt(add(column(variance), eps));
  const normalized = (): Value => div(sub(x, column(mean)), deviation());
  const sum = (value: Value): Value => reshape(reduceSum(value, others(x)), scale.shape);
  const slope = (dy: Value): Value => div(mul(dy, column(scale)), deviation()); // dy/dx
  return x.graph.node({
    op: 'BatchNormalization',
    inputs: [x, scale, bias, mean, variance],
    attributes: { epsilon: { float: eps } },
    dtype: x.dtype,
    shape: x.shape,
    gradient: [
      slope,
      (dy) => sum(mul(dy, normalized())),
      sum,
      (dy) => neg(sum(slope(dy))),
      (dy) => sum(mul(div(mul(slope(dy), normalized()), deviation()), -0.5)),
    ],
  });
}

/**
 * The same with the statistics of the batch itself, through which gradients flow, and the next running statistics:
 * (1 - momentum) · running + momentum · batch, the variance of the batch being unbiased there, as PyTorch has it.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit, and for batches of one element per channel.
 * @example
 * ```ts
 * import { batchNormalizationTraining, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', [8, 64, 14, 14]);
 * const [scale, bias, mean, variance] = ['s', 'b', 'm', 'v'].map((name) => graph.input(name, 'float32', [64]));
 * const { y, ...next } = batchNormalizationTraining(x, scale!, bias!, { mean: mean!, variance: variance! }, { eps: 1e-5, momentum: 0.1 });
 * graph.output('y', y);
 * graph.output('m:next', next.mean);
 * graph.output('v:next', next.variance);
 * ```
 */
export function batchNormalizationTraining(
  x: Value,
  scale: Value,
  bias: Value,
  running: ChannelStatistics,
  { eps, momentum }: { readonly eps: number; readonly momentum: number },
): BatchNormalized {
  expectChannels(x, scale, bias, running.mean, running.variance);
  const count = product(others(x).map((axis) => x.shape[axis]!));
  if (count === 1) {
    throw new VitaminError('USAGE', `Expected several elements of every channel to normalize by but received ${formatShape(x.shape)}`);
  }
  const mean = reduceMean(x, others(x));
  const centered = sub(x, mean);
  const variance = reduceMean(mul(centered, centered), others(x));
  const normalized = div(centered, sqrt(add(variance, eps)));
  const y = add(mul(normalized, perChannel(scale, x)), perChannel(bias, x));
  const size = extentScalar(x.graph, count, x.dtype);
  const unbiased = mul(variance, div(size, sub(size, 1)));
  const blend = (before: Value, batch: Value): Value =>
    add(mul(before, 1 - momentum), mul(reshape(stopGradient(batch), scale.shape), momentum));
  return { y, mean: blend(running.mean, mean), variance: blend(running.variance, unbiased) };
}

/** All axes but that of the channels. */
function others(x: Value): number[] {
  return [...x.shape.keys()].filter((axis) => axis !== 1);
}

/** [C] as [C, 1, 1], to be broadcast over [N, C, H, W]. */
function perChannel(value: Value, x: Value): Value {
  return reshape(value, [value.shape[0]!, ...x.shape.slice(2).map((): Dim => 1)]);
}

function expectChannels(x: Value, ...values: readonly Value[]): void {
  expectTypes('BatchNormalization', floats, x, ...values);
  const channels = x.shape.slice(1, 2);
  if (x.shape.length >= 2 && values.every((value) => sameShape(value.shape, channels))) return;
  throw new VitaminError(
    'USAGE',
    `Expected x [N, C, ...] and scale, bias, mean and variance [C] but received ${[x, ...values].map((value) => formatShape(value.shape)).join(', ')}`,
  );
}
