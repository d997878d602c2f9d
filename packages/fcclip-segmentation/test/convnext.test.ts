import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backbone } from '@vitamin-vlm/backbone';
import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openSegmenter, prepareAnySize, saveSegmenter, Segmenter } from '../src/index.ts';
import { startOf } from '../src/train/fit-start.ts';
import { CLIP, convNeXtClip, convNeXtSizes, headTensors, noisePicture, prefixed, tinySegmenter } from './support/tiny-segmenter.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const picture = noisePicture(90, 60);
const small = { shortest: 64, longest: 96 } as const;
const words = ['cat', 'sky', 'road|street'];
let folder = '';
let segmenter: Segmenter;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-convnext-'));
  const heads = headTensors(1, convNeXtSizes);
  await saveSegmenter(at('heads.pth'), heads);
  await saveSegmenter(at('whole.pth'), new Map([...prefixed(convNeXtClip(), CLIP), ...heads]));
  await writeTorchArchive(at('clip.pt'), convNeXtClip());
  segmenter = await Segmenter.load(at('heads.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), threads: 1, execution: 'inline' });
});
afterAll(async () => {
  await segmenter.close();
  await rm(folder, { recursive: true, force: true });
});

it('opens with the CLIP model from its own file or from the same, and asks as its configuration does', async () => {
  const { model, levels } = segmenter;
  expect(model.config).toEqual(convNeXtSizes);
  expect(model.settings).toMatchObject({ alpha: 0.4, beta: 0.8, overlap: 0.8, score: 0 });
  expect(levels).toEqual(['res2', 'res3', 'res4', 'res5']);
  expect(model.origin).toBe('The decoders come from heads.pth, the image tower from clip.pt, the text tower from clip.pt.');
  expect((await openSegmenter(at('whole.pth'), { cacheDir: false })).identity).toEqual(model.identity);
});

it('gives the same from a picture and from its encoding, at any size', async () => {
  const found = await segmenter.segment(picture, words, { task: 'all', overlap: 0.1, ...small });
  expect(found.panoptic!.segments.length).toBeGreaterThan(0);
  const encoding = await segmenter.encode(picture, small);
  expect(encoding.recipe).toMatchObject({ size: 64, edge: 'shortest', padding: 'zeroAfter', window: 64 });
  expect(encoding.geometry).toMatchObject({ width: 90, height: 60, inputWidth: 96, inputHeight: 64, region: { width: 96, height: 64 } });
  expect(encoding.maskLogits.shape).toEqual([10, 16, 24]);
  expect(await segmenter.segment(encoding, words, { task: 'all', overlap: 0.1 })).toEqual(found);
  expect(await segmenter.segment(encoding, words, { task: 'all', overlap: 0.1, ...small })).toEqual(found);
  const other = await segmenter.encode(picture, { shortest: 96, longest: 160 });
  expect(other.geometry).toMatchObject({ inputWidth: 160, inputHeight: 96, region: { width: 144, height: 96 } });
  for (const wrong of [{ shortest: 96 }, { longest: 90, shortest: 64 }]) {
    await expect(segmenter.segment(encoding, words, wrong)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
  }
});

it('pads with zeros behind the normalization, to multiples of 32', async () => {
  const { pixels, geometry } = await prepareAnySize(noisePicture(50, 30), { shortest: 40, longest: 100 });
  expect([pixels.shape, geometry.region.width, geometry.region.height]).toEqual([[1, 3, 64, 96], 67, 40]);
  const outside = pixels.data.filter((_, i) => i % 96 >= 67 || Math.floor(i / 96) % 64 >= 40);
  expect(outside.every((value) => value === 0)).toBe(true);
});

it('refuses windows, sizes out of range, edges on a fixed canvas, and to be trained', async () => {
  for (const wrong of [
    { tier: 'fast' },
    { window: 64 },
    { stride: 16 },
    { shortest: 900, longest: 800 },
    { longest: 5000 },
    { shortest: 0.5 },
  ] as const) {
    await expect(segmenter.encode(picture, wrong)).rejects.toMatchObject({ code: 'USAGE' });
  }
  await saveSegmenter(at('vitamin.pth'), tinySegmenter());
  await using fixed = await Segmenter.load(at('vitamin.pth'), { cacheDir: at('cache'), threads: 1, execution: 'inline' });
  await expect(fixed.encode(picture, { shortest: 64 })).rejects.toThrow(/Expected no shortest but received one: the positions/u);
  await expect(openSegmenter(at('whole.pth'), { cacheDir: false, posEmbed: 'skip' })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await using backbone = await Backbone.load(at('clip.pt'), { cacheDir: at('cache') });
  const training = { folder, annotations: 'none.json', images: folder, tower: at('clip.pt') };
  for (const from of [undefined, at('whole.pth')]) {
    await expect(startOf({ ...training, from }, backbone)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  }
});
