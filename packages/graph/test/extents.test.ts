import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { load, random } from './evaluate.ts';

it('grows a cache of keys: only the new rows of a mask over all rows are seen', async () => {
  const graph = new g.Graph('cache');
  const past = graph.input('past', 'float32', ['N', 'P', 4]);
  const fresh = graph.input('fresh', 'float32', ['N', 'S', 4]);
  const present = g.concat([past, fresh], 1, 'T');
  expect(present.shape).toEqual(['N', 'T', 4]);
  const positions = g.slice(graph.input('positions', 'float32', [8, 4]), { axis: 0, start: 'P', end: 'T' });
  expect(positions.shape).toEqual(['S', 4]);
  graph.output('present', present);
  graph.output('scores', g.matmul(g.add(fresh, positions), g.transpose(present, [0, 2, 1])));
  expect(graph.outputs.get('scores')!.shape).toEqual(['N', 'S', 'T']);
  const session = await load(graph);
  for (const [n, p, s] of [
    [1, 3, 1],
    [2, 2, 4],
  ] as const) {
    const found = await session.run({ past: random([n, p, 4], 1), fresh: random([n, s, 4], 2), positions: random([8, 4], 3) });
    expect(found['scores']!.shape).toEqual([n, s, p + s]);
    expect(found['present']!.shape).toEqual([n, p + s, 4]);
  }
  await session.release();
});

it('reads extents off results that bring their names', async () => {
  const graph = new g.Graph('kept');
  const x = graph.input('x', 'float32', [6]);
  const large = graph.node({ op: 'Greater', inputs: [x, graph.scalar(0)], dtype: 'bool', shape: [6] });
  const [places] = graph.apply({ op: 'NonZero', inputs: [large], outputs: [{ dtype: 'int64', shape: [1, 'K'] }], introduces: ['K'] });
  const kept = g.gather(g.reshape(x, [6, 1]), g.reshape(places!, ['K']));
  graph.output('y', g.expand(g.reshape(kept, [1, 'K']), [2, 'K']));
  graph.output('count', g.expand(graph.scalar(1, 'float32', [1]), ['K']));
  const session = await load(graph);
  const { y, count } = await session.run({ x: { dtype: 'float32', shape: [6], data: new Float32Array([1, -1, 2, -2, 3, -3]) } });
  expect([...y!.data]).toEqual([1, 2, 3, 1, 2, 3]);
  expect([...count!.data]).toEqual([1, 1, 1]);
  await session.release();
});

function attentionOps(shape: g.Shape): string[] {
  const graph = new g.Graph('ops');
  const x = graph.input('x', 'float32', shape);
  g.gradients(g.reduceSum(g.attention(x, 2), [0, 1, 2]), [x]);
  return graph.nodes.map((node) => node.op);
}

it('works out no shape that is fixed or copied', () => {
  expect(attentionOps([2, 4, 12])).not.toContain('Shape');
  expect(attentionOps(['N', 'L', 12]).filter((op) => op === 'Shape')).toHaveLength(2); // to spread the gradient of the sum
});

it('knows sums, products and quotients of extents', () => {
  const graph = new g.Graph('algebra');
  graph.input('x', 'float32', ['P', 'S', 'h*32', 'w*32']);
  expect(g.quotient('h*32', 4)).toBe('h*8');
  expect(g.quotient('h*w*6', 'w*3')).toBe('h*2');
  expect(g.quotient('h', 2)).toBeUndefined();
  expect(graph.extent(['h*w*16', 'h*w*4', 'h*w'])).toBe('h*w*21');
  expect(graph.extent(['P', 2, 'S', 3], [], 'T')).toBe('T');
  expect(graph.extent(['T'], ['P'], 'Q')).toBe('Q');
  expect(graph.extent(['S', 5])).toBe('Q');
  expect(graph.difference(['T'], ['P', 5])).toBe('S');
  expect(graph.difference(['T'], ['h'])).toBeUndefined();
  expect(graph.least('T')).toBe(7);
  expect(graph.least('T')).toBe(7);
});
