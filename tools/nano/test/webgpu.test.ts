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
import { differing, expectSameStep } from './same-step.ts';

const driver = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
beforeEach((context) => context.skip(!driver, 'no Vulkan driver is named by VK_ICD_FILENAMES or VK_DRIVER_FILES'));

/** Refuses operators which WebGPU lacks, where ONNX Runtime would run them on the CPU unsaid. */
const webGpu: SessionOptions = { provider: 'webgpu', threads: 1, extra: { 'session.disable_cpu_ep_fallback': '1' } };

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
  await expectSameStep(webGpu);
});
