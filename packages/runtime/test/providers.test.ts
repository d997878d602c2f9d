import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '@vitamin-vlm/core';
import { add, Graph, loop, toOnnx } from '@vitamin-vlm/graph';
import { listProviders, runtimeInfo, Session, type Provider } from '@vitamin-vlm/runtime';
import { expect, it, onTestFinished } from 'vitest';

import { doublingModel, externalScaleModel, slowModel } from './models.ts';

it('lists what the build offers, and why the rest is missing', async () => {
  const providers = await listProviders();
  expect(providers.find(({ name }) => name === 'cpu')).toEqual({ name: 'cpu', available: true, note: undefined });
  for (const { available, note } of providers) if (!available) expect(note).toBeTruthy();
});

it.each(['worker', 'inline'] as const)('refuses provider names that would silently run on the CPU (%s)', async (execution) => {
  for (const provider of ['openvino', 'CPU', 'webgl', 'xnnpack', 'toString', '']) {
    await expect(Session.create(doublingModel(1, 1), { provider: provider as Provider, execution })).rejects.toMatchObject({
      name: 'VitaminError',
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/^Expected one of the providers cpu.* but received "/),
    });
  }
});

it('refuses known providers whose libraries are not installed', async (context) => {
  const missing = (await listProviders()).filter(({ available }) => !available);
  context.skip(missing.length === 0, 'every provider of this build is installed');
  for (const { name, note } of missing) {
    const error = await Session.create(doublingModel(1, 1), { provider: name as Provider }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: `${name}: ${note}.` });
  }
});

it('computes the same on WebGPU', async (context) => {
  const driver = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
  context.skip(!driver, 'no Vulkan driver is named by VK_ICD_FILENAMES or VK_DRIVER_FILES');
  const x = tensor(
    'float32',
    [64, 64],
    Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
  );
  for (let round = 0; round < 2; round++) {
    await using session = await Session.create(slowModel(64, 3), { provider: 'webgpu' });
    const { y } = await session.run({ x });
    y!.data.forEach((value, i) => expect(value).toBeCloseTo(x.data[i]!, 5));
    expect(await session.run({ x }, { transfer: false })).toEqual({ y });
  }
});

it('describes the runtime', async () => {
  const info = await runtimeInfo();
  expect(info.onnxruntime).toBe('1.30.0');
  expect(info.defaultThreads).toBeLessThanOrEqual(info.cores);
  expect(info.providers).toEqual(await listProviders());
  expect(Object.keys(info.memoryEnvironment)).toEqual(['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_']);
});

it.each(['worker', 'inline'] as const)(
  'runs on TensorFlow.js where that is installed, and says on which backend (%s)',
  async (execution) => {
    const offered = (await listProviders()).filter(({ name }) => name.startsWith('tfjs'));
    expect(offered).toEqual([
      { name: 'tfjs', available: true, note: 'computes on tfjs-wasm' },
      { name: 'tfjs-tensorflow', available: false, note: '@tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node is not installed' },
      { name: 'tfjs-wasm', available: true, note: 'TensorFlow.js, @tensorflow/tfjs-backend-wasm' },
      { name: 'tfjs-cpu', available: true, note: 'TensorFlow.js, @tensorflow/tfjs-backend-cpu' },
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'vitamin-providers-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(0, 3, -2).buffer));
    const model = externalScaleModel(join(folder, 'weights.bin'), 4, 2);
    const results: unknown[] = [];
    for (const provider of ['cpu', 'tfjs', 'tfjs-wasm', 'tfjs-cpu'] as const) {
      await using session = await Session.create(model, { provider, execution, cacheDir: join(folder, 'cache') });
      expect(session.provider).toBe(provider === 'tfjs' ? 'tfjs-wasm' : provider);
      const x = tensor('float32', [2], Float32Array.of(1, 2));
      const [first, second] = await Promise.all([session.run({ x }), session.run({ x }, { transfer: false })]);
      results.push([session.inputs, session.outputs, first, second]);
    }
    for (const result of results) expect(result).toEqual(results[0]);
    expect(results[0]).toContainEqual({ y: tensor('float32', [2], Float32Array.of(3, -4)) });
    const graph = new Graph('rounds');
    const x = graph.input('x', 'float32', [2]);
    graph.output('y', loop(graph, { most: 2, states: [x] }, (_, __, [y]) => ({ states: [add(y!, y!)] })).states[0]!);
    await expect(Session.create(toOnnx(graph), { provider: 'tfjs', execution })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'Expected what TensorFlow.js can compute here but found Loop',
    });
  },
);
