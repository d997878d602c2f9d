import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { allTypes, type Draw, fitting, type NamedCase, type Operator, type Pair, totalOf, without } from './row.ts';

/** Two values of shapes that broadcast. */
export const two =
  (op: (a: g.Value, b: g.Value) => g.Value, f: (a: number, b: number) => number, shift = 0) =>
  (draw: Draw): Pair => {
    const [left, right] = fitting(draw);
    const [a, x] = draw.input(left);
    const [b, y] = draw.input(right, { shift });
    return [op(a, b), ref.binary(x, y, f)];
  };

/** One value, whose first extent is a name. */
export const one =
  (op: (x: g.Value) => g.Value, f: (x: number) => number, shift = 0) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true, shift });
    return [op(x), ref.map(numbers, f)];
  };

/** A row of a function of one value. `shift` moves the numbers into its domain. */
const unary = (op: (x: g.Value) => g.Value, f: (x: number) => number, shift = 0): Operator => ({
  forward: [one(op, f, shift)],
  gradients: [{ shapes: [[7]], build: op, shift }],
  named: [{ shapes: [['N', 'P']], build: (x) => op(g.add(x, shift)) }],
  mistakes: { 'whole numbers': [(draw) => op(draw.value([2], 'int64')), 'int64'] },
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const named = (build: (a: g.Value, b: g.Value) => g.Value): readonly NamedCase[] => [
  {
    shapes: [
      ['N', 1, 'h*2'],
      ['P', 'h*2'],
    ],
    build,
  },
];

export const elementwise: Record<string, Operator> = {
  add: {
    types: without('bfloat16', 'bool'),
    forward: [two(g.add, (a, b) => a + b)],
    gradients: [{ of: 'broadcast', shapes: [[2, 3], [3]], build: g.add }],
    named: named(g.add),
    mistakes: {
      'shapes that do not broadcast': [(draw) => g.add(draw.value([2, 3]), draw.value([4, 5])), '[2, 3] and [4, 5]'],
      'mixed element types': [(draw) => g.add(draw.value([2]), draw.value([2], 'int64')), 'float32 and int64'],
      'two numbers': [() => g.add(1, 2), 'two numbers'],
      'a value of another graph': [
        (draw) => g.add(draw.value([3]), new g.Graph('second').input('c', 'float32', [3])),
        '"drawn" in Add but received "c" of another',
      ],
    },
  },
  sub: {
    types: without('bfloat16', 'bool'),
    forward: [
      two(g.sub, (a, b) => a - b),
      one(
        (x) => g.sub(1, x),
        (x) => 1 - x,
      ),
    ],
    gradients: [
      {
        of: 'broadcast',
        shapes: [
          [2, 1, 3],
          [4, 1],
        ],
        build: g.sub,
      },
    ],
    named: named(g.sub),
  },
  mul: {
    types: without('bfloat16', 'bool'),
    forward: [two(g.mul, (a, b) => a * b)],
    gradients: [
      {
        of: 'broadcast',
        shapes: [
          [2, 3],
          [2, 1],
        ],
        build: g.mul,
      },
    ],
    named: named(g.mul),
    mistakes: {
      'extents of different names': [(draw) => g.mul(draw.value(['N', 3]), draw.value(['M', 3])), '[N, 3] and [M, 3]'],
      'a number beside integers': [(draw) => g.mul(draw.value([2], 'int64'), 2), 'int64 and float32'],
    },
  },
  div: {
    types: without('bfloat16', 'bool'),
    forward: [two(g.div, (a, b) => a / b, 3)],
    gradients: [{ shapes: [[2, 3], [3]], build: g.div, shift: 3 }],
    named: named((a, b) => g.div(a, g.add(b, 3))),
  },
  minimum: {
    types: without('bfloat16', 'int16', 'bool'),
    forward: [two(g.minimum, Math.min)],
    gradients: [
      { of: 'broadcast', shapes: [[3, 4], [4]], build: g.minimum },
      { of: 'a number', shapes: [[5]], build: (x) => g.minimum(x, 0.25) },
    ],
    named: named(g.minimum),
  },
  neg: {
    types: without('bfloat16', 'uint8', 'bool'),
    ...unary(g.neg, (x) => -x),
    mistakes: { bytes: [(draw) => g.neg(draw.value([2], 'uint8')), 'uint8'] },
  },
  exp: unary(g.exp, Math.exp),
  log: unary(g.log, Math.log, 2),
  sqrt: unary(g.sqrt, Math.sqrt, 2),
  sin: unary(g.sin, Math.sin),
  cos: unary(g.cos, Math.cos),
  erf: { types: ['float32', 'float16'], ...unary(g.erf, ref.erf) },
  sigmoid: unary(g.sigmoid, sigmoid),
  gelu: { types: ['float32', 'float16'], ...unary(g.gelu, (x) => (x * (1 + ref.erf(x * Math.SQRT1_2))) / 2) },
  quickGelu: { types: ['float32', 'float16'], ...unary(g.quickGelu, (x) => x * sigmoid(1.702 * x)) },
  cast: {
    types: allTypes,
    forward: [one((x) => g.cast(g.cast(x, 'int32'), 'float32'), Math.trunc, 3)],
    gradients: [
      {
        of: 'float64 and back',
        shapes: [[2, 3]],
        build: (x) => g.cast(g.mul(g.cast(x, 'float64'), 2), 'float32'),
        cpuOnly: 'WebGPU has no float64',
      },
    ],
    mistakes: {
      'a type nothing converts to': [(draw) => g.cast(draw.value([2]), 'bool'), 'bool'],
      'a gradient past an integer': [
        (draw) => {
          const x = draw.value([2]);
          g.gradients(totalOf(g.cast(g.cast(x, 'int32'), 'float32')), [x]);
        },
        'depend on "x0"',
      ],
    },
  },
  stopGradient: {
    types: allTypes,
    forward: [one(g.stopGradient, (x) => x)],
    gradients: { excuse: 'it hides its input from gradients, which is what it is for', call: { shapes: [[3]], build: g.stopGradient } },
    mistakes: {
      'a gradient of what is hidden': [
        (draw) => {
          const x = draw.value([2]);
          g.gradients(totalOf(g.stopGradient(x)), [x]);
        },
        'depend on "x0"',
      ],
    },
  },
};
