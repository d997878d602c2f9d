import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate } from './evaluate.ts';

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

it('gives the gradient to every part of a split', async () => {
  const graph = new g.Graph('split');
  const x = graph.input('x', 'float32', [4]);
  const part = { dtype: 'float32' as const, shape: [2] };
  const spec = { op: 'Split', inputs: [x], attributes: { axis: 0, num_outputs: 2 }, outputs: [part, part], differentiable: 2 };
  const [left, right] = graph.apply({ ...spec, gradient: [(a, b) => g.concat([a, b], 0)] });
  graph.output('both', g.gradients(g.reduceSum(g.add(left!, g.mul(right!, 3)), [0]), [x])[0]!);
  graph.output('second', g.gradients(g.reduceSum(g.mul(right!, 3), [0]), [x])[0]!);
  const found = await evaluate(graph, { x: tensor('float32', [4]) });
  expect([...found['both']!.data]).toEqual([1, 1, 3, 3]);
  expect([...found['second']!.data]).toEqual([0, 0, 3, 3]);
});

const vector = (...values: number[]): Tensor => tensor('float32', [values.length], new Float32Array(values));

it('sums the gradients of several outputs, each from its seed', async () => {
  const graph = new g.Graph('seeds');
  const x = graph.input('x', 'float32', [2]);
  const [square, cube] = [g.mul(x, x), g.mul(g.mul(x, x), x)];
  const seeds = ['s', 't'].map((name) => graph.input(name, 'float32', [2]));
  graph.output('d', g.gradients([square, cube, square], [x], [...seeds, seeds[0]!])[0]!);
  const found = await evaluate(graph, { x: vector(1, 2), s: vector(1, 10), t: vector(1, 0.5) });
  expect([...found['d']!.data]).toEqual([2 * 2 * 1 + 3, 2 * 4 * 10 + 12 * 0.5]);
});

it('shares the gradient of equal largest and smallest elements as PyTorch does', async () => {
  const graph = new g.Graph('ties');
  const x = graph.input('x', 'float32', [4]);
  graph.output('most', g.gradients(g.reduceMax(x, [0]), [x])[0]!);
  graph.output('least', g.gradients(g.reduceSum(g.minimum(x, 3), [0]), [x])[0]!);
  const found = await evaluate(graph, { x: tensor('float32', [4], new Float32Array([3, 1, 3, 5])) });
  expect([...found['most']!.data]).toEqual([0, 0, 0, 1]);
  expect([...found['least']!.data]).toEqual([0.5, 1, 0.5, 0]);
  const twice = await evaluate(graph, { x: tensor('float32', [4], new Float32Array([5, 1, 3, 5])) });
  expect([...twice['most']!.data]).toEqual([0.5, 0, 0, 0.5]);
});

it('gives the gradient of equal largest pixels to the first one of a window, as PyTorch does', async () => {
  const graph = new g.Graph('equal');
  const x = graph.input('x', 'float32', [1, 1, 3, 3]);
  const y = g.maxPool(x, { kernel: 2, stride: 1 });
  graph.output('d', g.gradients([y], [x], [graph.input('dy', 'float32', [1, 1, 2, 2])])[0]!);
  const picture = tensor('float32', [1, 1, 3, 3], Float32Array.of(5, 5, 1, 5, 2, 5, 0, 5, -1));
  const found = await evaluate(graph, { x: picture, dy: tensor('float32', [1, 1, 2, 2], Float32Array.of(1, 10, 100, 1000)) });
  expect([...found['d']!.data]).toEqual([1, 10, 0, 100, 0, 1000, 0, 0, 0]);
});

it('asks for the weights of groups, however many', () => {
  const graph = new g.Graph('groups');
  const parameters = new g.Parameters(graph);
  const x = graph.input('x', 'float32', ['N', 64, 'h*2', 'w*2']);
  const y = g.conv2d(parameters.root.at('a'), x, 128, { kernel: [3, 1], stride: 2, groups: 32 });
  const z = g.convTranspose2d(parameters.root.at('b'), y, 32, { kernel: 2, stride: 2, groups: 16, bias: false });
  expect(z.shape).toEqual(['N', 32, 'h*2', 'w*2']);
  expect([...parameters.declared]).toEqual([
    ['a.weight', [128, 2, 3, 1]],
    ['a.bias', [128]],
    ['b.weight', [128, 2, 2, 2]],
  ]);
});
