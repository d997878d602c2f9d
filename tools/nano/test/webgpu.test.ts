import { ClipTokenizer } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { addTrainingStep, cosineRate, Graph, linear, mul, Parameters, reduceMean, reshape, toOnnx, warmUp } from '@vitamin-vlm/graph';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';
import { type StepEntry, readLog, train } from '@vitamin-vlm/training';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
// The cases of the gradient test: every operator and its rule.
import { gradientModels } from '../../../packages/graph/test/cases.ts';
import { contrastiveFeeds } from '../src/batch.ts';
import { buildTrainingStep, modelShapes } from '../src/contrastive.ts';
import { initialize } from '../src/initialize.ts';
import { sampleBatch } from '../src/sampler.ts';

const driver = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
beforeEach((context) => context.skip(!driver, 'no Vulkan driver is named by VK_ICD_FILENAMES or VK_DRIVER_FILES'));

/** Refuses operators which WebGPU lacks, where ONNX Runtime would run them on the CPU unsaid. */
const webGpu: SessionOptions = { provider: 'webgpu', threads: 1, extra: { 'session.disable_cpu_ep_fallback': '1' } };

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
  await using gpu = await Session.create(model, webGpu);
  const used = Object.fromEntries(cpu.inputs.map((input) => [input.name, feeds[input.name]!]));
  const expected = await cpu.run(used);
  // Vulkan allows sin and cos an absolute error of 2^-11.
  const bound = name === 'sin' || name === 'cos' ? 2 ** -10 : 1e-4;
  expect(differing(expected, await gpu.run(used), Object.keys(expected), bound)).toEqual([]);
});

function waves(shape: readonly number[], wave: (x: number) => number): Tensor {
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((size, dim) => size * dim) }, (_, i) => wave(i)),
  );
}

it('trains a small model as the CPU does', async () => {
  const graph = new Graph('fit');
  const parameters = new Parameters(graph, { trainable: () => true });
  const y = linear(parameters.root.at('fc'), graph.input('x', 'float32', [8, 4]), 2);
  addTrainingStep(reshape(reduceMean(mul(y, y), [0, 1]), []), parameters.trained, {
    beta1: 0.9,
    beta2: 0.98,
    eps: 1e-6,
    weightDecay: (_, shape) => (shape.length > 1 ? 0.2 : 0),
    clipNorm: 0.5,
  });
  const folder = await mkdtemp(join(tmpdir(), 'webgpu-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const losses: number[][] = [];
  for (const session of [{ threads: 1 }, webGpu]) {
    const runFolder = join(folder, `${losses.length}`);
    await train({
      folder: runFolder,
      graphs: { step: toOnnx(graph) },
      initial: new Map([
        ['fc.weight', waves([2, 4], Math.cos)],
        ['fc.bias', tensor('float32', [2])],
      ]),
      settings: {},
      steps: 20,
      rate: warmUp(cosineRate(0.05, { from: 1, to: 39 }), { steps: 1, start: 0.5 }),
      batch: () => ({ feeds: { x: waves([8, 4], Math.sin) } }),
      saveEvery: 20,
      session,
    });
    losses.push(((await readLog(join(runFolder, 'log.jsonl'))) as StepEntry[]).map(({ loss }) => loss));
  }
  const [cpu, gpu] = losses as [number[], number[]];
  expect(gpu[19]).toBeLessThan(gpu[0]! / 2);
  cpu.forEach((loss, step) => expect(Math.abs(gpu[step]! - loss) / loss).toBeLessThan(1e-3));
});

it('takes a whole contrastive training step as the CPU does', { timeout: 600_000 }, async () => {
  const schedule = { batch: 2, steps: 4, warmupSteps: 2, peakRate: 1e-3, weightDecay: 0.1 };
  const model = buildTrainingStep(schedule);
  const initial = initialize(modelShapes(), 5);
  const batch = contrastiveFeeds(sampleBatch(1, schedule.batch), await ClipTokenizer.load());
  await using cpu = await Session.create(model, { threads: 1 });
  // The first step: what the optimizer keeps is 0.
  const state = cpu.inputs.map(({ name, dtype, shape }) => [name, initial.get(name) ?? tensor(dtype, shape as number[])] as const);
  const feeds = { ...Object.fromEntries(state), ...batch, rate: tensor('float32', [], new Float32Array([5e-4])) };
  const trained = [...initial.keys()];
  await using gpu = await Session.create(model, webGpu);
  const expected = await cpu.run(feeds);
  const found = await gpu.run(feeds);
  expect(differing(expected, found, ['loss', 'gradientNorm'], 1e-5)).toEqual([]);
  // The running mean after one step is a tenth of the clipped gradient, the running square 1/50 of its square.
  const named = (suffix: string): string[] => trained.map((path) => `${path}:${suffix}`);
  expect(differing(expected, found, named('mean:next'), 1e-4)).toEqual([]);
  expect(differing(expected, found, named('square:next'), 2e-4)).toEqual([]);
  // The first update is rate · g / (|g| + ε): it magnifies the error of gradients near 0, so it is held to the rate.
  const moved = named('next').map((name): [string, number] => [name, largest(expected[name]!, found[name]!, () => 5e-4)]);
  expect(moved.filter(([, way]) => !(way < 0.01))).toEqual([]);
});
