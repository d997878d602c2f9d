import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone, ClipTokenizer } from '@vitamin-vlm/backbone';
import { type LogEntry, readLog, type StepEntry, type TrainResult } from '@vitamin-vlm/training';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { contrastiveFeeds } from '../src/batch.ts';
import { modelShapes } from '../src/contrastive.ts';
import { exportModel } from '../src/export-model.ts';
import { initialize } from '../src/initialize.ts';
import { sampleBatch } from '../src/sampler.ts';
import { textTowerOf } from '../src/locked-text.ts';
import { type ContrastiveOptions, trainContrastive } from '../src/train.ts';

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

async function run(name: string, options: Partial<ContrastiveOptions> = {}): Promise<TrainResult & { readonly log: StepEntry[] }> {
  const result = await trainContrastive({
    folder: join(folder, name),
    schedule,
    initial: initialize(modelShapes(), 5),
    origin: { seed: 5 },
    batchOf: async (step) => sampleBatch(step, schedule.batch),
    tokenizer,
    saveEvery: 100,
    threads: 1,
    ...options,
  });
  return { ...result, log: (await readLog(join(folder, name, 'log.jsonl'))) as StepEntry[] };
}

it('goes on after an interruption as if there had been none', async () => {
  const whole = await run('whole');
  const controller = new AbortController();
  const stop = ({ step }: LogEntry): void => {
    if (step === 2) controller.abort();
  };
  await expect(run('parts', { onLog: stop, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  const resumed = await run('parts');
  expect(resumed.log.map((entry) => entry.step)).toEqual([1, 2, 3, 4]);
  expect(resumed.log.map((entry) => entry.rate)).toEqual([5e-4, 1e-3, expect.closeTo(5e-4, 12), 0]);
  expect(resumed.log.map((entry) => entry.loss)).toEqual(whole.log.map((entry) => entry.loss));
  expect(resumed.parameters).toEqual(whole.parameters);
});

it('writes a model that loads like a published one, and can lock its text tower', async () => {
  const { parameters } = await run('whole'); // resumed at its end: nothing is trained again
  const model = join(folder, 'model');
  await exportModel(model, parameters);
  await using backbone = await Backbone.load(model, { threads: 1 });
  expect(backbone.imageSize).toBe(96);
  const { pixels } = sampleBatch(1, 1);
  const labels = await backbone.classify({ width: 96, height: 96, data: pixels }, ['cat', 'dog'], { cacheDir: false });
  expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);

  const locked = await textTowerOf(model);
  const tuned = await run('tuned', { frozen: locked.text, schedule: { ...schedule, steps: 1 } });
  const names = [...tuned.parameters.keys()];
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
