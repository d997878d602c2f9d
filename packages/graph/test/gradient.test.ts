import { tensor, type Tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';

type Case = readonly [name: string, shapes: readonly (readonly number[])[], build: (...values: g.Value[]) => g.Value, shift?: number];

const conv = (stride: number, groups: number) => (x: g.Value, w: g.Value, b: g.Value) =>
  g.conv(x, w, b, { stride, padding: (w.shape[2] as number) >> 1, groups });

const cases: readonly Case[] = [
  ['add with broadcast', [[2, 3], [3]], g.add],
  [
    'sub with broadcast',
    [
      [2, 1, 3],
      [4, 1],
    ],
    g.sub,
  ],
  [
    'mul with broadcast',
    [
      [2, 3],
      [2, 1],
    ],
    g.mul,
  ],
  ['div', [[2, 3], [3]], g.div, 3],
  ['neg', [[4]], g.neg],
  ['exp', [[4]], g.exp],
  ['log', [[4]], g.log, 2],
  ['sqrt', [[4]], g.sqrt, 2],
  ['sin', [[4]], g.sin],
  ['cos', [[4]], g.cos],
  ['erf', [[5]], g.erf],
  ['sigmoid', [[5]], g.sigmoid],
  ['gelu', [[7]], g.gelu],
  ['quickGelu', [[7]], g.quickGelu],
  ['reshape and transpose', [[2, 3, 4]], (x) => g.transpose(g.reshape(x, [6, 4]), [1, 0])],
  ['slice with step', [[2, 7]], (x) => g.slice(x, { axis: 1, start: 1, end: 6, step: 2 })],
  ['pad', [[2, 3]], (x) => g.pad(x, 1, 1, 2)],
  [
    'concat',
    [
      [2, 3],
      [2, 2],
    ],
    (a, b) => g.concat([a, b], 1),
  ],
  ['expand', [[2, 1, 3]], (x) => g.expand(x, [2, 4, 3])],
  ['reduceSum', [[2, 3, 4]], (x) => g.reduceSum(x, [0, 2])],
  ['reduceMean', [[2, 3, 4]], (x) => g.reduceMean(x, [1])],
  [
    'matmul, batched',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    g.matmul,
  ],
  [
    'matmul, shared right side',
    [
      [2, 3, 4],
      [4, 5],
    ],
    g.matmul,
  ],
  ['gemm', [[3, 4], [4, 2], [2]], (a, b, c) => g.gemm(a, b, c)],
  [
    'gemm, both transposed',
    [
      [4, 3],
      [2, 4],
    ],
    (a, b) => g.gemm(a, b, null, { transA: true, transB: true }),
  ],
  ['softmax', [[2, 5]], g.softmax],
  ['logSoftmax', [[2, 5]], g.logSoftmax],
  ['layerNormalization', [[2, 3, 6], [6], [6]], (x, s, b) => g.layerNormalization(x, s, b, 1e-6)],
  ['l2Normalize', [[3, 4]], (x) => g.l2Normalize(x)],
  ['conv 1x1', [[2, 3, 4, 4], [5, 3, 1, 1], [5]], conv(1, 1)],
  ['conv 3x3', [[2, 3, 4, 5], [2, 3, 3, 3], [2]], conv(1, 1)],
  ['conv 3x3 stride 2, even side', [[1, 2, 6, 6], [3, 2, 3, 3], [3]], conv(2, 1)],
  ['conv 3x3 stride 2, odd side', [[1, 2, 5, 7], [3, 2, 3, 3], [3]], conv(2, 1)],
  ['depthwise conv 3x3', [[2, 4, 5, 4], [4, 1, 3, 3], [4]], conv(1, 4)],
  ['depthwise conv 3x3 stride 2', [[2, 4, 6, 6], [4, 1, 3, 3], [4]], conv(2, 4)],
  ['averagePool', [[1, 2, 6, 6]], (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 })],
  ['averagePool, odd side', [[1, 2, 5, 7]], (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 })],
  ['attention', [[2, 4, 12]], (qkv) => g.attention(qkv, 2)],
];

/** Largest distance between the graph's gradients and central differences, relative to the largest gradient. */
async function gradientError([, shapes, build, shift = 0]: Case): Promise<number> {
  const graph = new g.Graph('case');
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = build(...inputs);
  // A loss that weighs every output differently, so that a wrong order of elements shows.
  const weights = graph.constant(random(y.shape as number[], 7));
  const loss = g.reshape(g.reduceSum(g.mul(y, weights), [...y.shape.keys()]), []);
  graph.output('loss', loss);
  const at: Record<string, Tensor<'float32'>> = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, random(shape, i + 1)]));
  for (const t of Object.values(at)) for (let i = 0; i < t.data.length; i++) t.data[i]! += shift;
  const lossAt = new g.Graph('loss');
  const lossInputs = shapes.map((shape, i) => lossAt.input(`x${i}`, 'float32', shape));
  const lossY = build(...lossInputs);
  lossAt.output('y', lossY);
  g.gradients(loss, inputs).forEach((gradient, i) => graph.output(`d${i}`, gradient));
  const found = await evaluate(graph, at);
  // The difference quotient is taken element by element in float64 on top of float32 outputs.
  const weightData = random(y.shape as number[], 7).data;
  const run = async (): Promise<number> => (await evaluate(lossAt, at))['y']!.data.reduce((sum, v, i) => sum + v * weightData[i]!, 0);
  let worst = 0;
  let scale = 0;
  const h = 2 ** -7;
  for (const [name, t] of Object.entries(at)) {
    const gradient = found[name.replace('x', 'd')]!.data;
    for (let i = 0; i < t.data.length; i += Math.max(1, Math.floor(t.data.length / 9))) {
      const x = t.data[i]!;
      t.data[i] = x + h;
      const up = await run();
      t.data[i] = x - h;
      const down = await run();
      t.data[i] = x;
      worst = Math.max(worst, Math.abs((up - down) / (2 * h) - gradient[i]!));
      scale = Math.max(scale, Math.abs(gradient[i]!));
    }
  }
  return worst / scale;
}

describe('every gradient rule agrees with central differences', () => {
  for (const example of cases) {
    it(example[0], async () => {
      expect(await gradientError(example)).toBeLessThan(2e-3);
    });
  }
});

it('gather adds the rows of repeated indices', async () => {
  const graph = new g.Graph('gather');
  const table = graph.input('table', 'float32', [4, 2]);
  const rows = g.gather(table, graph.input('ids', 'int64', [3]));
  const loss = g.reshape(g.reduceSum(g.mul(rows, rows), [0, 1]), []);
  graph.output('d', g.gradients(loss, [table])[0]!);
  const feeds = {
    table: tensor('float32', [4, 2], new Float32Array([1, 2, 3, 4, 5, 6, 7, 8])),
    ids: tensor('int64', [3], new BigInt64Array([2n, 0n, 2n])),
  };
  expect([...(await evaluate(graph, feeds))['d']!.data]).toEqual([2, 4, 0, 0, 20, 24, 0, 0]);
});

it('does not differentiate what nobody asked for', () => {
  const graph = new g.Graph('frozen');
  const x = graph.input('x', 'float32', [2, 4]);
  const frozen = graph.input('frozen', 'float32', [4, 4]);
  const head = graph.input('head', 'float32', [4, 3]);
  const y = g.matmul(g.gelu(g.matmul(x, frozen)), head);
  const before = graph.nodes.length;
  g.gradients(g.reshape(g.reduceSum(y, [0, 1]), []), [head]);
  expect(
    graph.nodes
      .slice(before)
      .map((node) => node.op)
      .filter((op) => op === 'Erf'),
  ).toEqual([]);
  expect(() => g.gradients(g.reduceSum(x, [0, 1]), [head])).toThrow(/depend on "head"/);
});
