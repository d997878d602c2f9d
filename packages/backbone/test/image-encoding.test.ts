import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION } from '@vitamin-vlm/image';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { classifyEncoding, segmentEncoding } from '../src/image-encoding/ask.ts';
import { type ImageEncoding, loadImageEncoding, saveImageEncoding } from '../src/image-encoding/image-encoding.ts';
import type { Recipe } from '../src/load/recipe.ts';
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
  identity: { tower: 'a'.repeat(64), head: 'b'.repeat(64) },
  recipe: {
    size: 64,
    edge: 'shortest',
    resize: 'bicubic',
    window: 64,
    stride: 32,
    placement: 'floor',
    padding: 'zeroAfter',
    normalization: CLIP_NORMALIZATION,
    posEmbed: 'add',
    precision: 'float32',
  },
  geometry: { width: 9, height: 6, inputWidth: 64, inputHeight: 64, region: { left: 0, top: 0, width: 64, height: 42.5 } },
  pooled: tensor('float32', [4], new Float32Array([0.5, -0.5, 0.5, 0.5])),
  dense: tensor('float32', [4, 2, 2], new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])),
  maps: { os4: formulaValues('map', [3, 4, 4]) },
};
const words = {
  identity: { ...encoding.identity, text: 'c'.repeat(64) },
  labels: parseLabels(['a', 'b|c']),
  embeddings: normalizeRows(formulaValues('words', [3, 4])),
};

it('comes back from its file as it was, and answers the same', async () => {
  const path = join(directory, 'whole.safetensors');
  await saveImageEncoding(path, encoding);
  const loaded = await loadImageEncoding(path, encoding);
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

it('does without a dense map and feature maps, but not for segmentation', async () => {
  const path = join(directory, 'pooled.safetensors');
  const { dense: _, maps: __, ...plain } = encoding;
  await saveImageEncoding(path, plain);
  const loaded = await loadImageEncoding(path);
  expect(loaded).toEqual(plain);
  await expect(segmentEncoding(loaded, words)).rejects.toThrow('dense map');
});

it('refuses words and files of another model', async () => {
  const path = join(directory, 'model.safetensors');
  await saveImageEncoding(path, encoding);
  for (const part of ['tower', 'head'] as const) {
    const identity = { ...encoding.identity, [part]: 'd'.repeat(64) };
    const refused = { code: 'WEIGHTS_MISMATCH', message: expect.stringContaining(`identity.${part}`) as string };
    await expect(loadImageEncoding(path, { identity })).rejects.toMatchObject(refused);
    expect(() => classifyEncoding(encoding, { ...words, identity })).toThrow(`identity.${part}`);
  }
  const other = { ...words, identity: { tower: 'other' } };
  await expect(segmentEncoding(encoding, other)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
});

it('refuses a picture that was read another way, and names the field', async () => {
  const path = join(directory, 'recipe.safetensors');
  await saveImageEncoding(path, encoding);
  const others: Partial<Recipe>[] = [
    { posEmbed: 'skip' },
    { precision: 'int8' },
    { window: 32 },
    { placement: 'aligned' },
    { normalization: { ...CLIP_NORMALIZATION, std: [1, 1, 1] } },
  ];
  for (const recipe of others) {
    const refused = { code: 'WEIGHTS_MISMATCH', message: expect.stringContaining(`recipe.${Object.keys(recipe)[0]}`) as string };
    await expect(loadImageEncoding(path, { recipe })).rejects.toMatchObject(refused);
  }
  expect(await loadImageEncoding(path, { recipe: encoding.recipe })).toEqual(encoding);
});

it('refuses an encoding of an older version, which says neither weights nor recipe', async () => {
  const path = join(directory, 'old.safetensors');
  await writeSafetensors(path, { pooled }, { schema: 'vitamin.image-encoding/1', model: 'vitamin@00', geometry });
  const refused = { code: 'INPUT_UNREADABLE', message: expect.stringContaining('vitamin.image-encoding/1') as string };
  await expect(loadImageEncoding(path)).rejects.toMatchObject({ ...refused, hint: expect.stringContaining('again') as string });
});

const schema = 'vitamin.image-encoding/2';
const geometry = JSON.stringify(encoding.geometry);
const origin = { schema, identity: JSON.stringify(encoding.identity), recipe: JSON.stringify(encoding.recipe) };
const { pooled } = encoding;
it.each([
  ['another schema', { pooled }, { ...origin, schema: 'vitamin.image-encoding/3', geometry }],
  ['no metadata', { pooled }, {}],
  ['no pooled embedding', { x: pooled }, { ...origin, geometry }],
  ['a dense map of another width', { pooled, dense: tensor('float32', [5, 2, 2]) }, { ...origin, geometry }],
  ['an empty dense map', { pooled, dense: tensor('float32', [4, 0, 2]) }, { ...origin, geometry }],
  ['broken geometry', { pooled }, { ...origin, geometry: '{' }],
  ['no geometry', { pooled }, { ...origin, geometry: 'null' }],
  ['a huge picture', { pooled }, { ...origin, geometry: geometry.replace('"width":9', '"width":9e15') }],
  ['a picture of too many pixels', { pooled }, { ...origin, geometry: geometry.replace('9,"height":6', '60000,"height":60000') }],
  ['no identity', { pooled }, { schema, recipe: origin.recipe, geometry }],
  ['a digest that is none', { pooled }, { ...origin, identity: '{"tower":"x"}', geometry }],
  ['half a recipe', { pooled }, { ...origin, recipe: '{"size":64}', geometry }],
  ['a window of no size', { pooled }, { ...origin, recipe: origin.recipe.replace('"window":64', '"window":-1'), geometry }],
  ['an empty region', { pooled }, { ...origin, geometry: geometry.replace('42.5', '0') }],
])('refuses a file with %s', async (_, tensors, metadata) => {
  const path = join(directory, 'hostile.safetensors');
  await writeSafetensors(path, tensors as Record<string, typeof pooled>, metadata);
  await expect(loadImageEncoding(path)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
