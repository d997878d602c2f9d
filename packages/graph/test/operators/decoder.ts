import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, type Pair, total } from './row.ts';

const a = (draw: Draw): g.Value => draw.value([2, 3]);
const positions = (x: g.Value, shape: readonly number[], numbers: readonly number[]): g.Value =>
  x.graph.constant(tensor('int32', shape, Int32Array.from(numbers)));

/** q [N, heads, L, D], k and v [N, groups, S, D], and what they give under a mask of sums or of truth values. */
function attended(draw: Draw, mask: 'none' | 'sums' | 'truth'): Pair {
  const [n, groups, shared, l, s, d] = [
    2,
    draw.integer(1, 2),
    draw.integer(1, 3),
    draw.integer(1, 3),
    draw.integer(2, 4),
    draw.integer(1, 3),
  ];
  const heads = groups * shared;
  const [q, queries] = draw.input([n, heads, l, d]);
  const [k, keys] = draw.input([n, groups, s, d]);
  const [v, values] = draw.input([n, groups, s, d]);
  const [sums, numbers] = draw.input([1, 1, l, s]);
  const seen = (score: number, index: ref.Index): number => {
    const extra = ref.at(numbers, [0, 0, index[2]!, index[3]!]);
    const hidden = mask === 'truth' && index[3]! > 0 && extra < 0;
    return hidden ? -Infinity : score + (mask === 'sums' ? extra : 0);
  };
  const scores = ref.build([n, heads, l, s], (index) => {
    const [image, head, row, column] = index as [number, number, number, number];
    const group = Math.floor(head / shared);
    return seen(ref.sum(d, (i) => ref.at(queries, [image, head, row, i]) * ref.at(keys, [image, group, column, i])) / Math.sqrt(d), index);
  });
  const shares = ref.softmax(scores);
  const y = ref.build([n, heads, l, d], ([image, head, row, i]) =>
    ref.sum(s, (j) => ref.at(shares, [image!, head!, row!, j]) * ref.at(values, [image!, Math.floor(head! / shared), j, i!])),
  );
  const first = draw.graph.constant(
    tensor(
      'bool',
      [s],
      Uint8Array.from({ length: s }, (_, i) => Number(i === 0)),
    ),
  );
  const shown = mask === 'truth' ? g.logicalOr(g.logicalNot(g.less(sums, 0)), first) : mask === 'sums' ? sums : undefined;
  return [g.scaledDotProduct(q, k, v, shown), y];
}

export const decoder: Record<string, Operator> = {
  rmsNormalization: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input([...draw.shape(1, 3), draw.integer(2, 6)], { named: true });
        const [scale, factors] = draw.input([numbers.shape.at(-1)!]);
        const y = ref.build(numbers.shape, (index) => {
          const row = ref.along(numbers, numbers.shape.length - 1, index);
          const mean = total(row.map((value) => value * value)) / row.length;
          return (ref.at(numbers, index) / Math.sqrt(mean + 1e-3)) * factors.data[index.at(-1)!]!;
        });
        return [g.rmsNormalization(x, scale, 1e-3), y];
      },
    ],
    gradients: [{ shapes: [[2, 3, 5], [5]], build: (x, scale) => g.rmsNormalization(x, scale, 1e-5) }],
    named: [{ shapes: [['N', 'P', 6], [6]], build: (x, scale) => g.rmsNormalization(x, scale, 1e-5) }],
    mistakes: { 'a scale of another width': [(draw) => g.rmsNormalization(a(draw), draw.value([2]), 1e-5), '[2, 3] and [2]'] },
  },
  rotary: {
    forward: [
      (draw) => {
        const [n, heads, l, half] = [draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3)];
        const [x, numbers] = draw.input([n, heads, l, 2 * half]);
        const [places, steps] = draw.indices([n, l], 9);
        const table = g.rotaryTable(draw.graph, { size: 2 * half, positions: 9, theta: 100 });
        const y = ref.build(numbers.shape, (index) => {
          const i = index[3]! % half;
          const angle = ref.at(steps, [index[0]!, index[2]!]) * 100 ** (-i / half);
          const other = ref.at(numbers, index.with(3, (index[3]! + half) % (2 * half)));
          return ref.at(numbers, index) * Math.cos(angle) + (index[3]! < half ? -1 : 1) * other * Math.sin(angle);
        });
        return [g.rotary(x, places, table), y];
      },
    ],
    types: ['float32'],
    gradients: [
      {
        shapes: [[2, 2, 3, 4]],
        build: (x) => g.rotary(x, positions(x, [2, 3], [0, 1, 2, 7, 3, 5]), g.rotaryTable(x.graph, { size: 4, positions: 8 })),
      },
    ],
    named: [
      {
        shapes: [['N', 2, 'P', 4]],
        build: (x) =>
          g.rotary(
            x,
            g.reshape(g.argMax(g.reduceSum(x, [1]), 3), [x.shape[0]!, x.shape[2]!]),
            g.rotaryTable(x.graph, { size: 4, positions: 8 }),
          ),
      },
    ],
    mistakes: {
      'an odd head': [(draw) => g.rotaryTable(draw.graph, { size: 3, positions: 4 }), 'head size but received 3'],
      'a table of other heads': [
        (draw) => g.rotary(draw.value([1, 2, 3, 8]), draw.value([1, 3], 'int64'), g.rotaryTable(draw.graph, { size: 4, positions: 4 })),
        '[N, heads, L, 4] and positions [N, L] but received [1, 2, 3, 8] and [1, 3]',
      ],
    },
  },
  scaledDotProduct: {
    forward: [(draw) => attended(draw, 'none'), (draw) => attended(draw, 'sums'), (draw) => attended(draw, 'truth')],
    gradients: [
      { shapes: Array.from({ length: 3 }, () => [2, 2, 3, 4]), build: (q, k, v) => g.scaledDotProduct(q, k, v) },
      {
        of: 'groups',
        shapes: [
          [2, 4, 3, 4],
          [2, 2, 5, 4],
          [2, 2, 5, 3],
          [3, 5],
        ],
        build: (q, k, v, mask) => g.scaledDotProduct(q, k, v, mask),
      },
    ],
    named: [
      {
        shapes: [
          ['N', 4, 'P', 4],
          ['N', 2, 'S', 4],
          ['N', 2, 'S', 3],
        ],
        build: (q, k, v) => g.scaledDotProduct(q, k, v),
      },
    ],
    mistakes: {
      'heads that the groups do not divide': [
        (draw) => g.scaledDotProduct(draw.value([1, 3, 4, 8]), draw.value([1, 2, 4, 8]), draw.value([1, 2, 4, 8])),
        'divide the heads but received [1, 3, 4, 8], [1, 2, 4, 8], [1, 2, 4, 8]',
      ],
      'keys of another length': [
        (draw) => g.scaledDotProduct(draw.value([1, 2, 4, 8]), draw.value([1, 2, 5, 8]), draw.value([1, 2, 4, 8])),
        '[1, 2, 5, 8], [1, 2, 4, 8]',
      ],
    },
  },
};
