import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone, publishedModels, textTowers, vitaminSizes } from '@vitamin-vlm/backbone';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formulaTensor } from '../src/formula.ts';
import { jobsOf } from '../src/jobs.ts';
import { parityModel } from '../src/models.ts';
import { parseExpectations } from '../src/parse-expectations.ts';
import { bytesOf, imageShapes, textShapes } from '../src/shapes.ts';
import { writeFormulaCheckpoint } from '../src/write-checkpoint.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parity-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Tensors and bytes of the published files (float32). */
it.each([
  ['vitamin-small-224', 438, 250e6, 'builtin'],
  ['vitamin-small-224-ltt', 438, 583e6, 'custom'],
  ['vitamin-base-224', 438, 604e6, 'builtin'],
  ['vitamin-base-224-ltt', 438, 846e6, 'custom'],
  ['vitamin-large-336', 710, 1.83e9, 'custom'],
  ['vitamin-large2-224', 854, 2.75e9, 'builtin'],
  ['vitamin-xlarge-384', 905, 3.7e9, 'custom'],
])('%s has the tensors of its published file', (name, tensors, bytes, names) => {
  const { image, imageSize, text, textNames } = parityModel(name);
  const shapes = new Map([...imageShapes(image, imageSize), ...textShapes(text)]);
  expect(shapes.size).toBe(tensors);
  expect(Math.abs(bytesOf(shapes) / bytes - 1)).toBeLessThan(3e-3);
  expect(textNames).toBe(names);
});

it('knows every published model', () => {
  for (const { name, imageSize } of publishedModels.filter(({ family }) => family === 'vitamin'))
    expect(parityModel(name.replaceAll('-', '_'))).toMatchObject({ name, imageSize });
});

it('writes whole models up to 1 GB, the image tower alone of larger ones, and both where both are asked for', () => {
  const ids = [[49_406, 49_407]];
  const image = { 'vitamin-base-224': { tokens: { mean: 0 } }, 'vitamin-large-224': { tokens: { mean: 0 } } };
  const file = { image, clip: [{ model: 'vitamin-large-256', ids, logits: { mean: 0 } }] };
  const counts = jobsOf(parseExpectations(JSON.stringify(file))).map(({ weights }) => weights!.shapes.size);
  expect(counts).toEqual([438, 561, 710]);
});

describe.each(['torch', 'safetensors'] as const)('a %s file', (format) => {
  it.each(['builtin', 'custom'] as const)('with %s text names holds the formula of the names in open_clip', async (textNames) => {
    const path = join(folder, `${format}-${textNames}`, 'model');
    const shapes = new Map([...imageShapes(vitaminSizes.nano, 64), ...textShapes(textTowers.nano)]);
    await writeFormulaCheckpoint(path, shapes, { format, textNames });
    await using checkpoint = await openCheckpoint(path);
    expect(checkpoint.format).toBe(format);
    const stored = textNames === 'builtin' ? 'ln_final.bias' : 'text.ln_final.bias';
    expect((await checkpoint.read(stored)).data).toEqual(formulaTensor('text.ln_final.bias', [64]).data);
    await using backbone = await Backbone.load(path);
    expect(backbone.model.layout.form).toBe(textNames === 'builtin' ? 'clip-builtin-text' : 'clip');
    expect(backbone.model.logitScale).toBeCloseTo(100, 3);
  });
});
