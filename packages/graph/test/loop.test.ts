import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate } from './evaluate.ts';

const floats = (...numbers: number[]): Tensor => tensor('float32', [numbers.length], Float32Array.from(numbers));

it('goes its rounds, with weights of the graph outside, and keeps what a round gives', async () => {
  const graph = new g.Graph('powers');
  const x = graph.input('x', 'float32', ['N']);
  const scale = g.mul(x, 1); // a result that is an output too: its public name goes into the body
  graph.output('scale', scale);
  const { states, collected } = g.loop(graph, { most: 4, states: [x] }, (inside, round, [power]) => {
    const next = g.mul(power!, inside.capture(scale));
    return { states: [next], collected: [next, round] };
  });
  graph.output('last', states[0]!);
  graph.output('all', collected[0]!);
  graph.output('rounds', g.cast(collected[1]!, 'float32'));
  expect(collected[0]!.shape).toEqual([4, 'N']);
  const found = await evaluate(graph, { x: floats(2, -1) });
  expect([...found['last']!.data]).toEqual([32, -1]);
  expect([...found['all']!.data]).toEqual([4, 1, 8, -1, 16, 1, 32, -1]);
  expect([...found['rounds']!.data]).toEqual([0, 1, 2, 3]);
});

it('stops when a round says so, with a state that grows', async () => {
  const graph = new g.Graph('until');
  const most = graph.input('most', 'int64', []);
  const seen = graph.input('seen', 'float32', ['P']);
  const { states, collected } = g.loop(
    graph,
    { most, states: [{ value: seen, inside: ['Q'], after: ['T'] }], rounds: 'R' },
    (_, __, [before]) => {
      const total = g.reduceSum(before!, [0]);
      return { states: [g.concat([before!, total], 0, 'Q1')], again: g.reshape(g.less(total, 20), []), collected: [total] };
    },
  );
  graph.output('seen:next', g.mul(states[0]!, 1));
  graph.output('totals', collected[0]!);
  expect([states[0]!.shape, collected[0]!.shape]).toEqual([['T'], ['R', 1]]);
  const run = async (rounds: bigint): Promise<number[][]> => {
    const found = await evaluate(graph, { most: tensor('int64', [], BigInt64Array.of(rounds)), seen: floats(1, 2) });
    return [[...found['seen:next']!.data], [...found['totals']!.data]];
  };
  expect(await run(9n)).toEqual([
    [1, 2, 3, 6, 12, 24],
    [3, 6, 12, 24],
  ]);
  expect(await run(2n)).toEqual([
    [1, 2, 3, 6],
    [3, 6],
  ]);
});

it('nests, and reads a graph two levels outside', async () => {
  const graph = new g.Graph('nested');
  const x = graph.input('x', 'float32', [1]);
  const { states } = g.loop(graph, { most: 3, states: [x] }, (outer, _, [sum]) => ({
    states: g.loop(outer, { most: 2, states: [sum!] }, (inner, __, [part]) => ({ states: [g.add(part!, inner.capture(x))] })).states,
  }));
  graph.output('y', states[0]!);
  expect([...(await evaluate(graph, { x: floats(2) }))['y']!.data]).toEqual([14]); // 2 + 3 · 2 · 2
});
