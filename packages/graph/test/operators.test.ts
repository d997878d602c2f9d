import { type DType, VitaminError } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { liveNodes } from '../src/prune.ts';
import { cases, feedsOf, gradientGraph } from './cases.ts';
import { evaluate, load } from './evaluate.ts';
import { operators } from './operators/index.ts';
import { allTypes, type Case, Draw, type NamedCase, resolve } from './operators/row.ts';
import { webgpu } from './webgpu-operators.ts';

/** Exports that are no operators, and layers that only look up parameters for an operator of the table. */
const others = `
  accumulatedStep
  adamW
  addAccumulation
  addTrainingStep
  addUpdate
  clipGradients
  constantRate
  conv2d
  convTranspose2d
  batchNorm
  groupNorm
  cosineRate
  gradients
  Graph
  layerNorm
  layerNorm2d
  linear
  multiStepRate
  pack4Bit
  packInt8
  Parameters
  Params
  product
  quotient
  rmsNorm
  roiWeights
  rotaryTable
  toOnnx
  unpack4Bit
  warmUp
`
  .trim()
  .split(/\s+/);

it('has a row for every exported operator, with gradient cases or an excuse', () => {
  const functions = Object.keys(g).filter((name) => !others.includes(name));
  expect(functions.filter((name) => !(name in operators))).toEqual([]);
  expect(Object.keys(operators).filter((name) => !functions.includes(name))).toEqual([]);
  for (const [name, row] of Object.entries(operators)) {
    const known = 'excuse' in row.gradients ? row.gradients.excuse : row.gradients;
    expect({ name, forward: row.forward.length > 0, gradients: known.length > 0 }).toEqual({ name, forward: true, gradients: true });
  }
});

/** Where numbers lie further from what is expected than the tolerance, with both values. */
function faults(name: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: (value: number) => number): string[] {
  return Array.from(expected, (value, i) => [value, found[i]!, i] as const)
    .filter(([value, other]) => !(value === other || Math.abs(value - other) <= tolerance(value)))
    .map(([value, other, i]) => `${name}[${i}]: expected ${value} but found ${other}`);
}

describe('agrees with plain loops on random shapes', () => {
  for (const [name, { forward }] of Object.entries(operators)) {
    if (typeof forward === 'string') continue;
    it(name, async () => {
      const draw = new Draw();
      const pairs = Array.from({ length: 12 }, () => forward.map((make) => make(draw))).flat();
      pairs.forEach(([value], i) => draw.graph.output(`y${i}`, value));
      const found = await evaluate(draw.graph, draw.feeds);
      pairs.forEach(([value, expected], i) => {
        const { shape, data } = found[`y${i}`]!;
        expect(shape).toEqual(expected.shape);
        expect(draw.resolve(value.shape)).toEqual(expected.shape);
        expect(faults(`y${i}`, data, expected.data, (number) => 1e-5 * (1 + Math.abs(number)))).toEqual([]);
      });
    });
  }
});

/** The model of a case in another element type; bfloat16, which cannot be fed, comes from a cast. Undefined when the types are refused. */
function typedGraph({ shapes, build }: Case, dtype: DType, withGradients: boolean): g.Graph | undefined {
  const graph = new g.Graph('typed');
  try {
    const fed = shapes.map((shape, i) => graph.input(`x${i}`, dtype === 'bfloat16' ? 'float32' : dtype, shape));
    const inputs = fed.map((value) => g.cast(value, dtype));
    const y = build(...inputs);
    graph.output('y', y.dtype === 'bfloat16' ? g.cast(y, 'float32') : y);
    if (withGradients) g.gradients([y], inputs, [y]).forEach((gradient, i) => graph.output(`d${i}`, g.cast(gradient, 'float32')));
    return graph;
  } catch (error) {
    expect(error).toBeInstanceOf(VitaminError);
    return undefined;
  }
}

describe('takes the element types that ONNX Runtime computes in, and refuses the others at the call', () => {
  for (const [name, { gradients, types = ['float32', 'float64', 'float16'] }] of Object.entries(operators)) {
    it(name, async () => {
      const example = 'excuse' in gradients ? gradients.call : gradients[0]!;
      const graphs = allTypes.flatMap((dtype) => {
        const graph = typedGraph(example, dtype, false);
        return graph ? [[dtype, graph] as const] : [];
      });
      expect(graphs.map(([dtype]) => dtype)).toEqual(allTypes.filter((dtype) => types.includes(dtype)));
      for (const [, graph] of graphs) await (await load(graph)).release();
      if ('excuse' in gradients) return;
      for (const dtype of types.filter((type) => type === 'float64' || type === 'float16')) {
        for (const other of gradients.filter(({ cpuOnly }) => !cpuOnly)) await (await load(typedGraph(other, dtype, true)!)).release();
      }
    });
  }
});

/** The operators that WebGPU lacks among those that depend on inputs: the others are worked out when the model loads. */
function lackingOnWebGpu(graph: g.Graph): string[] {
  const fed = new Set([...graph.inputs.values()].map((value) => value.name));
  return liveNodes(graph).flatMap(({ op, inputs, values }) => {
    if (!inputs.some((input) => input && fed.has(input.name))) return [];
    for (const value of values) fed.add(value.name);
    const { dtype } = inputs.find((input) => input && (op !== 'Where' || input.dtype !== 'bool'))!;
    return webgpu.get(op)?.includes(dtype) ? [] : [`${op} of ${dtype}`];
  });
}

it('uses for gradients what WebGPU runs', () => {
  const lacking = cases.flatMap(([name, example]) =>
    example.cpuOnly === undefined ? lackingOnWebGpu(gradientGraph(example)).map((operator) => `${name}: ${operator}`) : [],
  );
  expect([...new Set(lacking)]).toEqual([]);
});

/** Elements whose gradient differs from central differences by more than 2e-3 of the largest gradient (at least of 0.01). */
async function gradientFaults(example: Case): Promise<string[]> {
  const graph = gradientGraph(example);
  const feeds = feedsOf(graph, example);
  const weights = feeds['seed']!.data;
  const model = await load(graph);
  const found = await model.run(feeds);
  // The difference quotient is taken element by element in float64 on top of float32 outputs.
  const loss = async (): Promise<number> => (await model.run(feeds))['y']!.data.reduce((sum, v, i) => sum + v * weights[i]!, 0);
  const h = 2 ** -7;
  const compared: [place: string, difference: number, gradient: number][] = [];
  for (const [i] of example.shapes.entries()) {
    const { data } = feeds[`x${i}`]!;
    for (let at = 0; at < data.length; at += Math.max(1, Math.floor(data.length / 9))) {
      const x = data[at]!;
      data[at] = x + h;
      const up = await loss();
      data[at] = x - h;
      const down = await loss();
      data[at] = x;
      compared.push([`x${i}[${at}]`, (up - down) / (2 * h), found[`d${i}`]!.data[at]!]);
    }
  }
  await model.release();
  const scale = Math.max(0.01, ...compared.map(([, , gradient]) => Math.abs(gradient)));
  return compared
    .filter(([, difference, gradient]) => !(Math.abs(difference - gradient) < 2e-3 * scale))
    .map(([place, difference, gradient]) => `${place}: differences give ${difference} but the rule ${gradient}`);
}

describe('has the gradient that central differences show', () => {
  it.each(cases)('%s', async (_, example) => {
    expect(await gradientFaults(example)).toEqual([]);
  });
});

const sizes: readonly Readonly<Record<string, number>>[] = [
  { N: 1, P: 3, S: 1, h: 1, w: 2 },
  { N: 2, P: 1, S: 4, h: 2, w: 1 },
  { N: 3, P: 2, S: 2, h: 3, w: 3 },
];

/** One session with names against a session of fixed shapes for each size, gradients included. */
async function namedFaults(example: NamedCase): Promise<string[]> {
  const named = await load(gradientGraph(example));
  const wrong: string[] = [];
  for (const [run, size] of sizes.entries()) {
    const fixed = { ...example, shapes: example.shapes.map((shape) => resolve(shape, size)) };
    const graph = gradientGraph(fixed);
    const feeds = feedsOf(graph, fixed);
    const expected = await evaluate(graph, feeds);
    const found = await named.run(feeds);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect({ name, shape: found[name]!.shape }).toEqual({ name, shape });
      wrong.push(...faults(`size ${run}, ${name}`, found[name]!.data, data, (value) => 1e-5 * (1 + Math.abs(value))));
    }
  }
  await named.release();
  return wrong;
}

describe('gives in one session of named extents what it gives for each size', () => {
  for (const [name, { named = [] }] of Object.entries(operators)) {
    it.each(named.map((example) => [example.of ? `${name}, ${example.of}` : name, example] as const))('%s', async (_, example) => {
      expect(await namedFaults(example)).toEqual([]);
    });
  }
});

describe('tells the user what is wrong', () => {
  for (const [operator, { mistakes = {} }] of Object.entries(operators)) {
    it.each(Object.entries(mistakes).map(([name, mistake]) => [`${operator}, ${name}`, ...mistake] as const))('%s', (_, mistake, told) => {
      let error: unknown;
      try {
        mistake(new Draw());
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(VitaminError);
      expect(['USAGE', 'UNSUPPORTED']).toContain((error as VitaminError).code);
      expect((error as VitaminError).message).toMatch(/^Expected .* but /);
      expect((error as VitaminError).message).toContain(told);
    });
  }
});
