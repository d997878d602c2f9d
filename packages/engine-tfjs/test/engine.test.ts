import { type Tensor, tensor } from '@vitamin-vlm/core';
import { listBackends, loadBackend, TfjsEngine } from '@vitamin-vlm/engine-tfjs';
import * as g from '@vitamin-vlm/graph';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from './run.ts';
import type { Tf } from '../src/operators/operator.ts';

const numbers = (...values: number[]): Tensor<'float32'> => tensor('float32', [values.length], Float32Array.from(values));

/** A graph over x [3]. */
function graphOf(build: (x: g.Value) => g.Value): g.Graph {
  const graph = new g.Graph('test');
  graph.output('y', build(graph.input('x', 'float32', [3])));
  return graph;
}

const bytesOf = (build: (x: g.Value) => g.Value): Uint8Array => g.toOnnx(graphOf(build)).bytes;

it.each(['cpu', 'wasm'] as const)('gives everything back: memory is flat over 100 training steps (%s)', async (backend) => {
  const graph = new g.Graph('step');
  const parameters = new g.Parameters(graph, { trainable: () => true });
  const x = g.conv2d(parameters.root.at('stem'), graph.input('x', 'float32', [2, 3, 8, 8]), 4, { kernel: 3, stride: 2, padding: 1 });
  const tokens = g.layerNorm(parameters.root.at('norm'), g.transpose(g.reshape(x, [2, 4, 16]), [0, 2, 1]), 1e-6);
  const y = g.attention(g.linear(parameters.root.at('qkv'), tokens, 12), 2);
  g.addTrainingStep(g.reshape(g.reduceMean(g.mul(y, y), [0, 1, 2]), []), parameters.trained, {
    beta1: 0.9,
    beta2: 0.98,
    eps: 1e-6,
    weightDecay: () => 0,
    clipNorm: 1,
  });
  const tf = (await loadBackend(backend)).tf as Tf;
  const empty = tf.memory();
  const engine = await TfjsEngine.create({ model: g.toOnnx(graph).bytes, backend });
  let feeds = Object.fromEntries(
    engine.inputs.map(({ name, dtype, shape }) => {
      const values = tensor(dtype, shape as number[]);
      if (!name.includes(':')) (values.data as Float32Array).forEach((_, i) => (values.data[i] = Math.sin(i + 1)));
      return [name, values];
    }),
  );
  const loaded = tf.memory();
  const losses: number[] = [];
  for (let step = 0; step < 100; step++) {
    const found = await engine.run(feeds);
    losses.push((found['loss']!.data as Float32Array)[0]!);
    feeds = {
      ...feeds,
      ...Object.fromEntries(Object.entries(found).flatMap(([name, value]) => (name.endsWith(':next') ? [[name.slice(0, -5), value]] : []))),
    };
    feeds['rate'] = tensor('float32', [], Float32Array.of(0.01));
  }
  expect(losses[99]).toBeLessThan(losses[0]! / 10);
  expect(tf.memory()).toMatchObject({ numTensors: loaded.numTensors, numBytes: loaded.numBytes });
  await engine.close();
  expect(tf.memory()).toMatchObject({ numTensors: empty.numTensors, numBytes: empty.numBytes });
});

it('runs two backends in turn on one thread, each on its own', async () => {
  const model = bytesOf((x) => g.exp(x));
  const [a, b] = await Promise.all((['cpu', 'wasm'] as const).map((backend) => TfjsEngine.create({ model, backend })));
  const tf = (await loadBackend('cpu')).tf as Tf;
  const seen: string[] = [];
  for (const engine of [a!, b!, a!]) {
    const results = await Promise.all([engine.run({ x: numbers(0, 1, 2) }), a!.run({ x: numbers(0, 0, 0) })]);
    seen.push(engine.provider, tf.getBackend());
    expect(results[0]['y']!.data[1]).toBeCloseTo(Math.E, 5);
  }
  expect(seen).toEqual(['tfjs-cpu', 'cpu', 'tfjs-wasm', 'cpu', 'tfjs-cpu', 'cpu']);
});

it('leaves feeds alone, and gives results of their own', async () => {
  const x = numbers(1, 2, 3);
  const model = bytesOf((value) =>
    g.scatterND(value, value.graph.constant(tensor('int64', [1, 1], BigInt64Array.of(1n))), value.graph.scalar(9, 'float32', [1])),
  );
  const first = await run(model, { x }, 'cpu');
  expect(first['y']!.data).toEqual(Float32Array.of(1, 9, 3));
  expect(x.data).toEqual(Float32Array.of(1, 2, 3));
  const graph = new g.Graph('echo');
  graph.output('y', graph.input('x', 'float32', [3]));
  const echo = await run(g.toOnnx(graph).bytes, { x }, 'cpu');
  expect(echo['y']!.data).not.toBe(x.data);
  expect(echo['y']!.data).toEqual(x.data);
});

it('carries whole numbers and truth values in and out, and refuses what 32 bits cannot hold', async () => {
  const graph = new g.Graph('types');
  const [wide, narrow, truth] = [
    graph.input('wide', 'int64', ['n']),
    graph.input('narrow', 'uint8', ['n']),
    graph.input('truth', 'bool', ['n']),
  ];
  graph.output('sum', g.add(wide, wide));
  graph.output('same', g.where(truth, narrow, g.where(g.logicalNot(truth), narrow, narrow)));
  graph.output('not', g.logicalNot(truth));
  const engine = await TfjsEngine.create({ model: g.toOnnx(graph).bytes, backend: 'cpu' });
  expect(engine.inputs).toEqual([
    { name: 'wide', dtype: 'int64', shape: ['n'] },
    { name: 'narrow', dtype: 'uint8', shape: ['n'] },
    { name: 'truth', dtype: 'bool', shape: ['n'] },
  ]);
  const feeds = { narrow: tensor('uint8', [2], Uint8Array.of(7, 255)), truth: tensor('bool', [2], Uint8Array.of(1, 0)) };
  expect(await engine.run({ ...feeds, wide: tensor('int64', [2], BigInt64Array.of(-3n, 4n)) })).toEqual({
    sum: tensor('int64', [2], BigInt64Array.of(-6n, 8n)),
    same: feeds.narrow,
    not: tensor('bool', [2], Uint8Array.of(0, 1)),
  });
  await expect(engine.run({ ...feeds, wide: tensor('int64', [2], BigInt64Array.of(0n, 2n ** 31n)) })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('in "wide", as TensorFlow.js has no others, but found 2147483648'),
  });
  await engine.close();
});

it('tells at once all that it lacks', async () => {
  const graph = new g.Graph('lacking');
  const x = graph.input('x', 'float16', [2, 2]);
  graph.output('y', g.cast(g.cast(x, 'float64'), 'float16'));
  const error = await TfjsEngine.create({ model: g.toOnnx(graph).bytes, backend: 'cpu' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'UNSUPPORTED',
    message:
      'Expected what TensorFlow.js can compute here but found inputs and outputs of float16 (2 times), Cast with to=11, Cast with to=10',
    hint: expect.stringContaining('provider cpu'),
  });
});

it('names the operator that fails', async () => {
  const graph = new g.Graph('join');
  graph.output('y', g.reshape(graph.input('x', 'float32', ['n', 'm']), ['n*m']));
  graph.output('z', g.concat([graph.input('a', 'float32', [2, 2]), graph.input('b', 'float32', [1, 2])], 0));
  const engine = await TfjsEngine.create({ model: g.toOnnx(graph).bytes, backend: 'cpu' });
  // Shapes are checked by the session; without one, TensorFlow.js has the last word.
  const feeds = { x: tensor('float32', [1, 1]), a: tensor('float32', [2, 2]), b: tensor('float32', [1, 3]) };
  await expect(engine.run(feeds)).rejects.toMatchObject({
    code: 'RUNTIME',
    message: expect.stringMatching(/^Expected Concat "Concat#\d" to run on tfjs-cpu but TensorFlow.js said: /),
  });
  await engine.close();
});

it('reads weights from the file beside the model: whole and halves, and nothing that is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'checkpoint.bin');
  await writeFile(file, new Uint8Array(Uint16Array.of(0, 0x3c00, 0xc000, 0x3800).buffer)); // 0, 1, -2, 0.5
  const record = { name: 'w', file, dtype: 'float16', shape: [3], offset: 2, byteLength: 6 } as const;
  const graph = graphOf((x) => g.mul(x, g.cast(x.graph.initializer('w', record), 'float32')));
  const { bytes, externalFiles } = g.toOnnx(graph);
  const [[location] = ['']] = externalFiles;
  await writeFile(join(folder, 'model.onnx'), bytes);
  const create = (): Promise<TfjsEngine> => TfjsEngine.create({ model: join(folder, 'model.onnx'), backend: 'cpu' });
  await expect(create()).rejects.toMatchObject({ code: 'WEIGHTS_MISSING', message: expect.stringContaining(location) });
  await writeFile(join(folder, location), new Uint8Array(Uint16Array.of(0, 0x3c00, 0xc000, 0x3800).buffer));
  const engine = await create();
  expect((await engine.run({ x: numbers(5, 5, 5) }))['y']!.data).toEqual(Float32Array.of(5, -10, 2.5));
  await engine.close();
  await writeFile(join(folder, location), new Uint8Array(7));
  await expect(create()).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT', message: expect.stringContaining('bytes 2 to 8') });
  await expect(TfjsEngine.create({ model: bytes, backend: 'cpu' })).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
});

it('refuses bytes that are no model, and a path of nothing', async () => {
  await expect(TfjsEngine.create({ model: 'nothing.onnx', backend: 'cpu' })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  for (const bytes of [new Uint8Array(), Uint8Array.of(1, 2, 3), bytesOf((x) => g.exp(x)).subarray(0, 60)]) {
    await expect(TfjsEngine.create({ model: bytes, backend: 'cpu' })).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
  }
});

it('says what is installed, and takes the fastest of it', async () => {
  const found = listBackends();
  expect(found.map(({ name, installed }) => [name, installed])).toEqual([
    ['@tensorflow/tfjs-node-gpu', false],
    ['@tensorflow/tfjs-node', false],
    ['@tensorflow/tfjs-backend-wasm', true],
    ['@tensorflow/tfjs-backend-cpu', true],
  ]);
  expect(await loadBackend()).toMatchObject({ backend: 'wasm', name: '@tensorflow/tfjs-backend-wasm' });
  await expect(loadBackend('tensorflow')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: 'Expected @tensorflow/tfjs-node-gpu, or @tensorflow/tfjs-node to be installed but found none',
    hint: expect.stringContaining('ONNX Runtime'),
  });
});
