import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, type Pair, without } from './row.ts';

const int64 = (x: g.Value, shape: readonly number[], numbers: readonly number[]): g.Value =>
  x.graph.constant(tensor('int64', shape, BigInt64Array.from(numbers, BigInt)));

const a = (draw: Draw): g.Value => draw.value([2, 3]);
const whole = (draw: Draw): g.Value => draw.value([2, 3], 'int64');

export const indexing: Record<string, Operator> = {
  gather: {
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([4, 3]);
        const [indices, at] = draw.indices([draw.integer(1, 3), 2], 4);
        return [g.gather(x, indices), ref.build([at.shape[0]!, 2, 3], ([i, j, k]) => ref.at(numbers, [ref.at(at, [i!, j!]), k!]))];
      },
    ],
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
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([2, 4]);
        const [indices, at] = draw.indices([2, draw.integer(1, 5)], 4);
        return [g.gatherElements(x, indices, 1), ref.build(at.shape, ([i, j]) => ref.at(numbers, [i!, ref.at(at, [i!, j!])]))];
      },
    ],
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
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([3, 3, 2]);
        const [indices, at] = draw.indices([draw.integer(1, 4), 2], 3);
        const rows = ref.build([at.shape[0]!, 2], ([i, k]) => ref.at(numbers, [ref.at(at, [i!, 0]), ref.at(at, [i!, 1]), k!]));
        return [g.gatherND(x, g.cast(indices, 'int64')), rows];
      },
    ],
    types: without(),
    gradients: [{ shapes: [[2, 3, 4]], build: (x) => g.gatherND(x, int64(x, [3, 2], [0, 2, 1, 1, 0, 2])) }],
    mistakes: {
      'vectors that are too long': [(draw) => g.gatherND(a(draw), draw.value([4, 3], 'int64')), '[2, 3] but received [4, 3]'],
      'vectors of 32 bits': [(draw) => g.gatherND(a(draw), draw.value([4, 2], 'int32')), 'int64 indices for GatherND but received int32'],
    },
  },
  scatterElements: {
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([2, 4]);
        const [u, updates] = draw.input([2, 3]);
        const [indices, at] = draw.indices([2, 3], 4);
        const sums = ref.build(
          [2, 4],
          ([i, j]) => ref.at(numbers, [i!, j!]) + ref.sum(3, (k) => (ref.at(at, [i!, k]) === j ? ref.at(updates, [i!, k]) : 0)),
        );
        return [g.scatterElements(x, indices, u, { axis: 1, reduction: 'add' }), sums];
      },
    ],
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
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([3, 2]);
        const [u, updates] = draw.input([4, 2]);
        const [indices, at] = draw.indices([4, 1], 3);
        const sums = ref.build(
          [3, 2],
          ([i, j]) => ref.at(numbers, [i!, j!]) + ref.sum(4, (k) => (ref.at(at, [k, 0]) === i ? ref.at(updates, [k, j!]) : 0)),
        );
        return [g.scatterND(x, g.cast(indices, 'int64'), u, 'add'), sums];
      },
    ],
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
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([2, 7]);
        const first = draw.integer(1, 5);
        const part = g.split(x, [first, 1, 6 - first], 1)[2]!;
        return [part, ref.build([2, 6 - first], ([i, j]) => ref.at(numbers, [i!, first + 1 + j!]))];
      },
    ],
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
    forward: [
      (draw): Pair => {
        const [x, numbers] = draw.input([2, 5]);
        const k = draw.integer(1, 5);
        const sorted = [0, 1].map((i) => Array.from({ length: 5 }, (_, j) => ref.at(numbers, [i, j])).toSorted((low, high) => high - low));
        return [g.topK(x, k).values, ref.build([2, k], ([i, j]) => sorted[i!]![j!]!)];
      },
    ],
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
