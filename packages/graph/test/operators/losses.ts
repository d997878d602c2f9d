import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import type { Draw, Operator } from './row.ts';

/** Values and gradients of PyTorch stand in `loss.test.ts`. */
const forward = 'loss.test.ts';
const pair = [
  [2, 3],
  [2, 3],
] as const;
const namedPair = [
  ['N', 'P'],
  ['N', 'P'],
] as const;
const a = (draw: Draw): g.Value => draw.value([2, 3]);
const classes = (x: g.Value): g.Value => x.graph.constant(tensor('int64', [3], BigInt64Array.of(2n, 0n, 2n)));

export const losses: Record<string, Operator> = {
  crossEntropy: {
    forward,
    gradients: [
      { shapes: [[3, 4]], build: (x) => g.crossEntropy(x, classes(x)) },
      {
        of: 'class weights',
        shapes: [[3, 4], [4]],
        build: (x, weights) => g.crossEntropy(x, classes(x), { classWeights: g.add(weights, 2) }),
      },
    ],
    named: [{ shapes: [['N', 'P', 4]], build: (x) => g.crossEntropy(x, g.argMax(x, 2)) }],
    mistakes: {
      'targets of another shape': [
        (draw) => g.crossEntropy(a(draw), draw.value([3], 'int64')),
        '[..., K] and int32 or int64 targets [...] but received [2, 3] and int64 [3]',
      ],
      'targets that are no classes': [(draw) => g.crossEntropy(a(draw), draw.value([2])), 'received [2, 3] and float32 [2]'],
      'weights of other classes': [
        (draw) => g.crossEntropy(a(draw), draw.value([2], 'int64'), { classWeights: draw.value([2]) }),
        'class weights [3] but received [2]',
      ],
    },
  },
  binaryCrossEntropy: {
    forward,
    types: ['float32', 'float16'],
    gradients: [{ shapes: pair, build: (x, t) => g.binaryCrossEntropy(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.binaryCrossEntropy(x, t) }],
  },
  diceLoss: {
    forward,
    gradients: [{ shapes: pair, build: (x, t) => g.diceLoss(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.diceLoss(x, t, 'none') }],
    mistakes: {
      'masks of another size': [(draw) => g.diceLoss(a(draw), draw.value([4, 5])), 'targets [2, 3] for diceLoss but received [4, 5]'],
    },
  },
  l1Loss: {
    forward,
    gradients: [{ shapes: pair, build: (x, t) => g.l1Loss(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.l1Loss(x, t) }],
  },
  smoothL1Loss: {
    forward,
    gradients: [{ shapes: pair, build: (x, t) => g.smoothL1Loss(g.mul(x, 2), t, 0.8, 'none') }],
    named: [{ shapes: namedPair, build: (x, t) => g.smoothL1Loss(x, t, 0.8, 'sum') }],
    mistakes: { 'no width': [(draw) => g.smoothL1Loss(a(draw), a(draw), 0), 'positive beta but received 0'] },
  },
};
