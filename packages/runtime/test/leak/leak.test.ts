import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { OnnxModel } from '@vitamin-vlm/graph';
import { memoryEnvironment } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { doublingModel, slowModel } from '../models.ts';

/** Of the memory that would be lost if each repetition kept one tensor. */
const TOLERATED_SHARE = 0.1;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-leak-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Resident memory over the repetitions, from a process of its own that was launched with the documented allocator settings. */
async function samplesOf(script: string, model: OnnxModel, repetitions: number): Promise<number[]> {
  const path = join(folder, `${script}.onnx`);
  await writeFile(path, model.bytes);
  const args = ['--expose-gc', join(import.meta.dirname, script), path, String(repetitions)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...memoryEnvironment } });
  return JSON.parse(stdout) as number[];
}

/** Slope of the least-squares line through the samples, per sample. */
function slope(samples: readonly number[]): number {
  const center = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const covariance = samples.reduce((sum, value, i) => sum + (i - center) * (value - mean), 0);
  return covariance / samples.reduce((sum, _, i) => sum + (i - center) ** 2, 0);
}

it('holds its memory over 500 runs', async () => {
  const length = 2 ** 18;
  const samples = await samplesOf('runs.mjs', doublingModel(1, length), 700);
  expect(samples).toHaveLength(140);
  // The first 200 runs fill arenas, pools and the garbage collector's young generation. A sample stands for five runs.
  expect(slope(samples.slice(40)) / 5).toBeLessThan(length * 4 * TOLERATED_SHARE);
}, 240_000);

it('gives its memory back over 30 create/close cycles', async () => {
  const size = 1024;
  const samples = await samplesOf('cycles.mjs', slowModel(size, 1), 50);
  expect(samples).toHaveLength(50);
  // The first 20 cycles load code and fill the garbage collector's young generation.
  expect(slope(samples.slice(20))).toBeLessThan(size * size * 4 * TOLERATED_SHARE);
}, 240_000);
