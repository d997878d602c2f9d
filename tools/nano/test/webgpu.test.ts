import { ClipTokenizer } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { addTrainingStep, Graph, linear, mul, type OnnxModel, Parameters, reduceMean, reshape, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { beforeEach, expect, it } from 'vitest';
// The cases of the gradient test: every operator and its rule.
import { gradientModels } from '../../../packages/graph/test/cases.ts';
import { contrastiveFeeds } from '../src/batch.ts';
import { buildTrainingStep, modelShapes } from '../src/contrastive.ts';
import { initialize } from '../src/initialize.ts';
import { sampleBatch } from '../src/sampler.ts';
import { advance, initialState } from '../src/training-state.ts';

const driver = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
beforeEach((context) => context.skip(!driver, 'no Vulkan driver is named by VK_ICD_FILENAMES or VK_DRIVER_FILES'));

/** A session that refuses operators which WebGPU lacks, where ONNX Runtime would run them on the CPU unsaid. */
const onWebGpu = (model: OnnxModel): Promise<Session> =>
  Session.create(model, { provider: 'webgpu', threads: 1, extra: { 'session.disable_cpu_ep_fallback': '1' } });

type Outputs = Readonly<Record<string, Tensor>>;

/** Largest |found - expected|, relative to `scale` of the expected value. */
function largest(expected: Tensor, found: Tensor, scale: (value: number) => number): number {
  const [a, b] = [expected.data, found.data] as [Float32Array, Float32Array];
  return a.reduce((worst, value, i) => (value === b[i] ? worst : Math.max(worst, Math.abs(value - b[i]!) / scale(value))), 0);
}

/** Relative to each value and the mean magnitude of those that are not 0: most rows of an embedding table get no gradient. */
function distance(expected: Tensor, found: Tensor): number {
  const others = (expected.data as Float32Array).filter((value) => value !== 0);
  const mean = others.reduce((sum, value) => sum + Math.abs(value), 0) / others.length;
  return largest(expected, found, (value) => Math.abs(value) + mean);
}

/** The outputs that differ by more than the bound, and by how much. */
function differing(expected: Outputs, found: Outputs, names: readonly string[], bound: number): [string, number][] {
  const distances = names.map((name): [string, number] => [name, distance(expected[name]!, found[name]!)]);
  return distances.filter(([, value]) => !(value < bound));
}

it.each(gradientModels())('computes "$name" and its gradients as the CPU does', async ({ name, model, feeds }) => {
  await using cpu = await Session.create(model, { threads: 1 });
  await using gpu = await onWebGpu(model);
  const used = Object.fromEntries(cpu.inputs.map((input) => [input.name, feeds[input.name]!]));
  const expected = await cpu.run(used);
  // Vulkan allows sin and cos an absolute error of 2^-11.
  const bound = name === 'sin' || name === 'cos' ? 2 ** -10 : 1e-4;
  expect(differing(expected, await gpu.run(used), Object.keys(expected), bound)).toEqual([]);
});

it('trains a small model as the CPU does', async () => {
  const graph = new Graph('fit');
  const parameters = new Parameters(graph, { trainable: () => true });
  const y = linear(parameters.root.at('fc'), graph.input('x', 'float32', [8, 4]), 2);
  addTrainingStep(reshape(reduceMean(mul(y, y), [0, 1]), []), parameters.trained, {
    beta1: 0.9,
    beta2: 0.98,
    eps: 1e-6,
    weightDecay: 0.2,
    clipNorm: 0.5,
    schedule: { peak: 0.05, warmupSteps: 2, totalSteps: 40 },
    decays: (_, shape) => shape.length > 1,
  });
  const model = toOnnx(graph);
  const sessions = [await Session.create(model, { threads: 1 }), await onWebGpu(model)];
  const x = tensor(
    'float32',
    [8, 4],
    Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
  );
  const losses: number[][] = [];
  for (const session of sessions) {
    const weight = tensor(
      'float32',
      [2, 4],
      Float32Array.from({ length: 8 }, (_, i) => Math.cos(i)),
    );
    const state = initialState(new Map([...initialize(parameters.declared, 1), ['fc.weight', weight]]), [...parameters.trained.keys()]);
    losses.push([]);
    while (state.step < 20) {
      const step = tensor('float32', [], new Float32Array([state.step + 1]));
      const outputs = await session.run({ ...Object.fromEntries(state.tensors), x, step });
      losses.at(-1)!.push(outputs['loss']!.data[0] as number);
      advance(state, outputs);
    }
    await session.close();
  }
  const [cpu, gpu] = losses as [number[], number[]];
  expect(gpu[19]).toBeLessThan(gpu[0]! / 2);
  cpu.forEach((loss, step) => expect(Math.abs(gpu[step]! - loss) / loss).toBeLessThan(1e-3));
});

it('takes a whole contrastive training step as the CPU does', { timeout: 600_000 }, async () => {
  const schedule = { batch: 2, steps: 4, warmupSteps: 2, peakRate: 1e-3, weightDecay: 0.1 };
  const { model, trained } = buildTrainingStep(schedule);
  const state = initialState(initialize(modelShapes(), 5), trained);
  const batch = contrastiveFeeds(sampleBatch(1, schedule.batch), await ClipTokenizer.load());
  const feeds = { ...Object.fromEntries(state.tensors), ...batch, step: tensor('float32', [], new Float32Array([1])) };
  await using cpu = await Session.create(model, { threads: 1 });
  await using gpu = await onWebGpu(model);
  const expected = await cpu.run(feeds);
  const found = await gpu.run(feeds);
  expect(differing(expected, found, ['loss', 'gradientNorm', 'rate'], 1e-5)).toEqual([]);
  // The running mean after one step is a tenth of the clipped gradient, the running square 1/50 of its square.
  const named = (suffix: string): string[] => trained.map((path) => `${path}:${suffix}`);
  expect(differing(expected, found, named('mean:next'), 1e-4)).toEqual([]);
  expect(differing(expected, found, named('square:next'), 2e-4)).toEqual([]);
  // The first update is rate · g / (|g| + ε): it magnifies the error of gradients near 0, so it is held to the rate.
  const rate = expected['rate']!.data[0] as number;
  const moved = named('next').map((name): [string, number] => [name, largest(expected[name]!, found[name]!, () => rate)]);
  expect(moved.filter(([, way]) => !(way < 0.01))).toEqual([]);
});
