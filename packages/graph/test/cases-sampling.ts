import { tensor } from '@vitamin-vlm/core';
import * as g from '../src/index.ts';
import type { Case } from './cases.ts';

const int64 = (x: g.Value, shape: readonly number[], numbers: readonly number[]): g.Value =>
  x.graph.constant(tensor('int64', shape, BigInt64Array.from(numbers, BigInt)));

/** Points (x, y) in the middle of four pixels of 5 columns and 4 rows: inside, across each border, in two corners and outside. */
const between = Float32Array.of(-1, 0, 0.2, -0.5, 1, 0.5, -0.6, -1, 0.2, 1, 1.4, 0, -1, -1, 1, 1, -0.2, 0, 0.6, 0.5, 0.2, 1.5, -0.6, 0);

/** Gradient cases of operators that choose, move and sample elements. Kinks are farther from the numbers than the differences reach. */
export const samplingCases: readonly Case[] = [
  ['relu', [[3, 5]], g.relu],
  ['abs', [[3, 5]], g.abs],
  ['clamp', [[3, 5]], (x) => g.clamp(x, -0.45, 0.35)],
  ['softplus', [[3, 5]], (x) => g.softplus(g.mul(x, 4))],
  ['silu', [[3, 5]], (x) => g.silu(g.mul(x, 4))],
  [
    'maximum with broadcast',
    [
      [2, 4],
      [3, 1, 4],
    ],
    (a, b) => g.maximum(a, g.mul(b, 1.1)),
  ],
  ['maximum of a number', [[7]], (x) => g.maximum(x, 0.1)],
  [
    'where with broadcast',
    [
      [2, 3],
      [2, 1],
    ],
    (a, b) => g.where(g.greater(a, 0), a, b),
  ],
  ['where beside infinity', [[6]], (x) => g.where(g.less(x, 0), 0, g.exp(g.where(g.less(x, 0.2), -Infinity, x)))],
  ...(['nearest', 'nearest-exact', 'bilinear'] as const).flatMap((mode): Case[] => [
    [`resize up, ${mode}`, [[2, 3, 3, 4]], (x) => g.resize(x, [7, 8], mode)],
    [`resize down, ${mode}`, [[1, 2, 9, 7]], (x) => g.resize(x, [5, 4], mode)],
    [`resize of a row, ${mode}`, [[1, 2, 1, 5]], (x) => g.resize(x, [3, 2], mode)],
  ]),
  [
    'gridSample',
    [
      [2, 3, 4, 5],
      [2, 2, 3, 2],
    ],
    (x, grid) => g.gridSample(x, g.add(x.graph.constant(tensor('float32', [2, 2, 3, 2], between)), g.mul(grid, 0.1))),
  ],
  [
    'gridSample of one pixel',
    [
      [1, 2, 1, 1],
      [1, 3, 2, 2],
    ],
    (x, grid) => g.gridSample(x, g.mul(grid, 2)),
  ],
  ['gather', [[5, 3]], (x) => g.gather(x, int64(x, [2, 2], [4, 0, 4, 1]))],
  ['gather along the last axis', [[2, 3, 4]], (x) => g.gather(x, int64(x, [2, 2], [3, 0, 3, 3]), -1)],
  ['gather along a middle axis by one index', [[2, 3, 4]], (x) => g.gather(x, int64(x, [], [2]), 1)],
  ['gatherElements', [[2, 4]], (x) => g.gatherElements(x, int64(x, [2, 3], [0, 3, 3, 2, 2, 2]), 1)],
  ['gatherND', [[2, 3, 4]], (x) => g.gatherND(x, int64(x, [3, 2], [0, 2, 1, 1, 0, 2]))],
  [
    'scatterElements, add',
    [
      [4, 2],
      [3, 2],
    ],
    (x, u) => g.scatterElements(x, int64(x, [3, 2], [1, 0, 1, 3, 2, 3]), u, { axis: 0, reduction: 'add' }),
  ],
  [
    'scatterElements',
    [
      [4, 2],
      [2, 2],
    ],
    (x, u) => g.scatterElements(x, int64(x, [2, 2], [1, 0, 2, 3]), u, { axis: 0 }),
  ],
  [
    'scatterND, add',
    [
      [3, 4],
      [3, 4],
    ],
    (x, u) => g.scatterND(x, int64(x, [3, 1], [2, 0, 2]), u, 'add'),
  ],
  ['scatterND', [[3, 4], [2]], (x, u) => g.scatterND(x, int64(x, [2, 2], [2, 0, 1, 3]), u)],
  ['split', [[2, 7]], (x) => g.concat(g.split(x, [2, 1, 4], 1).toReversed(), 1)],
  ['topK', [[3, 6]], (x) => g.topK(x, 2).values],
  ['topK along the first axis', [[5, 3]], (x) => g.topK(x, 3, 0).values],
];
