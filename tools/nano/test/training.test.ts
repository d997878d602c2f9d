import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone, ClipTokenizer } from '@vitamin-vlm/backbone';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { contrastiveFeeds } from '../src/batch.ts';
import { modelShapes } from '../src/contrastive.ts';
import { exportModel } from '../src/export-model.ts';
import { initialize } from '../src/initialize.ts';
import { sampleBatch } from '../src/sampler.ts';
import { textTowerOf } from '../src/locked-text.ts';
import { train, type LogEntry, type TrainOptions } from '../src/train.ts';
import type { TrainingState } from '../src/training-state.ts';

// Whole training steps of the real model: seconds each on a quiet machine, more on a busy one.
vi.setConfig({ testTimeout: 240_000 });

let folder = '';
let tokenizer: ClipTokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nano-'));
  tokenizer = await ClipTokenizer.load();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schedule = { batch: 2, steps: 4, warmupSteps: 2, peakRate: 1e-3, weightDecay: 0.1 };

async function run(name: string, options: Partial<TrainOptions> = {}): Promise<{ state: TrainingState; log: LogEntry[] }> {
  const log = join(folder, `${name}.jsonl`);
  const state = await train({
    schedule,
    initial: initialize(modelShapes(), 5),
    batchOf: async (step) => sampleBatch(step, schedule.batch),
    tokenizer,
    checkpoint: join(folder, `${name}.safetensors`),
    saveEvery: 100,
    log,
    threads: 1,
    ...options,
  });
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return { state, log: lines.map((line) => JSON.parse(line) as LogEntry) };
}

const parametersOf = (state: TrainingState) => new Map([...state.tensors].filter(([name]) => !name.includes(':')));

it('goes on after an interruption as if there had been none', async () => {
  const whole = await run('whole');
  const controller = new AbortController();
  const stop = ({ step }: LogEntry): void => {
    if (step === 2) controller.abort();
  };
  await expect(run('parts', { onStep: stop, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  const resumed = await run('parts');
  expect(resumed.log.map((entry) => entry.step)).toEqual([1, 2, 3, 4]);
  expect(resumed.log.map((entry) => entry.loss)).toEqual(whole.log.map((entry) => entry.loss));
  expect(resumed.state.tensors.get('visual.head.proj.weight')).toEqual(whole.state.tensors.get('visual.head.proj.weight'));
});

it('writes a model that loads like a published one, and can lock its text tower', async () => {
  const { state } = await run('whole'); // resumed at its end: nothing is trained again
  const model = join(folder, 'model');
  await exportModel(model, parametersOf(state));
  await using backbone = await Backbone.load(model, { threads: 1 });
  expect(backbone.imageSize).toBe(96);
  const { pixels } = sampleBatch(1, 1);
  const labels = await backbone.classify({ width: 96, height: 96, data: pixels }, ['cat', 'dog'], { cacheDirectory: false });
  expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);

  const locked = await textTowerOf(model);
  const tuned = await run('tuned', { frozen: locked.text });
  const names = [...parametersOf(tuned.state).keys()];
  expect(names.filter((name) => name.startsWith('text.'))).toEqual([]);
  expect(names).toContain('visual.trunk.pos_embed');
  expect(names).toContain('logit_scale');
});

it('draws the same batch for the same step and counts equal captions as matches', () => {
  expect(sampleBatch(3, 6)).toEqual(sampleBatch(3, 6));
  expect(sampleBatch(4, 6)).not.toEqual(sampleBatch(3, 6));
  const samples = {
    pixels: new Uint8Array(3 * 96 * 96 * 3),
    captions: ['a cat', 'a dog', 'a cat'],
    regions: new Float32Array(3 * 36),
    names: ['sky', 'grass', 'road'],
  };
  const { captionTargets, nameTargets, ends } = contrastiveFeeds(samples, tokenizer);
  expect([...captionTargets!.data]).toEqual([0.5, 0, 0.5, 0, 1, 0, 0.5, 0, 0.5]);
  expect([...nameTargets!.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect([...ends!.data].slice(0, 4)).toEqual([3, 56 + 3, 112 + 3, 168 + 2]);
  const { regions } = sampleBatch(2, 8);
  for (let i = 0; i < 8; i++) expect(regions.slice(i * 36, (i + 1) * 36).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
});
