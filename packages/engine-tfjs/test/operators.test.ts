import { TfjsEngine } from '@vitamin-vlm/engine-tfjs';
import { type Graph, toOnnx } from '../../graph/src/index.ts';
import { describe, expect, it } from 'vitest';
// The table with a row for every operator, and the plain loops that say what each one gives.
import { cases, feedsOf, gradientGraph } from '../../graph/test/cases.ts';
import { evaluate } from '../../graph/test/evaluate.ts';
import { operators } from '../../graph/test/operators/index.ts';
import { type Case, Draw, resolve } from '../../graph/test/operators/row.ts';
import { faults, run } from './run.ts';

/** What TensorFlow.js does not run, by the row or case that needs it, and what the error must name. */
const refused: Readonly<Record<string, string>> = {
  groupQueryAttention: 'found com.microsoft.GroupQueryAttention',
  matmul4Bit: 'found com.microsoft.MatMulNBits',
  matmulInt8: 'found DynamicQuantizeLinear, MatMulInteger',
  loop: 'found Loop',
  'cast, float64 and back': 'found weights of float64, Cast with to=11 (2 times)',
};

/** Calls of operators that have no gradient; those that take no float32 stand in the first test. */
const calls = Object.entries(operators).flatMap(([name, { gradients, types = ['float32'] }]) =>
  'excuse' in gradients && types.includes('float32') ? [[name, gradients.call] as const] : [],
);
const named = Object.entries(operators).flatMap(([name, { named: examples = [] }]) =>
  examples.map((example) => [example.of ? `${name}, ${example.of}` : name, example] as const),
);

function callGraph({ shapes, build }: Case): Graph {
  const draw = new Draw();
  const graph = draw.graph;
  graph.output('y', build(...shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape))));
  return graph;
}

/** A graph's results on ONNX Runtime and on TensorFlow.js. */
async function differences(graph: Graph, example: Case, backend: 'cpu' | 'wasm', fixed = graph): Promise<string[]> {
  const feeds = feedsOf(fixed, example);
  const expected = await evaluate(fixed, feeds);
  const found = await run(toOnnx(graph).bytes, feeds, backend);
  return Object.entries(expected).flatMap(([name, value]) => faults(name, found[name]!, value, 1e-4));
}

describe.each(['cpu', 'wasm'] as const)('on the backend %s', (backend) => {
  describe('agrees with plain loops on random shapes', () => {
    for (const [name, { forward }] of Object.entries(operators)) {
      if (typeof forward === 'string') continue;
      it(name, async () => {
        const draw = new Draw();
        const pairs = Array.from({ length: 12 }, () => forward.map((make) => make(draw))).flat();
        pairs.forEach(([value], i) => draw.graph.output(`y${i}`, value));
        const found = await run(toOnnx(draw.graph).bytes, draw.feeds, backend);
        expect(pairs.flatMap(([, expected], i) => faults(`y${i}`, found[`y${i}`]!, expected))).toEqual([]);
      });
    }
  });

  it.each(cases.filter(([name]) => !(name in refused)))(
    'gives the result and the gradients that ONNX Runtime gives: %s',
    async (_, example) => {
      expect(await differences(gradientGraph(example), example, backend)).toEqual([]);
    },
  );

  it.each(named)('gives it where extents have names: %s', async (_, example) => {
    const fixed = { ...example, shapes: example.shapes.map((shape) => resolve(shape, { N: 2, P: 1, S: 4, h: 2, w: 1 })) };
    expect(await differences(gradientGraph(example), fixed, backend, gradientGraph(fixed))).toEqual([]);
  });

  it.each(calls.filter(([name]) => !(name in refused)))('gives the result that ONNX Runtime gives: %s', async (_, example) => {
    expect(await differences(callGraph(example), example, backend)).toEqual([]);
  });
});

it.each(Object.entries(refused))('refuses what it cannot do, by name: %s', async (name, told) => {
  const graph = name.startsWith('cast')
    ? gradientGraph(cases.find(([other]) => other === name)![1])
    : callGraph(calls.find(([other]) => other === name)![1]);
  await expect(TfjsEngine.create({ model: toOnnx(graph).bytes, backend: 'cpu' })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: `Expected what TensorFlow.js can compute here but ${told}`,
  });
});
