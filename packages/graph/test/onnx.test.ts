import { link, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';

it('reads weights from the place in the file where they lie', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'graph-'));
  try {
    const numbers = random([2, 3], 5);
    const file = join(folder, 'checkpoint.safetensors');
    await writeFile(file, Buffer.concat([Buffer.alloc(128, 7), Buffer.from(numbers.data.buffer)]));
    const graph = new g.Graph('external');
    const record = { name: 'w', dtype: 'float32', shape: [2, 3], file, offset: 128, byteLength: 24 } as const;
    graph.output('y', g.add(graph.initializer('w', record), graph.input('x', 'float32', [3])));
    const model = g.toOnnx(graph);
    expect([...model.externalFiles.values()]).toEqual([file]);
    for (const [location, source] of model.externalFiles) await link(source, join(folder, location));
    await writeFile(join(folder, 'model.onnx'), model.bytes);
    const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
    const { y } = await session.run({ x: new ort.Tensor('float32', new Float32Array(3), [3]) });
    await session.release();
    expect(y!.data).toEqual(numbers.data);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('leaves out what no output needs', async () => {
  const graph = new g.Graph('taps');
  const x = graph.input('x', 'float32', [2]);
  const unused = graph.input('unused', 'float32', [2]);
  g.exp(unused);
  graph.output('same', x);
  const y = g.exp(x);
  graph.output('y', y);
  graph.output('again', y);
  const found = await evaluate(graph, { x: tensor('float32', [2], new Float32Array([0, 1])), unused: tensor('float32', [2]) });
  expect([...found['same']!.data]).toEqual([0, 1]);
  expect(found['again']!.data).toEqual(found['y']!.data);
  expect(Buffer.from(g.toOnnx(graph).bytes).includes('unused')).toBe(false);
});

it('keeps a named batch extent through linear layers, attention and pooling', async () => {
  const graph = new g.Graph('batch');
  const parameters = new g.Parameters(graph);
  const x = graph.input('x', 'float32', ['N', 5, 8]);
  const y = g.linear(parameters.root.at('out'), g.attention(g.linear(parameters.root.at('qkv'), x, 24), 2), 4);
  graph.output('y', g.reduceMean(y, [1]));
  expect(y.shape).toEqual(['N', 5, 4]);
  const weights = Object.fromEntries([...parameters.declared].map(([path, shape], i) => [path, random(shape, i + 1)]));
  const both = await evaluate(graph, { ...weights, x: random([2, 5, 8], 9) });
  const first = await evaluate(graph, { ...weights, x: tensor('float32', [1, 5, 8], random([2, 5, 8], 9).data.slice(0, 40)) });
  expect(both['y']!.shape).toEqual([2, 1, 4]);
  first['y']!.data.forEach((value, i) => expect(value).toBeCloseTo(both['y']!.data[i]!, 6));
});

it('widens 16-bit weights inside the graph', async () => {
  const graph = new g.Graph('half');
  const weights = new Map<string, Tensor>([
    ['w', tensor('float16', [2], new Uint16Array([0x3c00, 0xc000]))],
    ['b', tensor('bfloat16', [2], new Uint16Array([0x3f80, 0x4000]))],
  ]);
  const { root } = new g.Parameters(graph, { weights });
  graph.output('y', g.add(g.add(root.get('w', [2]), root.get('b', [2])), graph.input('x', 'float32', [2])));
  expect([...(await evaluate(graph, { x: tensor('float32', [2]) }))['y']!.data]).toEqual([2, 0]);
});

it('reports every missing, mismatched and unused tensor at once', () => {
  const graph = new g.Graph('problems');
  const weights = new Map([
    ['fc.weight', tensor('float32', [3, 5])],
    ['old.bias', tensor('float32', [1])],
  ]);
  const parameters = new g.Parameters(graph, { weights });
  g.linear(parameters.root.at('fc'), graph.input('x', 'float32', ['N', 4]), 3);
  let error: unknown;
  try {
    parameters.check();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(VitaminError);
  expect((error as VitaminError).code).toBe('WEIGHTS_MISMATCH');
  expect((error as VitaminError).message).toBe(
    'Expected weights that fit the model but found 3 problems:\n  mismatched fc.weight: expected [3, 4], found [3, 5]\n  missing    fc.bias: expected [3]\n  unused     old.bias',
  );
  expect(() => parameters.check({ unusedAllowed: () => true })).toThrow(/2 problems/);
});

it('names both shapes when an operator cannot fit them', () => {
  const graph = new g.Graph('errors');
  const a = graph.input('a', 'float32', [2, 3]);
  const b = graph.input('b', 'float32', [4, 5]);
  expect(() => g.add(a, b)).toThrow('[2, 3] and [4, 5]');
  expect(() => g.matmul(a, b)).toThrow('[2, 3] and [4, 5]');
  expect(() => g.reshape(a, [5])).toThrow('[2, 3]');
  expect(() => g.slice(a, { axis: 1, start: 1, end: 9 })).toThrow('1:9:1');
  expect(() => g.add(a, new g.Graph('other').input('c', 'float32', [3]))).toThrow('of another');
});

it('samples on a grid beside Gelu too, which needs a later operator set', async () => {
  const numbers = random([1, 1, 2, 2], 1);
  const mean = numbers.data.reduce((sum, value) => sum + value, 0) / 4;
  // gelu(x) - gelu(-x) = x
  for (const same of [(x: g.Value): g.Value => x, (x: g.Value): g.Value => g.sub(g.gelu(x), g.gelu(g.neg(x)))]) {
    const graph = new g.Graph('sets');
    graph.output('y', same(g.gridSample(graph.input('x', 'float32', [1, 1, 2, 2]), graph.input('grid', 'float32', [1, 1, 1, 2]))));
    const found = await evaluate(graph, { x: numbers, grid: tensor('float32', [1, 1, 1, 2]) });
    expect(found['y']!.data[0]).toBeCloseTo(mean, 6);
  }
});
