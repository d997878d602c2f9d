import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { allTypes, type Operator, total, without } from './row.ts';

export const layout: Record<string, Operator> = {
  reshape: {
    types: allTypes,
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
        const [first, ...rest] = x.shape;
        return [g.reshape(x, [...rest, first!]), { ...numbers, shape: [...numbers.shape.slice(1), numbers.shape[0]!] }];
      },
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
        return [g.reshape(x, [g.product(x.shape)]), { ...numbers, shape: [numbers.data.length] }];
      },
    ],
    gradients: [{ shapes: [[2, 3, 4]], build: (x) => g.reshape(x, [6, 4]) }],
    named: [
      { of: 'two names in place', shapes: [['N', 'P', 6]], build: (x) => g.reshape(x, [...x.shape.slice(0, 2), 3, 2]) },
      { of: 'two names elsewhere', shapes: [['N', 'P', 2]], build: (x) => g.reshape(x, [2, x.shape[0]!, x.shape[1]!]) },
      {
        of: 'rows and back',
        shapes: [['N', 'P', 4]],
        build: (x) => g.reshape(g.exp(g.reshape(x, [g.product(x.shape.slice(0, 2)), 4])), x.shape),
      },
    ],
    mistakes: {
      'another size': [(draw) => g.reshape(draw.value([2, 3]), [5]), '[2, 3]'],
      'another name': [(draw) => g.reshape(draw.value(['N', 3]), ['M', 3]), '[N, 3] but received [M, 3]'],
      'a number for a name': [(draw) => g.reshape(draw.value(['N', 3]), [6]), '[N, 3] but received [6]'],
      'a name too many': [(draw) => g.reshape(draw.value(['N', 'L', 3]), ['L', 'N', 'L']), '[L, N, L]'],
      'a negative extent': [(draw) => g.reshape(draw.value([2, 3]), [-1, 3]), '[-1, 3]'],
    },
  },
  transpose: {
    types: allTypes,
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
        const order = [...numbers.shape.keys()]
          .map((axis) => [draw.integer(0, 99), axis] as const)
          .toSorted((a, b) => a[0] - b[0])
          .map(([, axis]) => axis);
        const shape = order.map((axis) => numbers.shape[axis]!);
        const from = (index: ref.Index): number[] => [...order.keys()].map((axis) => index[order.indexOf(axis)]!);
        return [g.transpose(x, order), ref.build(shape, (index) => ref.at(numbers, from(index)))];
      },
    ],
    gradients: [{ shapes: [[2, 3, 4]], build: (x) => g.transpose(x, [2, 0, 1]) }],
    named: [{ shapes: [['N', 'P', 2]], build: (x) => g.transpose(x, [1, 2, 0]) }],
    mistakes: {
      'an axis twice': [(draw) => g.transpose(draw.value([2, 3]), [0, 0]), '[0, 0]'],
      'too few axes': [(draw) => g.transpose(draw.value([2, 3]), [0]), '[0]'],
    },
  },
  expand: {
    types: without('bfloat16'),
    forward: [
      (draw) => {
        const shape = draw.shape(1, 4);
        const [x, numbers] = draw.input(shape.map((extent) => (draw.integer(0, 1) === 0 ? 1 : extent)));
        return [g.expand(x, shape), ref.build(shape, (index) => ref.at(numbers, index))];
      },
    ],
    gradients: [{ shapes: [[2, 1, 3, 1]], build: (x) => g.expand(x, [2, 4, 3, 2]) }],
    named: [
      {
        shapes: [
          ['N', 1, 2],
          ['P', 1],
        ],
        build: (x, y) => g.mul(g.expand(x, [x.shape[0]!, y.shape[0]!, 2]), y),
      },
    ],
    mistakes: {
      'what is not 1': [(draw) => g.expand(draw.value([2, 3]), [4, 3]), '[2, 3] but received [4, 3]'],
      'another rank': [(draw) => g.expand(draw.value([1]), [4, 1]), '[4, 1]'],
      'a name that nothing bears': [(draw) => g.expand(draw.value(['N', 1]), ['N', 'Q']), '"Q" in [1, Q]'],
      'a name that stands in products only': [
        (draw) => g.expand(draw.value(['M*N', 1]), ['M*N', 'M']),
        '"M" to be the extent of some input',
      ],
    },
  },
  slice: {
    types: allTypes,
    forward: [
      (draw) => {
        const [x, numbers] = draw.input([draw.integer(1, 3), draw.integer(2, 9)], { named: true });
        const extent = numbers.shape[1]!;
        const start = draw.integer(0, extent - 1);
        const end = draw.integer(start + 1, extent);
        const step = draw.integer(1, 3);
        const back = (bound: number): number => (draw.integer(0, 1) === 0 && bound < extent ? bound - extent : bound);
        const y = ref.build([numbers.shape[0]!, Math.ceil((end - start) / step)], ([row, i]) => ref.at(numbers, [row!, start + i! * step]));
        return [g.slice(x, { axis: -1, start: back(start), end: back(end), step }), y];
      },
    ],
    gradients: [
      { of: 'steps', shapes: [[2, 7]], build: (x) => g.slice(x, { axis: 1, start: 1, end: 6, step: 2 }) },
      { of: 'the last two', shapes: [[5, 2]], build: (x) => g.slice(x, { axis: 0, start: -2 }) },
    ],
    named: [
      { of: 'the last element', shapes: [['N', 'P', 2]], build: (x) => g.slice(x, { axis: 1, start: -1 }) },
      { of: 'the first of a multiple', shapes: [['h*4', 2]], build: (x) => g.slice(x, { axis: 0, start: 1, end: 4, step: 2 }) },
      { of: 'every second', shapes: [['h*4', 2]], build: (x) => g.slice(x, { axis: 0, start: 1, step: 2 }) },
      { of: 'all but the last', shapes: [['h*2', 2]], build: (x) => g.slice(x, { axis: 0, start: 0, end: -1, extent: 'R' }) },
      {
        of: 'all but the first of a sum',
        shapes: [
          ['P', 2],
          [1, 2],
        ],
        build: (x, y) => g.add(g.slice(g.concat([y, x], 0, 'T'), { axis: 0, start: 1 }), y),
      },
      {
        of: 'a table cut at a name',
        shapes: [
          ['N', 'P', 2],
          [9, 2],
        ],
        build: (x, table) => g.mul(x, g.slice(table, { axis: 0, start: 0, end: x.shape[1]! })),
      },
    ],
    mistakes: {
      'past the end': [(draw) => g.slice(draw.value([2, 3]), { axis: 1, start: 1, end: 9 }), '1:9:1'],
      'before the start': [(draw) => g.slice(draw.value([2, 3]), { axis: 1, start: -4 }), '-4:3:1'],
      nothing: [(draw) => g.slice(draw.value([2, 3]), { axis: 1, start: 2, end: 2 }), '2:2:1'],
      'from a fraction': [(draw) => g.slice(draw.value([2, 3]), { axis: 1, start: 0.5 }), '0.5:3:1'],
      'steps of a fraction': [(draw) => g.slice(draw.value([2, 3]), { axis: 1, start: 0, step: 0.5 }), 'received 0.5'],
      'what a name may not fill': [(draw) => g.slice(draw.value(['N', 3]), { axis: 0, start: 0, end: 2 }), '[N, 3] but received 0:2:1'],
      'a length without a name': [(draw) => g.slice(draw.value(['N', 3]), { axis: 0, start: 1 }), 'N - 1 but received none'],
      'steps that a name may not fill': [(draw) => g.slice(draw.value(['N', 3]), { axis: 0, start: 0, step: 2 }), '"N" but received 0::2'],
    },
  },
  pad: {
    types: without('bfloat16', 'int16'),
    forward: [
      (draw) => {
        const [x, numbers] = draw.input([draw.integer(1, 3), draw.integer(1, 4), 2], { named: true });
        const [before, after] = [draw.integer(0, 2), draw.integer(0, 2)];
        const extent = numbers.shape[1]!;
        const y = ref.build([numbers.shape[0]!, before + extent + after, 2], ([n, i, j]) =>
          i! < before || i! >= before + extent ? 0 : ref.at(numbers, [n!, i! - before, j!]),
        );
        return [g.pad(x, 1, before, after), y];
      },
    ],
    gradients: [{ shapes: [[2, 3]], build: (x) => g.pad(x, 1, 1, 2) }],
    named: [{ shapes: [['N', 'P', 2]], build: (x) => g.pad(x, 1, 1, 2, 'T') }],
    mistakes: {
      'less than nothing': [(draw) => g.pad(draw.value([2, 3]), 0, -1, 0), 'received -1'],
      'a sum without a name': [(draw) => g.pad(draw.value(['N', 3]), 0, 1, 1), '1 + N + 1 but received none'],
    },
  },
  concat: {
    types: allTypes,
    forward: [
      (draw) => {
        const rest = draw.shape(1, 2);
        const parts = Array.from({ length: draw.integer(1, 3) }, () => draw.input([draw.integer(1, 3), ...rest]));
        const extents = parts.map(([, numbers]) => numbers.shape[0]!);
        const starts = extents.map((_, i) => total(extents.slice(0, i)));
        const y = ref.build([total(extents), ...rest], ([row, ...others]) => {
          const part = starts.findLastIndex((start) => start <= row!);
          return ref.at(parts[part]![1], [row! - starts[part]!, ...others]);
        });
        const values = parts.map(([value]) => value);
        return [g.concat(values, 0), y];
      },
    ],
    gradients: [
      {
        shapes: [
          [2, 3],
          [2, 2],
        ],
        build: (a, b) => g.concat([a, b, a], 1),
      },
    ],
    named: [
      {
        of: 'a sum with a name',
        shapes: [
          ['N', 'P', 2],
          ['N', 'S', 2],
        ],
        build: (x, y) => g.concat([x, y, x], 1, 'T'),
      },
      {
        of: 'a sum that is a product',
        shapes: [
          ['N', 'h*4'],
          ['N', 'h*2'],
        ],
        build: (x, y) => g.concat([x, y], 1),
      },
    ],
    mistakes: {
      nothing: [() => g.concat([], 0), 'none'],
      'parts that differ elsewhere': [(draw) => g.concat([draw.value([2, 3]), draw.value([4, 5])], 0), '[2, 3] and [4, 5]'],
      'parts of different types': [(draw) => g.concat([draw.value([2]), draw.value([2], 'int64')], 0), 'float32 and int64'],
      'parts of different batches': [(draw) => g.concat([draw.value(['N', 3]), draw.value(['M', 3])], 1), '[N, 3] and [M, 3]'],
      'a sum without a name': [(draw) => g.concat([draw.value(['N', 3]), draw.value(['M', 3])], 0), 'N + M but received none'],
      'a sum named like its part': [(draw) => g.concat([draw.value(['N', 3]), draw.value(['M', 3])], 0, 'M'), 'N + M but received "M"'],
      'one name for two sums': [
        (draw) => {
          const [x, y] = [draw.value(['N', 3]), draw.value(['M', 3])];
          g.concat([x, x, y], 0, 'T');
          g.concat([x, y], 0, 'T');
        },
        'N + M but received "T"',
      ],
    },
  },
};
