import { type Tensor, tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';
import { at, build } from './reference.ts';

/** Inside, across borders, wholly outside, without area, thin, and larger than the map. */
const boxes = Float32Array.of(
  0,
  0,
  31,
  23,
  3.3,
  2.2,
  20.7,
  17.5,
  -8,
  -5,
  10,
  9,
  20,
  15,
  50,
  40,
  5,
  5,
  5,
  9,
  7,
  7,
  7,
  7,
  8,
  3,
  9.5,
  4.1,
  0,
  0,
  4,
  24,
  -60,
  -60,
  90,
  80,
);
const images = [0, 1, 0, 1, 0, 1, 0, 1, 0];
const maps = [2, 6, 8] as const;
const size = [3, 2] as const;
const scale = 0.25;
const sine = (shape: readonly number[], shift: number): Tensor<'float32'> => {
  const length = shape.reduce((a, b) => a * b, 1);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length }, (_, i) => Math.sin(0.7 * (i + 1) + shift)),
  );
};

/** Regions of x, and the gradient of sum(regions · dy), for a number of boxes with a name. */
async function run(x: Tensor, dy: Tensor, sampling: number): Promise<Record<string, Tensor<'float32'>>> {
  const weights = g.roiWeights({ boxes, images, maps, size, scale, sampling });
  const graph = new g.Graph('regions');
  const value = graph.input('x', 'float32', x.shape);
  const y = g.roiAlign(value, graph.input('boxes', 'float32', ['R', 4]), graph.input('images', 'int64', ['R']), {
    size,
    scale,
    sampling,
    weights: { rows: graph.input('rows', 'float32', ['R', 3, 12]), columns: graph.input('columns', 'float32', ['R', 2, 8]) },
  });
  graph.output('y', y);
  graph.output(
    'dx',
    g.gradients(g.reshape(g.reduceSum(g.mul(y, graph.input('dy', 'float32', ['R', 3, 3, 2])), [0, 1, 2, 3]), []), [value])[0]!,
  );
  return evaluate(graph, {
    x,
    dy,
    ...weights,
    boxes: tensor('float32', [9, 4], boxes),
    images: tensor('int64', [9], BigInt64Array.from(images, BigInt)),
  });
}

const dot = (a: Tensor<'float32'>, b: Tensor<'float32'>): number => a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0);

describe.each([0, 2])('roiAlign with %i samples a bin', (sampling) => {
  it('is rows · map · columnsᵀ', async () => {
    const x = random([2, 3, 6, 8], 1);
    const { rows, columns } = g.roiWeights({ boxes, images, maps, size, scale, sampling });
    const expected = build([9, 3, 3, 2], ([r, c, p, q]) => {
      const pixels = build(
        [6, 8],
        ([i, j]) => at(rows, [r!, p!, images[r!]! * 6 + i!]) * at(columns, [r!, q!, j!]) * at(x, [images[r!]!, c!, i!, j!]),
      );
      return Array.from(pixels.data).reduce((sum, value) => sum + value, 0);
    });
    const { y } = await run(x, random([9, 3, 3, 2], 2), sampling);
    expect(y!.shape).toEqual(expected.shape);
    y!.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 5));
  });

  it('has a gradient that is its transpose', async () => {
    const [x, dy] = [random([2, 3, 6, 8], 3), random([9, 3, 3, 2], 4)];
    const { y, dx } = await run(x, dy, sampling);
    expect(dot(dx!, x)).toBeCloseTo(dot(dy, y!), 4);
  });
});

// torchvision 0.29.2, torchvision.ops.roi_align(..., aligned=True) in float64 with its gradient.
it.each([
  [
    0,
    [0.672467, 0.000571, 0.472131, -0.029828, -0.733415, 0, -0.810803],
    [0.169067, -0.4189, 0.055114, -0.134982, 0.062342, 0.114891, -0.263874],
  ],
  [
    2,
    [0.679054, -0.001388, 0.494702, -0.044741, -0.741277, 0.763809, -0.810803],
    [0.269442, -0.376757, 0.064826, -0.170993, 0.024295, 0.117927, -0.347872],
  ],
] as const)('agrees with torchvision for %i samples a bin', async (sampling, regions, gradients) => {
  const { y, dx } = await run(sine([2, 3, 6, 8], 0), sine([9, 3, 3, 2], 1), sampling);
  [0, 7, 20, 40, 60, 95, 130].forEach((i, k) => expect(y!.data[i]).toBeCloseTo(regions[k]!, 5));
  [0, 9, 60, 100, 143, 200, 287].forEach((i, k) => expect(dx!.data[i]).toBeCloseTo(gradients[k]!, 5));
});

it('gives no weights to boxes that the map has no part in', () => {
  const { rows, columns } = g.roiWeights({ boxes: [0, 0, 8, 8, 0, 0, 8, 8], images: [-1, 0], maps: [1, 4, 4], size: [1, 1], scale: 0.5 });
  expect([...rows.data, ...columns.data].map((value) => Math.round(value * 1000) / 1000)).toEqual([
    0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25,
  ]);
});

it('cuts large gradients into parts of their channels', async () => {
  const graph = new g.Graph('parts');
  const x = graph.input('x', 'float32', [1, 5, 4, 2 ** 14]);
  const weights = { rows: graph.input('rows', 'float32', ['R', 1, 4]), columns: graph.input('columns', 'float32', ['R', 2, 2 ** 14]) };
  const y = g.roiAlign(x, graph.input('boxes', 'float32', ['R', 4]), graph.input('images', 'int64', ['R']), {
    size: [1, 2],
    scale: 1,
    weights,
  });
  const dy = graph.input('dy', 'float32', ['R', 5, 1, 2]);
  graph.output('dx', g.gradients(g.reshape(g.reduceSum(g.mul(y, dy), [0, 1, 2, 3]), []), [x])[0]!);
  const feeds = { rows: random([3, 1, 4], 1), columns: random([3, 2, 2 ** 14], 2), dy: random([3, 5, 1, 2], 3) };
  const { dx } = await evaluate(graph, feeds);
  for (const index of [
    [0, 0, 1, 5],
    [0, 1, 0, 9000],
    [0, 4, 3, 16383],
  ]) {
    const [, c, row, column] = index as [number, number, number, number];
    const terms = [0, 1, 2].flatMap((r) =>
      [0, 1].map((q) => at(feeds.rows, [r, 0, row]) * at(feeds.dy, [r, c, 0, q]) * at(feeds.columns, [r, q, column])),
    );
    expect(at(dx!, index)).toBeCloseTo(
      terms.reduce((sum, term) => sum + term, 0),
      5,
    );
  }
});
