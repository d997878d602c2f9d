import { type Tensor, tensor } from '@vitamin-vlm/core';
import { gradients, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { randomStream } from '@vitamin-vlm/training';
import { expect, it } from 'vitest';
import {
  batchTargets,
  type FVitConfig,
  initializeHeads,
  takeAtRandom,
  targetFeeds,
  trainingForward,
  trainingLosses,
  trainingRules,
  type TrainingShape,
  type Truth,
} from '../../src/index.ts';
import { random } from '../support/random.ts';

const canvas = { width: 64, height: 64 };
const next = random(3);
const noise = (shape: readonly number[]): Tensor<'float32'> => {
  const value = tensor('float32', shape);
  for (let i = 0; i < value.data.length; i++) value.data[i] = 2 * next() - 1;
  return value;
};

const config: FVitConfig = { channels: [4, 4, 8, 8], width: 8, hidden: 12, embedDim: 6, classes: 3, rpnNorm: true, masks: true };
const shape: TrainingShape = { pictures: 2, canvas, regions: 24, maskRegions: 6 };
const embeddings = noise([6, 4]);
const classes = { embeddings, weights: new Float32Array([1, 0, 1, 0.6]) };
const bitmap = { ...canvas, data: Uint8Array.from({ length: 64 * 64 }, (_, i) => Number(i % 64 > 20 && i % 64 < 40)) };
const truths: Truth[] = [
  { boxes: new Float32Array([12, 10, 44, 50, 2, 2, 20, 20]), classes: Int32Array.of(0, 2), masks: [bitmap, bitmap], extents: canvas },
  { boxes: new Float32Array(), classes: new Int32Array(), masks: [], extents: { width: 64, height: 40 } },
];
const rules = {
  ...trainingRules['ov-lvis'],
  proposals: { perLevel: 40, threshold: 0.7, max: 8 },
  regions: { ...trainingRules['ov-lvis'].regions, count: 12 },
};
const parameters = initializeHeads(config, embeddings, 5);
for (const [path, value] of parameters)
  if (path.startsWith('rpn_head.rpn_cls') || path.includes('fc_reg')) value.data.set(noise(value.shape).data);
const maps = {
  os4: noise([2, 4, 16, 16]),
  os8: noise([2, 4, 8, 8]),
  mid: noise([2, 8, 4, 4]),
  final: noise([2, 8, 4, 4]),
};

async function feedsOf(): Promise<Record<string, Tensor>> {
  const all: Record<string, Tensor> = { ...maps, ...Object.fromEntries(parameters) };
  await using forward = await Session.create(toOnnx(trainingForward(config, shape)), { threads: 1 });
  const results = await forward.run(Object.fromEntries(forward.inputs.map(({ name }) => [name, all[name]!])));
  const targets = batchTargets(results, truths, rules, shape, takeAtRandom(randomStream(1, 1)));
  return { ...all, ...targetFeeds(targets, truths, shape, { background: 3, masks: true }) };
}

it('the gradients of all losses together agree with differences', async () => {
  const { graph, losses, trained, norms } = trainingLosses(config, shape, classes);
  norms.output(graph);
  graph.output('loss', losses.total);
  const paths = [...trained.keys()];
  for (const [i, gradient] of gradients(losses.total, [...trained.values()]).entries()) graph.output(`d ${paths[i]}`, gradient);
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const feeds = await feedsOf();
  const run = async (changed: Record<string, Tensor> = {}): Promise<Record<string, Tensor<'float32'>>> => {
    const all = { ...feeds, ...changed };
    return (await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, all[name]!])))) as Record<
      string,
      Tensor<'float32'>
    >;
  };
  const found = await run();
  expect(found['loss']!.data[0]).toBeGreaterThan(0);
  const errors: number[] = [];
  for (const path of paths) {
    const value = feeds[path] as Tensor<'float32'>;
    const slope = found[`d ${path}`]!.data;
    // Along the gradient itself, so far that float32 sees the difference.
    const norm = Math.hypot(...slope);
    if (norm < 1e-4) continue;
    const step = Math.min(2e-3 / norm, 2e-3) / norm;
    const moved = async (sign: number): Promise<number> => {
      const data = value.data.map((x, i) => x + sign * step * slope[i]!);
      return (await run({ [path]: tensor('float32', value.shape, data) }))['loss']!.data[0]!;
    };
    const difference = ((await moved(1)) - (await moved(-1))) / (2 * step * norm);
    errors.push(Math.abs(difference - norm) / norm);
    if (errors.at(-1)! > 0.2) expect.fail(`${path}: ${errors.at(-1)}`); // steps cross kinks of ReLUs and absolute values
  }
  expect(errors.length).toBeGreaterThan(60);
  expect(errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)]).toBeLessThan(0.01);
  expect(paths.every((path) => !path.includes('running') && !path.includes('all_embeddings'))).toBe(true);
});

it('running statistics move a tenth of the way to those of the batch, once for every level that a norm is used on', async () => {
  const { graph, norms } = trainingLosses(config, shape, classes);
  norms.output(graph);
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const feeds = await feedsOf();
  const found = await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]!])));
  // Variances start at 1 and batches of this size have less: after one level 0.9 + 0.1 v, after five at least 0.9⁵.
  const once = found['neck.fpn_convs.0.bn.running_var:next']!.data as Float32Array;
  const often = found['rpn_head.rpn_conv.0.bn.running_var:next']!.data as Float32Array;
  for (const variance of once) expect(variance).toBeGreaterThan(0.9);
  for (const variance of often) expect(variance).toBeGreaterThan(0.9 ** 5);
  expect(Math.min(...often)).toBeLessThan(0.9 ** 4);
});
