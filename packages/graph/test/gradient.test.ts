import { tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { type Case, cases, gradientGraph } from './cases.ts';
import { evaluate, load } from './evaluate.ts';

/** Largest distance between the graph's gradients and central differences, relative to the largest gradient. */
async function gradientError(example: Case): Promise<number> {
  const { graph, feeds, weights } = gradientGraph(example);
  const model = await load(graph);
  const found = await model.run(feeds);
  // The difference quotient is taken element by element in float64 on top of float32 outputs.
  const loss = async (): Promise<number> => (await model.run(feeds))['y']!.data.reduce((sum, v, i) => sum + v * weights.data[i]!, 0);
  let worst = 0;
  let scale = 0;
  const h = 2 ** -7;
  for (const [name, t] of Object.entries(feeds)) {
    const gradient = found[name.replace('x', 'd')]!.data;
    for (let i = 0; i < t.data.length; i += Math.max(1, Math.floor(t.data.length / 9))) {
      const x = t.data[i]!;
      t.data[i] = x + h;
      const up = await loss();
      t.data[i] = x - h;
      const down = await loss();
      t.data[i] = x;
      worst = Math.max(worst, Math.abs((up - down) / (2 * h) - gradient[i]!));
      scale = Math.max(scale, Math.abs(gradient[i]!));
    }
  }
  await model.release();
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
