import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { causal, evaluate, random } from './evaluate.ts';

const vector = (...numbers: number[]): Tensor<'float32'> => tensor('float32', [numbers.length], new Float32Array(numbers));

it('normalizes zero vectors to zeros, with finite gradients elsewhere', async () => {
  const graph = new g.Graph('zero');
  const x = graph.input('x', 'float32', [2, 2]);
  const y = g.l2Normalize(x);
  graph.output('y', y);
  const first = g.reshape(g.reduceSum(g.slice(y, { axis: 1, start: 0, end: 1 }), [0, 1]), []);
  graph.output('d', g.gradients(first, [x])[0]!);
  const found = await evaluate(graph, { x: tensor('float32', [2, 2], new Float32Array([0, 0, 3, 4])) });
  [0, 0, 0.6, 0.8].forEach((value, i) => expect(found['y']!.data[i]).toBeCloseTo(value, 6));
  expect(found['d']!.data.every((value) => Number.isFinite(value))).toBe(true);
  [0.128, -0.096].forEach((value, i) => expect(found['d']!.data[2 + i]).toBeCloseTo(value, 6)); // y²/‖x‖³ and -xy/‖x‖³
});

it('keeps hidden elements of softmax and logSoftmax at 0 and -infinity, with gradients', async () => {
  for (const [op, hidden] of [
    [g.softmax, 0],
    [g.logSoftmax, -Infinity],
  ] as const) {
    const graph = new g.Graph('hidden');
    const x = graph.input('x', 'float32', [3]);
    const y = op(g.add(x, graph.constant(vector(0, -Infinity, 0))));
    graph.output('y', y);
    const seen = g.slice(y, { axis: 0, start: 0, end: 1 });
    graph.output('d', g.gradients(seen, [x])[0]!);
    const found = await evaluate(graph, { x: vector(1, 2, 1) });
    expect(found['y']!.data[1]).toBe(hidden);
    const slope = hidden === 0 ? 0.25 : 0.5;
    [slope, 0, -slope].forEach((value, i) => expect(found['d']!.data[i]).toBeCloseTo(value, 6));
  }
});

it('does not overflow for large logits', async () => {
  const graph = new g.Graph('large');
  const x = graph.input('x', 'float32', [3]);
  graph.output('p', g.softmax(x));
  graph.output('y', g.logSoftmax(x));
  const found = await evaluate(graph, { x: vector(1e4, 1e4, -3e38) });
  expect([...found['p']!.data]).toEqual([0.5, 0.5, 0]);
  expect(found['y']!.data[0]).toBeCloseTo(-Math.LN2, 6);
});

it('lets no gradient through hidden tokens', async () => {
  const graph = new g.Graph('mask');
  const qkv = graph.input('qkv', 'float32', [1, 3, 6]);
  const y = g.attention(qkv, 1, graph.constant(causal(3)));
  const second = g.reshape(g.reduceSum(g.slice(y, { axis: 1, start: 1, end: 2 }), [0, 1, 2]), []);
  graph.output('d', g.gradients(second, [qkv])[0]!);
  const { data } = (await evaluate(graph, { qkv: random([1, 3, 6], 3) }))['d']!;
  expect(data.slice(12)).toEqual(new Float32Array(6)); // the third token
  expect(data.slice(0, 12).every((value) => Number.isFinite(value))).toBe(true);
  expect(data.slice(0, 6).some((value) => value !== 0)).toBe(true);
});

it('broadcasts gradients back over a named batch', async () => {
  const graph = new g.Graph('batch');
  const x = graph.input('x', 'float32', ['N', 3]);
  const bias = graph.input('bias', 'float32', [3]);
  const weight = graph.input('weight', 'float32', [2, 3]);
  const loss = g.reshape(g.reduceSum(g.gather(g.affine(g.add(x, bias), weight, null), graph.input('row', 'int32', [1])), [0, 1]), []);
  expect(g.gradients(loss, [bias])[0]!.shape).toEqual([3]);
  const dot = g.matmul(g.transpose(x, [1, 0]), g.add(x, bias)); // [3, 3], summed over the batch
  graph.output('d', g.gradients(g.reshape(g.reduceSum(dot, [0, 1]), []), [bias])[0]!);
  const found = await evaluate(graph, { x: tensor('float32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6])), bias: vector(0, 0, 0) });
  expect([...found['d']!.data]).toEqual([21, 21, 21]);
});

it('reduces over no axes to the value itself', () => {
  const x = new g.Graph('none').input('x', 'float32', [2, 3]);
  expect(g.reduceSum(x, [])).toBe(x);
});

it('writes products of extents in one form', () => {
  expect(g.product([])).toBe(1);
  expect(g.product(['N', 3, 'M'])).toBe('M*N*3');
  expect(g.product([g.product(['N', 6]), 2])).toBe(g.product([4, 'N', 3]));
});

it('gives names that never clash', async () => {
  const graph = new g.Graph('names');
  const x = graph.input('Exp_0', 'float32', [1]);
  const y = g.exp(x);
  const z = g.neg(g.exp(g.add(y, 1)));
  graph.output('Add_1', y);
  graph.output('Exp_1', z);
  graph.output('constant_0', g.mul(z, 2));
  const found = await evaluate(graph, { Exp_0: vector(0) });
  expect(found['Add_1']!.data[0]).toBeCloseTo(1, 6);
  expect(found['Exp_1']!.data[0]).toBeCloseTo(-Math.exp(2), 5);
  expect(found['constant_0']!.data[0]).toBeCloseTo(-2 * Math.exp(2), 5);
});

it('avoids even names that look generated', async () => {
  const graph = new g.Graph('generated');
  const x = graph.input('Exp#0', 'float32', [1]);
  graph.output('Neg#1', g.exp(x));
  graph.output('y', g.neg(g.exp(x)));
  expect((await evaluate(graph, { 'Exp#0': vector(0) }))['y']!.data[0]).toBeCloseTo(-1, 6);
});
