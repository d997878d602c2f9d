import type { DType } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { one, two } from './elementwise.ts';
import { type Draw, type Operator, without } from './row.ts';

const a = (draw: Draw): g.Value => draw.value([2, 3]);
const whole = (draw: Draw): g.Value => draw.value([2, 3], 'int64');
const comparison = (op: (x: g.Value, y: g.Value) => g.Value, f: (x: number, y: number) => boolean, types: readonly DType[]): Operator => ({
  forward: [
    (draw) => {
      const shape = draw.shape(1, 3);
      const [[x, first], [y, second]] = [draw.indices(shape, 3), draw.indices(shape, 3)]; // equal ones among them
      const [v, w] = types.includes('int32') ? [x, y] : [g.equal(x, 1), g.equal(y, 1)];
      const of = types.includes('int32') ? f : (m: number, n: number): boolean => f(Number(m === 1), Number(n === 1));
      return [op(v, w), ref.binary(first, second, (m, n) => Number(of(m, n)))];
    },
  ],
  types,
  gradients: { excuse: 'its results are truth values', call: { shapes: [[2, 3], [3]], build: op } },
});
const ordered = without('bfloat16', 'bool');

export const choosing: Record<string, Operator> = {
  relu: {
    forward: [one(g.relu, (x) => Math.max(x, 0))],
    gradients: [{ shapes: [[3, 5]], build: g.relu }],
    named: [{ shapes: [['N', 'P']], build: g.relu }],
  },
  abs: {
    forward: [one(g.abs, Math.abs)],
    gradients: [{ shapes: [[3, 5]], build: g.abs }],
    named: [{ shapes: [['N', 'P']], build: g.abs }],
  },
  clamp: {
    forward: [
      one(
        (x) => g.clamp(x, -0.45, 0.35),
        (x) => Math.min(Math.max(x, -0.45), 0.35),
      ),
    ],
    gradients: [{ shapes: [[3, 5]], build: (x) => g.clamp(x, -0.45, 0.35) }],
    named: [{ shapes: [['N', 'P']], build: (x) => g.clamp(x, -0.45, 0.35) }],
    mistakes: { 'bounds the wrong way round': [(draw) => g.clamp(a(draw), 1, 0), '1 and 0'] },
  },
  softplus: {
    forward: [
      one(
        (x) => g.softplus(g.mul(x, 4)),
        (x) => Math.log1p(Math.exp(4 * x)),
      ),
    ],
    types: ['float32', 'float16'],
    gradients: [{ shapes: [[3, 5]], build: (x) => g.softplus(g.mul(x, 4)) }],
    named: [{ shapes: [['N', 'P']], build: g.softplus }],
  },
  silu: {
    forward: [
      one(
        (x) => g.silu(g.mul(x, 4)),
        (x) => (4 * x) / (1 + Math.exp(-4 * x)),
      ),
    ],
    types: ['float32', 'float16'],
    gradients: [{ shapes: [[3, 5]], build: (x) => g.silu(g.mul(x, 4)) }],
    named: [{ shapes: [['N', 'P']], build: g.silu }],
  },
  where: {
    forward: [
      one(
        (x) => g.where(g.less(x, 0.25), -Infinity, x),
        (x) => (x < 0.25 ? -Infinity : x),
      ),
      two((x, y) => g.where(g.greater(x, y), x, y), Math.max),
    ],
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
    ...comparison(g.greater, (x, y) => x > y, ordered),
    mistakes: {
      'truth values': [(draw) => g.greater(g.greater(a(draw), 0), g.greater(draw.value([2, 3]), 1)), 'for Greater but received bool'],
    },
  },
  less: comparison(g.less, (x, y) => x < y, ordered),
  equal: {
    ...comparison(g.equal, (x, y) => x === y, without('bfloat16')),
    mistakes: { 'a fraction beside integers': [(draw) => g.equal(whole(draw), 0.5), 'beside int64 but received 0.5'] },
  },
  logicalAnd: comparison(g.logicalAnd, (x, y) => x > 0 && y > 0, ['bool']),
  logicalOr: comparison(g.logicalOr, (x, y) => x > 0 || y > 0, ['bool']),
  logicalNot: {
    ...comparison(
      (x) => g.logicalNot(x),
      (x) => x === 0,
      ['bool'],
    ),
    mistakes: { numbers: [(draw) => g.logicalNot(a(draw)), 'bool for Not but received float32'] },
  },
  maximum: {
    forward: [
      two(g.maximum, Math.max),
      one(
        (x) => g.maximum(x, 0.1),
        (x) => Math.max(x, 0.1),
      ),
    ],
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
};
