import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { decodeMask, tensor } from '@vitamin-vlm/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadSegmentEncoding, saveSegmentEncoding, saveSegmenter, type SegmentEncoding, Segmenter, tierStride } from '../src/index.ts';
import { headTensors, noisePicture, tinyClip, tinySegmenter } from './support/tiny-segmenter.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const classes = ['cat,kitten', 'dog', 'sky', 'grass'].map((names) => ({ name: names.split(',')[0]!, synonyms: names.split(',') }));
const things = [true, true, false, false];
const words = ['cat', 'red umbrella', 'sky', 'road|street'];
const picture = noisePicture(90, 60);
const options = { threads: 1, execution: 'inline' } as const;
let folder = '';
let segmenter: Segmenter;
let encoding: SegmentEncoding;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-test-'));
  await saveSegmenter(at('whole.pth'), tinySegmenter(), { classes, things, settings: { stride: 16 } });
  await saveSegmenter(at('heads.pth'), headTensors(), { classes, things, settings: { stride: 16 } });
  await writeTorchArchive(at('clip.pt'), tinyClip());
  segmenter = await Segmenter.load(at('whole.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), ...options });
  encoding = await segmenter.encode(picture);
});
afterAll(async () => {
  await segmenter.close();
  await rm(folder, { recursive: true, force: true });
});

const all = { task: 'all', overlap: 0.1 } as const;

it('gives the same from a picture, an encoding, a saved encoding, and with the tower from the CLIP file', async () => {
  const found = await segmenter.segment(picture, words, all);
  expect(found.panoptic!.segments.length).toBeGreaterThan(0);
  expect(found.instances!.length).toBeGreaterThan(0);
  expect(await segmenter.segment(encoding, words, all)).toEqual(found);
  await saveSegmentEncoding(at('picture.safetensors'), encoding);
  expect(await segmenter.segment(await loadSegmentEncoding(at('picture.safetensors')), words, all)).toEqual(found);
  await using split = await Segmenter.load(at('heads.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), ...options });
  expect(await split.segment(picture, words, all)).toEqual(found);
});

it('answers the tasks consistently: segments with their areas and boxes, labels, masks', async () => {
  const { panoptic, semantic, instances, labels, width, height } = await segmenter.segment(encoding, words, all);
  expect([width, height, labels.map(({ name }) => name)]).toEqual([90, 60, ['cat', 'red umbrella', 'sky', 'road']]);
  for (const { id, area, isThing, label, class: index, score } of panoptic!.segments) {
    expect(panoptic!.map.data.filter((value) => value === id).length).toBe(area);
    expect([isThing, label]).toEqual([index !== 2, labels[index]!.name]);
    expect(score > 0 && score <= 1).toBe(true);
  }
  expect(semantic!.data.every((label) => label < 4)).toBe(true);
  expect(instances!.every(({ class: index }) => index !== 2)).toBe(true);
  for (const { mask, area } of instances!) expect(decodeMask(mask).reduce((sum, inside) => sum + inside, 0)).toBe(area);
  const only = await segmenter.segment(encoding, words, { task: 'semantic' });
  expect([only.panoptic, only.instances]).toEqual([undefined, undefined]);
  const none = await segmenter.segment(encoding, words, { task: 'semantic', threshold: 1000 });
  expect(none.semantic!.data.every((label) => label === 65_535)).toBe(true);
});

it('knows which words were seen, and which are things', async () => {
  const plain = await segmenter.vocabulary(['kitten|tom', 'sky', 'Sky', 'grass|lawn']);
  expect([plain.seen, plain.things]).toEqual([
    [true, true, false, true],
    [true, false, true, false],
  ]);
  const stated = await segmenter.vocabulary(words, { things: ['sky'], seen: ['street'] });
  expect([stated.things, stated.seen]).toEqual([
    [false, false, true, false],
    [false, false, false, true],
  ]);
  expect((await segmenter.vocabulary(words, { stuff: ['road'] })).things).toEqual([true, true, false, false]);
  expect((await segmenter.vocabulary()).labels).toEqual(classes);
  expect((await segmenter.vocabulary('cityscapes')).things.filter(Boolean).length).toBe(8);
  await expect(segmenter.vocabulary(words, { stuff: ['lawn'] })).rejects.toThrow(/which is none of them/u);
  await expect(segmenter.vocabulary(words, { seen: ['lawn'] })).rejects.toThrow(/which is none of them/u);
  await expect(segmenter.vocabulary('cats' as 'lvis')).rejects.toMatchObject({ code: 'USAGE' });
  await expect(segmenter.vocabulary([])).rejects.toMatchObject({ code: 'USAGE' });
});

const scores = async (weights: { alpha: number; beta: number }): Promise<number[]> =>
  (await segmenter.segment(encoding, words, { task: 'instance', ...weights })).instances!.map(({ score }) => score);

it('weighs both opinions as it is told', async () => {
  expect(await scores({ alpha: 0, beta: 0 })).not.toEqual(await scores({ alpha: 1, beta: 1 }));
});

it.each([
  [60, 90],
  [8, 8],
  [200, 3],
  [1, 1],
  [3, 300],
])('segments a picture of %i x %i', async (width, height) => {
  const { panoptic, semantic } = await segmenter.segment(noisePicture(width, height), words, { task: 'all', overlap: 0 });
  expect([panoptic!.map.data.length, semantic!.data.length]).toEqual([width * height, width * height]);
});

it('reads in tiers, and says in its recipe how', async () => {
  expect((['exact', 'balanced', 'fast'] as const).map((tier) => tierStride(tier, 336))).toEqual([112, 224, 336]);
  expect(encoding.recipe).toMatchObject({
    size: 64,
    window: 32,
    stride: 16,
    edge: 'longest',
    resize: 'bilinear',
    padding: 'zeroBefore',
    posEmbed: 'add',
  });
  const fast = await segmenter.encode(picture, { tier: 'fast' });
  expect(fast.recipe.stride).toBe(32);
  expect(fast.maskLogits.data).not.toEqual(encoding.maskLogits.data);
  expect((await segmenter.segment(fast, words, { tier: 'fast' })).panoptic).toBeDefined();
  await expect(segmenter.segment(encoding, words, { tier: 'fast' })).rejects.toThrow(/recipe\.stride 32 but found 16/u);
  await using skipping = await Segmenter.load(at('whole.pth'), { posEmbed: 'skip', cacheDir: at('cache'), ...options });
  expect((await skipping.encode(picture)).recipe.posEmbed).toBe('skip');
  await expect(segmenter.segment(await skipping.encode(picture), words)).rejects.toThrow(/recipe\.posEmbed/u);
});

it('goes through many pictures and over broken ones', async () => {
  const found: string[] = [];
  for await (const one of segmenter.segmentAll([picture, at('absent.jpg'), encoding], words)) {
    found.push('error' in one ? one.error.code : `${one.segmented.width}`);
  }
  expect(found).toEqual(['90', 'INPUT_NOT_FOUND', '90']);
});

it('waits for the calls that run when it is closed, and takes no more', async () => {
  const other = await Segmenter.load(at('whole.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), threads: 1 });
  const running = other.segment(picture, words, { task: 'semantic' });
  await Promise.all([other.close(), other.close()]);
  expect((await running).semantic!.data.length).toBe(90 * 60);
  await expect(other.segment(encoding, words)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('an open segmenter'),
  });
});

describe('refuses', () => {
  it('words without a text tower, settings out of range, another canvas', async () => {
    await using mute = await Segmenter.load(at('whole.pth'), { cacheDir: at('cache'), ...options });
    await expect(mute.segment(encoding, words)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    for (const wrong of [{ alpha: 2 }, { overlap: -1 }, { score: Number.NaN }, { max: 0 }, { threshold: -1 }]) {
      await expect(segmenter.segment(encoding, words, wrong)).rejects.toMatchObject({ code: 'USAGE' });
    }
    await expect(segmenter.encode(picture, { stride: 20 })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(segmenter.encode(picture, { tier: 'best' as 'fast' })).rejects.toMatchObject({ code: 'USAGE' });
    const pixels = tensor('float32', [1, 3, 32, 32]);
    const geometry = { ...encoding.geometry, inputWidth: 32, inputHeight: 32 };
    await expect(segmenter.encodePixels({ pixels, geometry })).rejects.toThrow(/Expected a canvas of 64 x 64 but received 32 x 32/u);
  });

  it('encodings of another segmenter, and words of another model', async () => {
    await saveSegmenter(at('other.pth'), new Map([...tinySegmenter(), ...headTensors(2)]), { classes, things });
    await using other = await Segmenter.load(at('other.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), ...options });
    await expect(other.segment(encoding, words)).rejects.toThrow(/another one on the same tower/u);
    const vocabulary = { ...(await segmenter.vocabulary(words)), identity: { tower: 'a'.repeat(64) } };
    await expect(segmenter.segment(encoding, vocabulary)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
  });

  it('files that are no encodings, or whose tensors do not fit', async () => {
    await writeSafetensors(at('other.safetensors'), { x: tensor('float32', [1]) });
    await expect(loadSegmentEncoding(at('other.safetensors'))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    const broken = [
      { ...encoding, classVectors: tensor('float32', [9, 32]) },
      { ...encoding, clipVectors: tensor('float32', [10, 31]) },
      { ...encoding, maskLogits: tensor('float32', [10, 256]) },
      {
        ...encoding,
        maskLogits: tensor(
          'float32',
          encoding.maskLogits.shape,
          encoding.maskLogits.data.map(() => Number.NaN),
        ),
      },
      { ...encoding, identity: { ...encoding.identity, heads: 'x' } },
    ];
    for (const one of broken) {
      await saveSegmentEncoding(at('broken.safetensors'), one);
      await expect(loadSegmentEncoding(at('broken.safetensors'))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    }
  });

  it('to go on when it is told to stop', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(segmenter.segment(picture, words, { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const later = new AbortController();
    const running = segmenter.segment(picture, words, {
      signal: later.signal,
      onProgress: ({ phase }) => phase === 'run' && later.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
