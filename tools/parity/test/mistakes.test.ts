import { readFileSync } from 'node:fs';
import { textTowers, type ViTaminConfig, vitaminSizes } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, layerNorm, linear, type Node, Parameters, type Params, reduceMean, reshape, toOnnx, type Value } from '@vitamin-vlm/graph';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { compare } from '../src/compare.ts';
import type { Expected } from '../src/expectation.ts';
import { formulaInput, formulaTensor, parseExpectations } from '../src/index.ts';
import { imageShapes, textShapes } from '../src/shapes.ts';
import { imageTaps, textTaps } from '../src/taps.ts';

const config = vitaminSizes.nano;
const expectations = parseExpectations(readFileSync(new URL('../expectations/nano.json', import.meta.url), 'utf8'));
const expected = (kind: string, field: string): Expected =>
  expectations.find((entry) => entry.kind === kind && entry.tensors.has(field))!.tensors.get(field)!;

/** How a tower is got wrong: other weights, another network, or other nodes. */
interface Mistake {
  readonly stored?: (name: string) => string;
  readonly config?: ViTaminConfig;
  readonly head?: (visual: Params, tokens: Value) => Value;
  readonly node?: (node: Node, index: number) => Node | readonly Node[];
}

async function embedding({ stored = (name) => name, config: changed = config, head, node }: Mistake): Promise<Tensor<'float32'>> {
  const shapes = imageShapes(config, 64);
  const weights = new Map([...shapes].map(([name, shape]) => [name, formulaTensor(stored(name), shape)]));
  const graph = new Graph('mistake');
  const { root } = new Parameters(graph, { weights });
  const taps = imageTaps(root, graph.input('image', 'float32', [1, 3, 64, 64]), changed);
  graph.output('embedding', head ? head(root.at('visual'), taps['tokens']!) : taps['embedding']!);
  if (node) graph.nodes.splice(0, graph.nodes.length, ...graph.nodes.flatMap(node));
  return await run(graph, { image: formulaInput(64, 64) });
}

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Tensor<'float32'>> {
  const session = await ort.InferenceSession.create(toOnnx(graph).bytes);
  const inputs = Object.entries(feeds).map(([name, { dtype, data, shape }]) => [
    name,
    new ort.Tensor(dtype as 'float32', data as Float32Array, shape),
  ]);
  const output = Object.values(await session.run(Object.fromEntries(inputs) as Record<string, ort.Tensor>))[0]!;
  await session.release();
  return { dtype: 'float32', shape: output.dims, data: output.data as Float32Array };
}

/** Nodes of one operator with other attributes. */
const change =
  (op: string, attributes: Node['attributes'] & object) =>
  (node: Node): Node =>
    node.op === op ? { ...node, attributes: { ...node.attributes, ...attributes } } : node;
/** Layer norms left out by the name of their weight. */
const without =
  (norm: string) =>
  (node: Node): Node =>
    node.op === 'LayerNormalization' && node.inputs[1]!.name.endsWith(`${norm}.weight`) ? as('Identity', node) : node;
const as = (op: string, { inputs, outputs, values }: Node): Node => ({
  op,
  inputs: inputs.slice(0, 1),
  outputs: outputs.slice(0, 1),
  values: values.slice(0, 1),
});
/** The first activation is the one that timm hides in the stem's norm. */
const firstGelu = (op: string) => {
  let seen = false;
  return (node: Node): Node => {
    if (node.op !== 'Gelu' || seen) return node;
    seen = true;
    return as(op, node);
  };
};
/** x · sigmoid(1.702 x) */
function quick(node: Node): Node | readonly Node[] {
  if (node.op !== 'Gelu') return node;
  const [x] = node.inputs as [Value];
  const value = (name: string): Value => ({ ...x, name: `${node.values[0]!.name}_${name}` });
  const [scaled, gate] = [value('scaled'), value('gate')];
  return [
    { ...as('Mul', node), inputs: [x, x.graph.scalar(1.702)], values: [scaled] },
    { ...as('Sigmoid', node), inputs: [scaled], values: [gate] },
    { ...as('Mul', node), inputs: [x, gate] },
  ];
}

const swap = (name: string): string => name.replace(/mlp\.w([01])/u, (_, digit) => `mlp.w${1 - Number(digit)}`);

const mistakes: Record<string, Mistake> = {
  'tanh GELU instead of erf': { node: change('Gelu', { approximate: 'tanh' }) },
  QuickGELU: { node: quick },
  'average pool that counts the padding': { node: change('AveragePool', { count_include_pad: 1 }) },
  'average pool of 2 x 2': { node: change('AveragePool', { kernel_shape: [2, 2], pads: [0, 0, 0, 0] }) },
  'no mlp.norm': { node: without('mlp.norm') },
  'no norm2': { node: without('norm2') },
  'w0 and w1 swapped': { stored: swap },
  'position embedding skipped': { config: { ...config, positions: false } },
  'activation of the stem forgotten': { node: firstGelu('Identity') },
  'ReLU in the stem': { node: firstGelu('Relu') },
  'fc_norm before pooling': {
    head: (visual, tokens) => {
      const normed = reduceMean(layerNorm(visual.at('trunk').at('fc_norm'), tokens, 1e-6), [1]);
      return linear(visual.at('head').at('proj'), reshape(normed, [1, config.widths[2]]), config.embedDim, { bias: false });
    },
  },
};

describe('the limits of parity', () => {
  it('let the network as it is pass with room to spare', async () => {
    expect(compare(await embedding({}), expected('image', 'embedding')).error).toBeLessThan(5e-6);
  });

  it.each(Object.keys(mistakes))('catch: %s', async (name) => {
    const { error, limit } = compare(await embedding(mistakes[name]!), expected('image', 'embedding'));
    expect(error).toBeGreaterThan(limit);
  });

  it('catch: text read at the last end token instead of the first', async () => {
    const entry = expectations.findLast((found) => found.kind === 'text')!;
    const tower = textTowers.nano;
    const ids = tensor('int32', [entry.ids.length, tower.context], Int32Array.from(entry.ids.flat()));
    const featuresAt = async (end: (row: readonly number[]) => number): Promise<Tensor<'float32'>> => {
      const weights = new Map([...textShapes(tower)].map(([name, shape]) => [name, formulaTensor(name, shape)]));
      const graph = new Graph('text');
      const { root } = new Parameters(graph, { weights });
      const inputs = [graph.input('ids', 'int32', ids.shape), graph.input('ends', 'int32', [entry.ids.length])] as const;
      graph.output('features', textTaps(root, ...inputs, tower)['features']!);
      const ends = Int32Array.from(entry.ids, (row, n) => n * tower.context + end(row));
      return await run(graph, { ids, ends: tensor('int32', [entry.ids.length], ends) });
    };
    const features = entry.tensors.get('features')!;
    expect(compare(await featuresAt((row) => row.indexOf(49_407)), features).error).toBeLessThan(5e-6);
    expect(compare(await featuresAt((row) => row.lastIndexOf(49_407)), features).pass).toBe(false);
  });

  // Too small an effect for the limits of the format, so it is held here.
  it('lie above the effect of eps 1e-5 instead of 1e-6, which is still seen', async () => {
    const wrong = await embedding({ node: change('LayerNormalization', { epsilon: { float: 1e-5 } }) });
    const { error } = compare(wrong, expected('image', 'embedding'));
    expect(error).toBeGreaterThan(5e-6);
  });
});
