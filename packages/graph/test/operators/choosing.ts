import { type DType, tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import { type Draw, type Operator, without } from './row.ts';

const int64 = (x: g.Value, shape: readonly number[], numbers: readonly number[]): g.Value =>
  x.graph.constant(tensor('int64', shape, BigInt64Array.from(numbers, BigInt)));

/** Forward values of these operators stand in `sampling.test.ts`. */
const forward = 'sampling.test.ts';
const a = (draw: Draw): g.Value => draw.value([2, 3]);
const whole = (draw: Draw): g.Value => draw.value([2, 3], 'int64');
const comparison = (op: (x: g.Value, y: g.Value) => g.Value, types: readonly DType[]): Operator => ({
  forward,
  types,
  gradients: { excuse: 'its results are truth values', call: { shapes: [[2, 3], [3]], build: op } },
});
const ordered = without('bfloat16', 'bool');

export const choosing: Record<string, Operator> = {
  relu: { forward, gradients: [{ shapes: [[3, 5]], build: g.relu }], named: [{ shapes: [['N', 'P']], build: g.relu }] },
  abs: { forward, gradients: [{ shapes: [[3, 5]], build: g.abs }], named: [{ shapes: [['N', 'P']], build: g.abs }] },
  clamp: {
    forward,
    gradients: [{ shapes: [[3, 5]], build: (x) => g.clamp(x, -0.45, 0.35) }],
    named: [{ shapes: [['N', 'P']], build: (x) => g.clamp(x, -0.45, 0.35) }],
    mistakes: { 'bounds the wrong way round': [(draw) => g.clamp(a(draw), 1, 0), '1 and 0'] },
  },
  softplus: {
    forward,
    types: ['float32', 'float16'],
    gradients: [{ shapes: [[3, 5]], build: (x) => g.softplus(g.mul(x, 4)) }],
    named: [{ shapes: [['N', 'P']], build: g.softplus }],
  },
  silu: {
    forward,
    types: ['float32', 'float16'],
    gradients: [{ shapes: [[3, 5]], build: (x) => g.silu(g.mul(x, 4)) }],
    named: [{ shapes: [['N', 'P']], build: g.silu }],
  },
  where: {
    forward,
    gradients: [
      {
        of: 'broadcast',
        shapes: [
          [2, 3],
          [2, 1],
        ],
        build: (x, y) => g.where(g.greater(x, 0), x, y),
      },
      { of: 'beside infinity', shapes: [[6]], build: (x) => g.where(g.less(x, 0), 0, g.exp(g.where(g.less(x, 0.2), -Infinity, x))) },
    ],
    types: without('bfloat16', 'int16', 'int8', 'bool'),
    named: [
      {
        shapes: [
          ['N', 'P'],
          ['N', 1],
        ],
        build: (x, y) => g.where(g.greater(x, y), x, y),
      },
    ],
    mistakes: {
      'a condition of numbers': [(draw) => g.where(a(draw), a(draw), a(draw)), 'bool for Where but received float32'],
      'two numbers': [(draw) => g.where(g.greater(a(draw), 0), 0, 1), 'two numbers'],
    },
  },
  greater: {
    ...comparison(g.greater, ordered),
    mistakes: {
      'truth values': [(draw) => g.greater(g.greater(a(draw), 0), g.greater(draw.value([2, 3]), 1)), 'for Greater but received bool'],
    },
  },
  less: comparison(g.less, ordered),
  equal: {
    ...comparison(g.equal, without('bfloat16')),
    mistakes: { 'a fraction beside integers': [(draw) => g.equal(whole(draw), 0.5), 'beside int64 but received 0.5'] },
  },
  logicalAnd: comparison(g.logicalAnd, ['bool']),
  logicalOr: comparison(g.logicalOr, ['bool']),
  logicalNot: {
    ...comparison((x) => g.logicalNot(x), ['bool']),
    mistakes: { numbers: [(draw) => g.logicalNot(a(draw)), 'bool for Not but received float32'] },
  },
  maximum: {
    forward,
    gradients: [
      {
        of: 'broadcast',
        shapes: [
          [2, 4],
          [3, 1, 4],
        ],
        build: g.maximum,
      },
      { of: 'a number', shapes: [[7]], build: (x) => g.maximum(x, 0.1) },
    ],
    types: without('bfloat16', 'int16', 'bool'),
    named: [{ shapes: [['N', 'P'], ['P']], build: g.maximum }],
  },
  gather: {
    forward,
    types: without(),
    gradients: [
      { shapes: [[5, 3]], build: (x) => g.gather(x, int64(x, [2, 2], [4, 0, 4, 1])) },
      { of: 'the last axis', shapes: [[2, 3, 4]], build: (x) => g.gather(x, int64(x, [2, 2], [3, 0, 3, 3]), -1) },
      { of: 'one index along a middle axis', shapes: [[2, 3, 4]], build: (x) => g.gather(x, int64(x, [], [2]), 1) },
    ],
    named: [{ shapes: [['N', 'P']], build: (x) => g.gather(g.transpose(x, [1, 0]), g.argMax(x, 1)) }],
    mistakes: {
      'an axis that is not there': [(draw) => g.gather(a(draw), whole(draw), 2), 'rank-2 value but received 2'],
      'indices that are no integers': [(draw) => g.gather(a(draw), a(draw)), 'float32'],
    },
  },
  gatherElements: {
    forward,
    types: without(),
    gradients: [{ shapes: [[2, 4]], build: (x) => g.gatherElements(x, int64(x, [2, 3], [0, 3, 3, 2, 2, 2]), 1) }],
    mistakes: {
      'indices of another shape': [
        (draw) => g.gatherElements(a(draw), draw.value([3, 3], 'int64'), 1),
        '[2, 3] on axis 1 only but received [3, 3]',
      ],
    },
  },
  gatherND: {
    forward,
    types: without(),
    gradients: [{ shapes: [[2, 3, 4]], build: (x) => g.gatherND(x, int64(x, [3, 2], [0, 2, 1, 1, 0, 2])) }],
    mistakes: {
      'vectors that are too long': [(draw) => g.gatherND(a(draw), draw.value([4, 3], 'int64')), '[2, 3] but received [4, 3]'],
      'vectors of 32 bits': [(draw) => g.gatherND(a(draw), draw.value([4, 2], 'int32')), 'int64 indices for GatherND but received int32'],
    },
  },
  scatterElements: {
    forward,
    types: without(),
    gradients: [
      {
        shapes: [
          [4, 2],
          [2, 2],
        ],
        build: (x, u) => g.scatterElements(x, int64(x, [2, 2], [1, 0, 2, 3]), u, { axis: 0 }),
      },
      {
        of: 'add',
        shapes: [
          [4, 2],
          [3, 2],
        ],
        build: (x, u) => g.scatterElements(x, int64(x, [3, 2], [1, 0, 1, 3, 2, 3]), u, { axis: 0, reduction: 'add' }),
      },
    ],
    mistakes: {
      'updates of another type': [(draw) => g.scatterElements(a(draw), whole(draw), whole(draw), { axis: 1 }), 'float32 and int64'],
    },
  },
  scatterND: {
    forward,
    types: without(),
    gradients: [
      { shapes: [[3, 4], [2]], build: (x, u) => g.scatterND(x, int64(x, [2, 2], [2, 0, 1, 3]), u) },
      {
        of: 'add',
        shapes: [
          [3, 4],
          [3, 4],
        ],
        build: (x, u) => g.scatterND(x, int64(x, [3, 1], [2, 0, 2]), u, 'add'),
      },
    ],
    mistakes: {
      'updates that do not fit': [
        (draw) => g.scatterND(a(draw), draw.value([4, 1], 'int64'), draw.value([4, 2])),
        'updates [4, 3] but received [4, 2]',
      ],
    },
  },
  split: {
    forward,
    types: without(),
    gradients: [
      { shapes: [[2, 7]], build: (x) => g.concat(g.split(x, [2, 1, 4], 1).toReversed(), 1) },
      { of: 'one part alone', shapes: [[2, 7]], build: (x) => g.split(x, [2, 1, 4], 1)[1]! },
    ],
    mistakes: {
      'parts that do not fill an axis': [(draw) => g.split(a(draw), [1, 1], 1), '[2, 3] but received [1, 1]'],
    },
  },
  topK: {
    forward,
    types: ['float32', 'float64', 'int32', 'int64'],
    gradients: [
      { shapes: [[3, 6]], build: (x) => g.topK(x, 2).values },
      { of: 'the first axis', shapes: [[5, 3]], build: (x) => g.topK(x, 3, 0).values },
    ],
    named: [{ shapes: [['N', 'h*4']], build: (x) => g.topK(x, 3).values }],
    mistakes: {
      'more than there are': [(draw) => g.topK(a(draw), 4), 'k of at most 3'],
      bytes: [(draw) => g.topK(draw.value([2], 'uint8'), 1), 'for TopK but received uint8'],
    },
  },
};
