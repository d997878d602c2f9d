import { sizeOf, type Tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { load, random } from './evaluate.ts';

type Build = (...values: g.Value[]) => g.Value;

/** Extents as numbers: `h*4` with h = 2 is 8. */
const resolve = (shape: g.Shape, sizes: Readonly<Record<string, number>>): number[] =>
  shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim.split('*').map((part) => sizes[part] ?? Number(part)))));

/** The expression and the gradients of its weighted sum for each input; the weights are an input too. */
function graphOf(shapes: readonly g.Shape[], build: Build): g.Graph {
  const graph = new g.Graph('extents');
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = build(...inputs);
  graph.output('y', y);
  const seed = graph.input('seed', 'float32', y.shape);
  g.gradients([y], inputs, [seed]).forEach((gradient, i) => graph.output(`d${i}`, gradient));
  return graph;
}

/** One session with names against a session of fixed shapes for each size. */
async function compare(
  shapes: readonly g.Shape[],
  build: Build,
  runs: readonly Record<string, number>[],
  fixed: Build = build,
): Promise<void> {
  const named = await load(graphOf(shapes, build));
  for (const sizes of runs) {
    const real = shapes.map((shape) => resolve(shape, sizes));
    const graph = graphOf(real, fixed);
    const feeds: Record<string, Tensor> = Object.fromEntries(real.map((shape, i) => [`x${i}`, random(shape, i + 1)]));
    feeds['seed'] = random(graph.inputs.get('seed')!.shape as number[], 99);
    const one = await load(graph);
    const expected = await one.run(feeds);
    const found = await named.run(feeds);
    for (const name of Object.keys(expected)) {
      expect({ name, shape: found[name]!.shape }).toEqual({ name, shape: expected[name]!.shape });
      const worst = Math.max(...expected[name]!.data.map((value, i) => Math.abs(found[name]!.data[i]! - value)));
      expect({ name, close: worst < 1e-5 }).toEqual({ name, close: true });
    }
    await one.release();
  }
  await named.release();
}

const sizes = [
  { N: 1, P: 3, S: 1, h: 1, w: 2 },
  { N: 2, P: 1, S: 4, h: 2, w: 1 },
  { N: 3, P: 2, S: 2, h: 3, w: 3 },
];

describe('one session for every size gives what fixed shapes give, gradients included', () => {
  const cases: Record<string, [shapes: readonly g.Shape[], named: Build, fixed?: Build]> = {
    'broadcast over two names': [
      [
        ['N', 1, 2],
        ['P', 2],
      ],
      g.mul,
    ],
    'reshape of two names in place': [
      [['N', 'P', 6]],
      (x) => g.reshape(x, ['N', 'P', 3, 2]),
      (x) => g.reshape(x, [...x.shape.slice(0, 2), 3, 2]),
    ],
    'reshape to two names elsewhere': [
      [['N', 'P', 2]],
      (x) => g.reshape(x, [2, 'N', 'P']),
      (x) => g.reshape(x, [2, x.shape[0]!, x.shape[1]!]),
    ],
    'rows of two names and back': [
      [['N', 'P', 4]],
      (x) => g.reshape(g.exp(g.reshape(x, [g.product(['N', 'P']), 4])), x.shape),
      (x) => g.reshape(g.exp(g.reshape(x, [g.product(x.shape.slice(0, 2)), 4])), x.shape),
    ],
    'expand to a name': [
      [
        ['N', 1, 2],
        ['P', 1],
      ],
      (x, y) => g.add(g.expand(x, ['N', 'P', 2]), y),
      g.add,
    ],
    reduceSum: [[['N', 'P', 2]], (x) => g.reduceSum(x, [0, 1])],
    reduceMean: [[['N', 'h*2', 3]], (x) => g.reduceMean(x, [0, 1])],
    reduceMax: [[['N', 'P', 3]], (x) => g.reduceMax(x, [1])],
    'the last element': [[['N', 'P', 2]], (x) => g.slice(x, { axis: 1, start: -1 })],
    'the first of a multiple': [[['h*4', 2]], (x) => g.slice(x, { axis: 0, start: 1, end: 4, step: 2 })],
    'every second': [[['h*4', 2]], (x) => g.slice(x, { axis: 0, start: 1, step: 2 })],
    'all but the first': [
      [
        ['P', 2],
        [1, 2],
      ],
      (x, y) => g.concat([g.slice(g.concat([x, y], 0, 'T'), { axis: 0, start: 1 }), y], 0),
    ],
    'all but the last, with a name': [[['h*2', 2]], (x) => g.slice(x, { axis: 0, start: 0, end: -1, extent: 'R' })],
    'a table cut at a name': [
      [
        ['N', 'P', 2],
        [9, 2],
      ],
      (x, table) => g.mul(x, g.slice(table, { axis: 0, start: 0, end: 'P' })),
      (x, table) => g.mul(x, g.slice(table, { axis: 0, start: 0, end: x.shape[1]! })),
    ],
    'concat to a name': [
      [
        ['N', 'P', 2],
        ['N', 'S', 2],
      ],
      (x, y) => g.concat([x, y, x], 1, 'T'),
    ],
    'concat to a product': [
      [
        ['N', 'h*4'],
        ['N', 'h*2'],
      ],
      (x, y) => g.concat([x, y], 1),
    ],
    pad: [[['N', 'P', 2]], (x) => g.pad(x, 1, 1, 2, 'T')],
    matmul: [
      [
        ['N', 'P', 'S'],
        ['N', 'S', 'P'],
      ],
      g.matmul,
    ],
    gemm: [[['N', 'P'], ['S', 'P'], ['S']], (a, b, c) => g.gemm(a, b, c, { transB: true })],
    softmax: [[['N', 'P']], g.softmax],
    layerNormalization: [[['N', 'h*4'], ['h*4'], ['h*4']], (x, s, b) => g.layerNormalization(x, s, b, 1e-5)],
    attention: [[['N', 'P', 12]], (x) => g.attention(x, 2)],
  };
  for (const [name, [shapes, named, fixed]] of Object.entries(cases)) it(name, () => compare(shapes, named, sizes, fixed));
});

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

it('refuses names that only stand in products of several', () => {
  const graph = new g.Graph('products');
  const x = graph.input('x', 'float32', ['M*N', 1]);
  expect(() => g.expand(x, ['M*N', 'M'])).toThrow(/"M" to be the extent of some input/);
});
