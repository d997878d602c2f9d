import { VitaminError } from '@vitamin-vlm/core';
import type { Value } from '../graph.ts';
import { batchNormalization, batchNormalizationTraining } from '../ops/batch-normalization.ts';
import { groupNormalization } from '../ops/group-normalization.ts';
import type { Params } from '../params.ts';
import { formatShape } from '../shape.ts';

/** What `batchNorm` takes. */
export interface BatchNormOptions {
  /** Default 1e-5. */
  readonly eps?: number;
  /** Normalize by the batch and move the running statistics. Default false. */
  readonly training?: boolean;
  /** Share of the batch in the next running statistics. Default 0.1. */
  readonly momentum?: number;
}

/**
 * PyTorch's nn.BatchNorm2d (or 1d): x [N, C, ...] with `weight`, `bias`, `running_mean` and `running_var` [C]; `num_batches_tracked` is accepted.
 * In training it adds the outputs `<path>.running_mean:next` and `<path>.running_var:next`; name `running_mean` and `running_var` in
 * `ParametersOptions.fed`, so that a loop can feed them back.
 *
 * @throws VitaminError `USAGE` for an x without a fixed number of channels, and where `trainable` names the running statistics, which no gradient
 * reaches.
 * @example
 * ```ts
 * import { batchNorm, Graph, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph, { fed: (path) => path.includes('.running_') });
 * const x = graph.input('x', 'float32', ['N', 64, 56, 56]);
 * graph.output('y', batchNorm(root.at('bn1'), x, { training: true }));
 * ```
 */
export function batchNorm(p: Params, x: Value, { eps = 1e-5, training = false, momentum = 0.1 }: BatchNormOptions = {}): Value {
  const channels = channelsOf(x);
  const [scale, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => p.get(name, channels)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  if (p.trains('running_mean') || p.trains('running_var')) {
    throw new VitaminError(
      'USAGE',
      `Expected running statistics that are not learned but \`trainable\` names ${p.at('running_mean').path}`,
      {
        hint: "Leave them to `fed`: { trainable: (path) => !path.includes('.running_'), fed: (path) => path.includes('.running_') }.",
      },
    );
  }
  if (p.has('num_batches_tracked')) p.get('num_batches_tracked', []); // a count that PyTorch keeps; nothing depends on it
  if (!training) return batchNormalization(x, scale, bias, { mean, variance }, eps);
  const { y, ...next } = batchNormalizationTraining(x, scale, bias, { mean, variance }, { eps, momentum });
  x.graph.output(`${p.at('running_mean').path}:next`, next.mean);
  x.graph.output(`${p.at('running_var').path}:next`, next.variance);
  return y;
}

/**
 * PyTorch's nn.GroupNorm: x [N, C, ...] with `weight` and `bias` [C].
 *
 * @throws VitaminError `USAGE` for groups that do not divide the channels and for an x without a fixed number of channels.
 * @example
 * ```ts
 * import { Graph, groupNorm, Parameters } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const { root } = new Parameters(graph);
 * const x = graph.input('x', 'float32', ['N', 256, 'h', 'w']);
 * graph.output('y', groupNorm(root.at('norm'), x, 32));
 * ```
 */
export function groupNorm(p: Params, x: Value, groups: number, eps = 1e-5): Value {
  const channels = channelsOf(x);
  return groupNormalization(x, groups, p.get('weight', channels), p.get('bias', channels), eps);
}

function channelsOf(x: Value): readonly number[] {
  const channels = x.shape[1];
  if (typeof channels === 'number') return [channels];
  throw new VitaminError('USAGE', `Expected [N, C, ...] with a fixed number of channels but received ${formatShape(x.shape)}`);
}
