import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, type Pair, total, without } from './row.ts';

const over =
  (op: (x: g.Value, axes: readonly number[]) => g.Value, f: (values: number[]) => number) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
    const axes = [...numbers.shape.keys()].filter(() => draw.integer(0, 1) === 0);
    const signed = axes.map((axis) => (draw.integer(0, 1) === 0 ? axis - numbers.shape.length : axis));
    return [op(x, signed), ref.reduce(numbers, axes, f)];
  };

const row = (op: (x: g.Value, axes: readonly number[]) => g.Value, f: (values: number[]) => number): Operator => ({
  forward: [over(op, f)],
  gradients: [
    { shapes: [[2, 3, 4]], build: (x) => op(x, [0, 2]) },
    { of: 'one axis', shapes: [[2, 3, 4]], build: (x) => op(x, [1]) },
  ],
  named: [
    { shapes: [['N', 'P', 3]], build: (x) => op(x, [0, 1]) },
    { of: 'a multiple', shapes: [['N', 'h*2', 3]], build: (x) => op(x, [1, 2]) },
  ],
  mistakes: {
    'truth values': [(draw) => op(draw.value([2], 'bool'), [0]), 'bool'],
    'an axis that is not there': [(draw) => op(draw.value([2, 3]), [2]), 'rank-2 value but received 2'],
    'an axis far below': [(draw) => op(draw.value([2, 3]), [-3]), 'received -3'],
    'an axis twice': [(draw) => op(draw.value([2, 3]), [1, -1]), '[1, -1]'],
  },
});

export const reduce: Record<string, Operator> = {
  reduceSum: { types: ['float32', 'float64', 'float16', 'int64', 'int32'], ...row(g.reduceSum, total) },
  reduceMean: row(g.reduceMean, (values) => total(values) / values.length),
  reduceMax: { types: without('bfloat16', 'int16', 'bool'), ...row(g.reduceMax, (values) => Math.max(...values)) },
  argMax: {
    types: without('bfloat16', 'int16', 'bool'),
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
        const axis = draw.integer(0, numbers.shape.length - 1);
        const y = ref.build(numbers.shape.toSpliced(axis, 1), (index) => {
          const values = ref.along(numbers, axis, index.toSpliced(axis, 0, 0));
          return values.indexOf(Math.max(...values));
        });
        return [g.cast(g.argMax(x, axis), 'float32'), y];
      },
    ],
    gradients: { excuse: 'its result is an integer', call: { shapes: [[2, 3]], build: (x) => g.argMax(x, 1) } },
    mistakes: { 'an axis of a fraction': [(draw) => g.argMax(draw.value([2, 3]), 0.5), 'received 0.5'] },
  },
};
