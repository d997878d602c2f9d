import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { gradients, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { randomStream, readLog, type StepEntry } from '@vitamin-vlm/training';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  drawnPoints,
  initializeSegmenter,
  matchBatch,
  matchedFeeds,
  openSegmenter,
  saveSegmenter,
  trainingForward,
  trainingLosses,
  type TrainingPicture,
  trainingRules,
  trainSegmenter,
  type TrainSegmenterOptions,
  type Truth,
} from '../../src/index.ts';
import { random } from '../support/random.ts';
import { tinyConfig, tinySegmenter, TINY_WINDOW } from '../support/tiny-segmenter.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const next = random(5);
const noise = (shape: readonly number[]): Tensor<'float32'> => {
  const value = tensor('float32', shape);
  for (let i = 0; i < value.data.length; i++) value.data[i] = 2 * next() - 1;
  return value;
};
const unit = (rows: number, width: number): Tensor<'float32'> => {
  const value = noise([rows, width]);
  for (let r = 0; r < rows; r++) {
    const row = value.data.subarray(r * width, (r + 1) * width);
    const length = Math.hypot(...row);
    row.forEach((x, i) => (row[i] = x / length));
  }
  return value;
};

const { canvas } = tinyConfig;
const shape = { pictures: 2, pairs: 4 };
const rules = { ...trainingRules, points: 64 };
const words = { embeddings: unit(4, tinyConfig.embedDim), synonyms: tensor('int64', [3, 2], BigInt64Array.of(0n, 1n, 2n, 2n, 3n, 3n)) };
const mask = (inside: (x: number, y: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: canvas.width * canvas.height }, (_, i) => Number(inside(i % canvas.width, Math.floor(i / canvas.width))));
const truths: Truth[] = [
  { masks: [mask((x, y) => y < 30 && x > 4), mask((x, y) => Math.hypot(x - 30, y - 45) < 12)], classes: Int32Array.of(2, 0) },
  { masks: [mask((x) => x < 40)], classes: Int32Array.of(1) },
];

it('the gradients of all losses together agree with differences', async () => {
  // A start from which few masks cross 0 on the way: see below.
  const parameters = initializeSegmenter(tinyConfig, 104);
  for (const [path, value] of parameters)
    if (/sampling_offsets|attention_weights/u.test(path))
      for (const [i, x] of value.data.entries()) value.data[i] = x + 0.3 * (2 * next() - 1);
  const maps = { os4: noise([2, 8, 16, 16]), os8: noise([2, 16, 8, 8]), final: noise([2, 64, 4, 4]) };
  const points = drawnPoints(tinyConfig, shape, rules, randomStream(1, 1));
  const known: Record<string, Tensor> = { ...maps, ...points, ...Object.fromEntries(parameters) };
  await using forward = await Session.create(toOnnx(trainingForward(tinyConfig, shape, words, rules)), { threads: 1 });
  const results = await forward.run(Object.fromEntries(forward.inputs.map(({ name }) => [name, known[name]!])));
  const matches = matchBatch(results, points, truths, tinyConfig, rules);
  const feeds: Record<string, Tensor> = { ...known, ...matchedFeeds(matches, truths, tinyConfig, shape, 3) };

  const { graph, losses, trained } = trainingLosses(tinyConfig, shape, words, rules);
  graph.output('loss', losses.total);
  const paths = [...trained.keys()];
  for (const [i, gradient] of gradients(losses.total, [...trained.values()]).entries()) graph.output(`d ${paths[i]}`, gradient);
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const run = async (changed: Record<string, Tensor> = {}): Promise<Record<string, Tensor<'float32'>>> => {
    const all = { ...feeds, ...changed };
    return (await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, all[name]!])))) as Record<
      string,
      Tensor<'float32'>
    >;
  };
  const found = await run();
  const errors: number[] = [];
  for (const path of paths) {
    const value = feeds[path] as Tensor<'float32'>;
    const slope = found[`d ${path}`]!.data;
    // Along the gradient itself, so far that float32 sees the difference and masks hardly change sign.
    const norm = Math.hypot(...slope);
    if (norm < 1e-3) continue;
    const step = Math.min(4e-3 / norm, 1e-3) / norm;
    const moved = async (sign: number): Promise<number> => {
      const data = value.data.map((x, i) => x + sign * step * slope[i]!);
      return (await run({ [path]: tensor('float32', value.shape, data) }))['loss']!.data[0]!;
    };
    errors.push(Math.abs(((await moved(1)) - (await moved(-1))) / (2 * step * norm) - norm) / norm);
  }
  expect(errors.length).toBeGreaterThan(0.9 * paths.length);
  // Where a mask crosses 0, pooling, attention and the choice of points jump: their rules say nothing of it.
  const sorted = errors.toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(0.02);
  expect(sorted[Math.floor(0.8 * sorted.length)]).toBeLessThan(0.3);
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-train-'));
  await saveSegmenter(join(folder, 'tiny.pth'), tinySegmenter());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pixels = [0, 1].map(() => noise([1, 3, canvas.height, canvas.width]));

async function learn(name: string, steps: number, changed: Partial<TrainSegmenterOptions> = {}): Promise<string> {
  const { tower } = await openSegmenter(join(folder, 'tiny.pth'), { cacheDir: false });
  await using backbone = Backbone.from(tower, { threads: 1, execution: 'inline' });
  await trainSegmenter({
    folder: join(folder, name),
    backbone,
    config: tinyConfig,
    shape,
    words,
    rules,
    optimizer: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.05, clipNorm: 1 },
    read: { window: TINY_WINDOW, stride: 32 },
    seed: 1,
    origin: {},
    initial: initializeSegmenter(tinyConfig, 1),
    pictureAt: async (place): Promise<TrainingPicture> => ({ pixels: pixels[place % 2]!, ...truths[place % 2]! }),
    steps,
    rate: () => 3e-3,
    saveEvery: 10,
    session: { threads: 1, execution: 'inline' },
    ...changed,
  });
  return join(folder, name);
}

it('learns two scenes by heart; one that was stopped and kept its pictures ends with the same bits as one that was not', async () => {
  const kept = 2;
  const straight = await learn('straight', 40, { kept });
  const entries = (await readLog(join(straight, 'log.jsonl'))).filter((entry): entry is StepEntry => 'loss' in entry);
  expect(entries.at(-1)!.loss).toBeLessThan(0.4 * entries[0]!.loss);
  const controller = new AbortController();
  const onLog: TrainSegmenterOptions['onLog'] = ({ step }) => (step === 15 ? controller.abort() : undefined);
  await expect(learn('stopped', 40, { kept, signal: controller.signal, onLog })).rejects.toMatchObject({ code: 'ABORTED' });
  const stopped = await learn('stopped', 40, { kept });
  expect(await readFile(join(stopped, 'state.safetensors'))).toEqual(await readFile(join(straight, 'state.safetensors')));
});

it('refuses pictures on another canvas', async () => {
  const small = noise([1, 3, 32, 64]);
  await expect(learn('small', 1, { pictureAt: async () => ({ pixels: small, ...truths[0]! }) })).rejects.toThrow(
    'training pictures of 64 x 64',
  );
});
