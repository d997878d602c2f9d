import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, product, sameShape } from '../shape.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { reshape } from './layout.ts';
import { reduceMean } from './reduce.ts';
import { sqrt } from './unary.ts';

/**
 * Group normalization (Wu and He, arXiv:1803.08494): every image's channels are cut into groups, each normalized over its channels and pixels with
 * biased variance; then · scale + bias by channel. x: [N, C, ...], scale and bias: [C].
 *
 * @throws VitaminError `USAGE` for groups that do not divide the channels, for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { Graph, groupNormalization } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 256, 'h', 'w']);
 * const [scale, bias] = ['scale', 'bias'].map((name) => graph.input(name, 'float32', [256]));
 * graph.output('y', groupNormalization(x, 32, scale!, bias!, 1e-5));
 * ```
 */
export function groupNormalization(x: Value, groups: number, scale: Value, bias: Value, eps: number): Value {
  expectTypes('InstanceNormalization', singles, x, scale, bias);
  expectInteger('the groups', groups, 1);
  const [n, c, ...rest] = x.shape;
  if (typeof c !== 'number' || c % groups !== 0 || !sameShape(scale.shape, [c]) || !sameShape(bias.shape, [c])) {
    throw new VitaminError(
      'USAGE',
      `Expected x [N, C, ...] with C divisible by ${groups} groups, scale [C] and bias [C] but received ${[x, scale, bias].map((value) => formatShape(value.shape)).join(', ')}`,
    );
  }
  const grouped = normalizeRows(reshape(x, [n!, groups, product([c / groups, ...rest])]), eps);
  const column = (value: Value): Value => reshape(value, [c, ...rest.map((): Dim => 1)]);
  return add(mul(reshape(grouped, x.shape), column(scale)), column(bias));
}

/**
 * (x - mean) / √(var + eps) over the last axis of [N, G, L]. ONNX Runtime's WebGPU engine has InstanceNormalization, but no GroupNormalization.
 * With y the result: dx = (dy - mean(dy) - y · mean(dy · y)) / √(var + eps).
 */
function normalizeRows(x: Value, eps: number): Value {
  const graph = x.graph;
  const groups = x.shape[1] as number;
  const y: Value = graph.node({
    op: 'InstanceNormalization',
    inputs: [x, graph.scalar(1, x.dtype, [groups]), graph.scalar(0, x.dtype, [groups])],
    attributes: { epsilon: { float: eps } },
    dtype: x.dtype,
    shape: x.shape,
    gradient: [
      (dy) => {
        const centered = sub(x, reduceMean(x, [2]));
        const deviation = sqrt(add(reduceMean(mul(centered, centered), [2]), eps));
        return div(sub(sub(dy, reduceMean(dy, [2])), mul(y, reduceMean(mul(dy, y), [2]))), deviation);
      },
    ],
  });
  return y;
}
