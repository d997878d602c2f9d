import { ClipTokenizer } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';
import { expect } from 'vitest';
import { contrastiveFeeds } from '../src/batch.ts';
import { buildTrainingStep, modelShapes } from '../src/contrastive.ts';
import { initialize } from '../src/initialize.ts';
import { sampleBatch } from '../src/sampler.ts';

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
export function differing(expected: Outputs, found: Outputs, names: readonly string[], bound: number): [string, number][] {
  const distances = names.map((name): [string, number] => [name, distance(expected[name]!, found[name]!)]);
  return distances.filter(([, value]) => !(value < bound));
}

/** Takes the first step of the contrastive training of both towers on ONNX Runtime's CPU engine and on another, and expects the same of both. */
export async function expectSameStep(session: SessionOptions): Promise<void> {
  const schedule = { batch: 2, steps: 4, warmupSteps: 2, peakRate: 1e-3, weightDecay: 0.1 };
  const model = buildTrainingStep(schedule);
  const initial = initialize(modelShapes(), 5);
  const batch = contrastiveFeeds(sampleBatch(1, schedule.batch), await ClipTokenizer.load());
  await using cpu = await Session.create(model, { threads: 1 });
  // The first step: what the optimizer keeps is 0.
  const state = cpu.inputs.map(({ name, dtype, shape }) => [name, initial.get(name) ?? tensor(dtype, shape as number[])] as const);
  const feeds = { ...Object.fromEntries(state), ...batch, rate: tensor('float32', [], new Float32Array([5e-4])) };
  const trained = [...initial.keys()];
  await using other = await Session.create(model, session);
  const expected = await cpu.run(feeds);
  const found = await other.run(feeds);
  expect(differing(expected, found, ['loss', 'gradientNorm'], 1e-5)).toEqual([]);
  // The running mean after one step is a tenth of the clipped gradient, the running square 1/50 of its square.
  const named = (suffix: string): string[] => trained.map((path) => `${path}:${suffix}`);
  expect(differing(expected, found, named('mean:next'), 1e-4)).toEqual([]);
  expect(differing(expected, found, named('square:next'), 2e-4)).toEqual([]);
  // The first update is rate · g / (|g| + ε): it magnifies the error of gradients near 0, so it is held to the rate.
  const moved = named('next').map((name): [string, number] => [name, largest(expected[name]!, found[name]!, () => 5e-4)]);
  expect(moved.filter(([, way]) => !(way < 0.01))).toEqual([]);
}
