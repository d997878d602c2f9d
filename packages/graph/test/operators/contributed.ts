import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import type { Draw, Operator } from './row.ts';

/** Operators that only run forward. Their values stand in `decoder.test.ts`. */
const forward = 'decoder.test.ts';
const int32 = (x: g.Value, shape: readonly number[], ...numbers: number[]): g.Value =>
  x.graph.constant(tensor('int32', shape, Int32Array.from(numbers)));
const attend = (q: g.Value, k: g.Value, v: g.Value): g.Value =>
  g.groupQueryAttention(q, k, v, int32(q, [1], 2), int32(q, [], 3), { heads: 4, groups: 2 }).y;
const multiply = (x: g.Value, scales: g.Value): g.Value =>
  g.matmul4Bit(x, { packed: x.graph.constant(tensor('uint8', [3, 2, 8])), scales }, { block: 16 });
const multiplyInt8 = (x: g.Value, steps: g.Value): g.Value => g.matmulInt8(x, { rounded: x.graph.constant(tensor('int8', [5, 3])), steps });

export const contributed: Record<string, Operator> = {
  groupQueryAttention: {
    forward,
    types: ['float32', 'float16'],
    gradients: {
      excuse: 'it is made for generating; training takes rotary and scaledDotProduct',
      call: {
        shapes: [
          [1, 3, 32],
          [1, 3, 16],
          [1, 3, 16],
        ],
        build: attend,
      },
    },
    mistakes: {
      'keys of other heads': [
        (draw) => attend(draw.value([1, 3, 32]), draw.value([1, 3, 24]), draw.value([1, 3, 16])),
        'k [1, 3, 16] but received [1, 3, 24]',
      ],
      'heads that do not divide': [
        (draw) => attend(draw.value([1, 3, 30]), draw.value([1, 3, 16]), draw.value([1, 3, 16])),
        'divide 4 heads but received [1, 3, 30]',
      ],
      'a gradient': [
        (draw) => {
          const q = draw.value([1, 3, 32]);
          g.gradients(g.reduceSum(attend(q, draw.value([1, 3, 16]), draw.value([1, 3, 16])), [0, 1, 2]), [q]);
        },
        'GroupQueryAttention',
      ],
      'several tokens of several rows beside a past': [
        (draw) => {
          const [q, k] = [draw.value([2, 3, 8]), draw.value([2, 3, 8])];
          const past = { key: draw.value([2, 1, 5, 8]), value: draw.value([2, 1, 5, 8]) };
          g.groupQueryAttention(q, k, k, int32(q, [2], 7, 7), int32(q, [], 8), { heads: 1, groups: 1, past });
        },
        'one token of each row, or one row, beside a past but received [2, 3, 8]',
      ],
    },
  },
  matmul4Bit: {
    forward,
    types: ['float32', 'float16'],
    gradients: {
      excuse: 'the steps of a rounded weight have no slope; training takes the weight in full',
      call: {
        shapes: [
          [2, 20],
          [3, 2],
        ],
        build: multiply,
      },
    },
    mistakes: {
      'scales of other blocks': [(draw) => multiply(draw.value([2, 40]), draw.value([3, 2])), '[2, 40], [3, 2, 8], [3, 2]'],
      'blocks of 20': [() => g.pack4Bit(tensor('float32', [1, 20]), 20), 'received 20'],
      'a packed vector': [() => g.pack4Bit(tensor('float32', [20]), 16), 'float32 [20]'],
      'a packed weight of another width': [() => g.unpack4Bit(g.pack4Bit(tensor('float32', [1, 20]), 16), 40), 'rows of 40 numbers'],
    },
  },
  matmulInt8: {
    forward: 'int8.test.ts',
    types: ['float32'],
    gradients: {
      excuse: 'the steps of a rounded weight have no slope; training takes the weight in full',
      call: { shapes: [[2, 5], [3]], build: multiplyInt8 },
    },
    mistakes: {
      'x of another width': [(draw) => multiplyInt8(draw.value([2, 4]), draw.value([3])), '[2, 4], [5, 3], [3]'],
      'steps of other rows': [(draw) => multiplyInt8(draw.value([2, 5]), draw.value([4])), '[2, 5], [5, 3], [4]'],
      'a vector': [(draw) => multiplyInt8(draw.value([5]), draw.value([3])), '[5], [5, 3], [3]'],
      'a vector to round': [() => g.packInt8(tensor('float32', [20])), 'float32 [20]'],
      'a weight in half precision': [() => g.packInt8(tensor('float16', [2, 20])), 'float16 [2, 20]'],
    },
  },
  nonMaxSuppression: {
    forward,
    types: ['float32'],
    gradients: {
      excuse: 'its results are indices',
      call: {
        shapes: [
          [1, 5, 4],
          [1, 2, 5],
        ],
        build: (boxes, scores) => g.nonMaxSuppression(boxes, scores, { most: 3, overlap: 0.5, extent: 'M' }),
      },
    },
    mistakes: {
      'scores of other boxes': [
        (draw: Draw) => g.nonMaxSuppression(draw.value([1, 5, 4]), draw.value([1, 2, 6]), { most: 3, overlap: 0.5, extent: 'M' }),
        '[1, 5, 4] and [1, 2, 6]',
      ],
      'an overlap of more than all': [
        (draw: Draw) => g.nonMaxSuppression(draw.value([1, 5, 4]), draw.value([1, 2, 5]), { most: 3, overlap: 1.5, extent: 'M' }),
        'received 1.5',
      ],
    },
  },
  loop: {
    forward: 'loop.test.ts',
    types: ['float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint8'],
    gradients: {
      excuse: 'the rounds are written out to train through them',
      call: {
        shapes: [[2]],
        build: (x) => g.loop(x.graph, { most: 2, states: [x] }, (_, __, [y]) => ({ states: [g.add(y!, y!)] })).states[0]!,
      },
    },
    mistakes: {
      'a state of another shape': [
        (draw) => g.loop(draw.graph, { most: 2, states: [draw.value([2])] }, (_, __, [x]) => ({ states: [g.reshape(x!, [1, 2])] })),
        'stay float32 [2] but a round gives float32 [1, 2]',
      ],
      'too few states': [
        (draw) => g.loop(draw.graph, { most: 2, states: [draw.value([2])] }, () => ({ states: [] })),
        '1 states after a round but received 0',
      ],
      'a value that was not captured': [
        (draw) => {
          const x = draw.value([2]);
          g.loop(draw.graph, { most: 2, states: [x] }, (_, __, [y]) => ({ states: [g.add(y!, x)] }));
        },
        'of another',
      ],
      'values of an unknown number of rounds': [
        (draw) => g.loop(draw.graph, { most: draw.value([], 'int64'), states: [] }, (_, round) => ({ states: [], collected: [round] })),
        'a name for the number of rounds',
      ],
      'a gradient': [
        (draw) => {
          const [x, weight] = [draw.value([2]), draw.value([2])];
          const { states } = g.loop(draw.graph, { most: 2, states: [x] }, (inside, _, [y]) => ({
            states: [g.mul(y!, inside.capture(weight))],
          }));
          g.gradients(g.reduceSum(states[0]!, [0]), [weight]);
        },
        'of Loop',
      ],
    },
  },
};
