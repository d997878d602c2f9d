import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { classifyEncoding, segmentEncoding } from '../src/image-encoding/ask.ts';
import { type ImageEncoding, loadImageEncoding, saveImageEncoding } from '../src/image-encoding/image-encoding.ts';
import { normalizeRows } from '../src/tasks/features.ts';
import { parseLabels } from '../src/text/labels.ts';
import { formulaValues } from './formula.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vitamin-encoding-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const encoding: ImageEncoding = {
  model: 'nano sha256:00ff',
  geometry: { width: 9, height: 6, inputWidth: 64, inputHeight: 64, region: { left: 0, top: 0, width: 64, height: 42.5 } },
  pooled: tensor('float32', [4], new Float32Array([0.5, -0.5, 0.5, 0.5])),
  dense: tensor('float32', [4, 2, 2], new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])),
  taps: { 'stages.0': formulaValues('tap', [1, 3, 4, 4]) },
};
const words = { model: encoding.model, labels: parseLabels(['a', 'b|c']), embeddings: normalizeRows(formulaValues('words', [3, 4])) };

it('comes back from its file as it was, and answers the same', async () => {
  const path = join(directory, 'whole.safetensors');
  await saveImageEncoding(path, encoding);
  const loaded = await loadImageEncoding(path, { model: encoding.model });
  expect(loaded).toEqual(encoding);
  expect(classifyEncoding(loaded, words)).toEqual(classifyEncoding(encoding, words));
  expect(await segmentEncoding(loaded, words)).toEqual(await segmentEncoding(encoding, words));
  expect(await readdir(directory)).toEqual(['whole.safetensors']);
});

it('answers new words: best first, summing to one', () => {
  const [first, second] = classifyEncoding(encoding, words, { scale: 2 });
  expect(first!.score).toBeGreaterThan(second!.score);
  expect(first!.score + second!.score).toBeCloseTo(1, 6);
  expect(classifyEncoding(encoding, words, { top: 1 })).toHaveLength(1);
});

it('does without a dense map and taps, but not for segmentation', async () => {
  const path = join(directory, 'pooled.safetensors');
  const { model, geometry, pooled } = encoding;
  await saveImageEncoding(path, { model, geometry, pooled });
  const loaded = await loadImageEncoding(path);
  expect(loaded).toEqual({ model, geometry, pooled });
  await expect(segmentEncoding(loaded, words)).rejects.toThrow('dense map');
});

it('refuses words and files of another model', async () => {
  const path = join(directory, 'model.safetensors');
  await saveImageEncoding(path, encoding);
  await expect(loadImageEncoding(path, { model: 'other' })).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
  const other = { ...words, model: 'other' };
  expect(() => classifyEncoding(encoding, other)).toThrow('of one model');
  await expect(segmentEncoding(encoding, other)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
});

const schema = 'vitamin.image-encoding/1';
const geometry = JSON.stringify(encoding.geometry);
const { pooled } = encoding;
it.each([
  ['another schema', { pooled }, { schema: 'vitamin.image-encoding/2', model: 'm', geometry }],
  ['no metadata', { pooled }, {}],
  ['no pooled embedding', { x: pooled }, { schema, model: 'm', geometry }],
  ['a dense map of another width', { pooled, dense: tensor('float32', [5, 2, 2]) }, { schema, model: 'm', geometry }],
  ['an empty dense map', { pooled, dense: tensor('float32', [4, 0, 2]) }, { schema, model: 'm', geometry }],
  ['broken geometry', { pooled }, { schema, model: 'm', geometry: '{' }],
  ['no geometry', { pooled }, { schema, model: 'm', geometry: 'null' }],
  ['a huge picture', { pooled }, { schema, model: 'm', geometry: geometry.replace('"width":9', '"width":9e15') }],
  ['a picture of too many pixels', { pooled }, { schema, model: 'm', geometry: geometry.replace('9,"height":6', '60000,"height":60000') }],
  ['an empty region', { pooled }, { schema, model: 'm', geometry: geometry.replace('42.5', '0') }],
])('refuses a file with %s', async (_, tensors, metadata) => {
  const path = join(directory, 'hostile.safetensors');
  await writeSafetensors(path, tensors as Record<string, typeof pooled>, metadata);
  await expect(loadImageEncoding(path)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
