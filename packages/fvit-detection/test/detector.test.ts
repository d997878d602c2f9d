import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifyEncoding, type ImageEncoding } from '@vitamin-vlm/backbone';
import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { decodeMask } from '@vitamin-vlm/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Detector, loadDetectionEncoding, saveDetectionEncoding, saveDetector } from '../src/index.ts';
import { headTensors, noisePicture, tinyClip, tinyDetector } from './support/tiny-detector.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const classes = ['cat', 'dog', 'red umbrella', 'bus', 'tree'];
const reading = { size: 64, window: 32, stride: 16 };
const picture = noisePicture(90, 60);
let folder = '';
/** OV-COCO's structure, with the CLIP model for new words; and OV-LVIS's, with masks. */
let coco: Detector;
let lvis: Detector;

const at = (name: string): string => join(folder, name);
const options = { threads: 1, execution: 'inline' } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvit-test-'));
  const settings = { ...reading, score: 0.02, max: 20 };
  await saveDetector(at('coco.pth'), tinyDetector(false), { classes, base: ['cat', 'dog', 'tree'], settings, more: { epoch: 2 } });
  await saveDetector(at('heads.pth'), headTensors(false), { classes, base: ['cat', 'dog', 'tree'], settings });
  await saveDetector(at('lvis.pth'), tinyDetector(true), { classes, settings: { ...reading, score: 0.02 } });
  await writeTorchArchive(at('clip.pt'), tinyClip());
  coco = await Detector.load(at('coco.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), ...options });
  lvis = await Detector.load(at('lvis.pth'), { cacheDir: at('cache'), ...options });
});
afterAll(async () => {
  await coco.close();
  await lvis.close();
  await rm(folder, { recursive: true, force: true });
});

it('knows classes, seen ones, family and settings from the file', () => {
  expect(coco.model).toMatchObject({ classes, base: [true, true, false, false, true], family: 'ov-coco', detectTemperature: 25 });
  expect(coco.model.settings).toEqual({ score: 0.02, nms: 0.4, max: 20, alpha: 0.1, beta: 0.8, vlmTemperature: 75 });
  expect(lvis.model).toMatchObject({ family: 'ov-lvis', base: classes.map(() => true), settings: { nms: 0.5, max: 300, beta: 0.4 } });
});

describe('detect', () => {
  it('gives the same from a picture, an encoding, a saved encoding, and with the tower from the CLIP file', async () => {
    const found = await coco.detect(picture);
    expect(found.detections.length).toBeGreaterThan(5);
    expect(found.detections.map(({ score }) => score)).toEqual(found.detections.map(({ score }) => score).toSorted((a, b) => b - a));
    const encoding = await coco.encode(picture);
    expect(await coco.detect(encoding)).toEqual(found);
    await saveDetectionEncoding(at('picture.safetensors'), encoding);
    expect(await coco.detect(await loadDetectionEncoding(at('picture.safetensors')))).toEqual(found);
    await using split = await Detector.load(at('heads.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), ...options });
    expect(split.model.identity).toEqual(coco.model.identity);
    expect(await split.detect(picture)).toEqual(found);
  });

  it.each([
    [90, 60],
    [60, 90],
    [8, 8],
    [101, 37],
    [1000, 8],
    [1, 1],
  ])('keeps boxes inside a picture of %i x %i', async (width, height) => {
    const { detections, ...size } = await coco.detect(noisePicture(width, height), undefined, { score: 0 });
    expect(size).toEqual({ width, height });
    for (const { box } of detections) {
      const [x, y, w, h] = box;
      expect(x >= 0 && y >= 0 && w >= 0 && h >= 0).toBe(true);
      expect([x + w <= width + 1e-3, y + h <= height + 1e-3]).toEqual([true, true]);
    }
  });

  it('scores new words relative to each other: synonyms, unwanted words, seen ones, thresholds for each', async () => {
    const encoding = await coco.encode(picture);
    const words = ['cat|kitten', 'dog'];
    const all = { score: 0, max: 10_000, nms: 1 };
    const plain = await coco.detect(encoding, words, all);
    expect(new Set(plain.detections.map(({ label }) => label))).toEqual(new Set(['cat', 'dog']));
    const best = (detections: typeof plain.detections, label: string): number =>
      Math.max(...detections.filter((detection) => detection.label === label).map(({ score }) => score));
    const crowded = await coco.detect(encoding, words, { ...all, background: ['kitten', 'wolf'] });
    expect(best(crowded.detections, 'cat')).toBeLessThan(best(plain.detections, 'cat'));
    expect(crowded.detections.every(({ label }) => words.join().includes(label))).toBe(true);
    const novel = await coco.detect(encoding, words, { ...all, base: [], beta: 0.5 });
    expect(best(novel.detections, 'cat')).not.toBe(best(plain.detections, 'cat'));
    const none = await coco.detect(encoding, words, { ...all, score: [1, 0] });
    expect(new Set(none.detections.map(({ label }) => label))).toEqual(new Set(['dog']));
  });

  it('finds what looks like a box: first what is nearer to it than to the background', async () => {
    const encoding = await coco.encode(picture);
    const vectors = await coco.look(picture, [
      [10, 8, 40, 36],
      [0, 0, 90, 60],
    ]);
    expect(vectors.shape).toEqual([2, 32]);
    expect(Math.hypot(...vectors.data.subarray(0, 32))).toBeCloseTo(1, 5);
    const like = [{ label: 'this', vector: vectors.data.subarray(0, 32).map((value) => 3 * value) }];
    const { detections } = await coco.detect(encoding, [], { score: 0, beta: 1, vlmTemperature: 2, like });
    expect(new Set(detections.map(({ label }) => label))).toEqual(new Set(['this']));
    const { data } = (await coco.vocabulary([], { like })).embeddings; // the query, then the background
    const margins = Array.from({ length: encoding.clipVectors.shape[0]! }, (_, i) =>
      encoding.clipVectors.data.subarray(32 * i, 32 * i + 32).reduce((sum, value, k) => sum + value * (data[k]! - data[32 + k]!), 0),
    );
    const best = margins.indexOf(Math.max(...margins));
    expect(detections[0]!.box[0]).toBe(encoding.boxes.data[4 * best]);
    expect(detections[0]!.score).toBeCloseTo(1 / (1 + Math.exp(-2 * margins[best]!)), 5);
  });

  it('suppresses across classes when told so', async () => {
    const encoding = await coco.encode(picture);
    const byClass = await coco.detect(encoding, undefined, { score: 0, max: 1000 });
    const over = await coco.detect(encoding, undefined, { score: 0, max: 1000, classAgnosticNms: true });
    expect(over.detections.length).toBeLessThan(byClass.detections.length);
  });

  it('draws masks over the whole picture, each inside of its box', async () => {
    const { detections } = await lvis.detect(picture, undefined, { masks: true, max: 12 });
    expect(detections.length).toBe(12);
    const encoding = await lvis.encode(picture, { masks: true });
    expect(await lvis.detect(encoding, undefined, { masks: true, max: 12 })).toEqual({ width: 90, height: 60, detections });
    for (const { mask, box } of detections) {
      expect(mask!.size).toEqual([60, 90]);
      const outside = decodeMask(mask!).some((inside, pixel) => {
        const [x, y] = [pixel % 90, Math.floor(pixel / 90)];
        return inside === 1 && (x < box[0] - 1 || y < box[1] - 1 || x > box[0] + box[2] + 1 || y > box[1] + box[3] + 1);
      });
      expect(outside).toBe(false);
    }
  });
});

it('gives dense map and pooled embedding of the same pass, which the backbone can ask', async () => {
  const encoding = await coco.encode(picture, { dense: true });
  expect([encoding.dense!.shape, encoding.pooled!.shape]).toEqual([[32, 4, 4], [32]]);
  expect(Math.hypot(...encoding.pooled!.data)).toBeCloseTo(1, 5);
  const { labels, embeddings, identity } = await coco.vocabulary(['cat', 'dog']);
  const matrix = { labels, identity, embeddings: { ...embeddings, shape: [2, 32], data: embeddings.data.subarray(0, 64) } };
  expect(classifyEncoding(encoding as ImageEncoding, matrix).length).toBe(2);
});

it('shares a pass of the tower, and refuses one that was read another way', async () => {
  const pass = await coco.towerMaps(picture);
  const whole = await coco.encode(picture, { dense: true });
  expect(await coco.encodeMaps(pass, { dense: true })).toEqual(whole);
  expect(await coco.encodeMaps(pass, { dense: true })).toEqual(whole); // nothing was given away
  const black = { ...pass, recipe: { ...pass.recipe, padding: 'zeroBefore' as const } };
  expect((await coco.encodeMaps(black)).recipe.padding).toBe('zeroBefore');
  await expect(coco.encodeMaps(pass, { stride: 32 })).rejects.toThrow(/recipe\.stride 32 but found 16/u);
  await expect(coco.encodeMaps({ ...pass, maps: {} })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(coco.encodeMaps({ ...pass, identity: { ...pass.identity, tower: '0'.repeat(64) } })).rejects.toThrow(
    /the maps and the detector/u,
  );
});

it('goes on after a broken picture and stops on request', async () => {
  await writeFile(at('broken.jpg'), 'no picture');
  const codes: string[] = [];
  for await (const { error, detections } of coco.detectAll([at('broken.jpg'), picture, at('absent.png')]))
    codes.push(error?.code ?? `${detections?.width}`);
  expect(codes).toEqual(['INPUT_UNREADABLE', '90', 'INPUT_NOT_FOUND']);
  await expect(coco.detect(picture, undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});

it('aligned windows, other sizes and other windows give other, sound results', async () => {
  const [usual, aligned, larger] = [
    await coco.encode(picture, { stride: 24 }),
    await coco.encode(picture, { stride: 24, placement: 'aligned' }),
    await coco.encode(picture, { size: 96 }),
  ];
  expect(aligned.recipe).toMatchObject({ placement: 'aligned', size: 64, stride: 24 });
  expect(aligned.classVectors.data).not.toEqual(usual.classVectors.data);
  expect(larger.geometry).toMatchObject({ inputWidth: 96, region: { width: 96, height: 64 } });
});

it('waits for the calls that run when it is closed, and takes no more', async () => {
  const other = await Detector.load(at('coco.pth'), { tower: at('clip.pt'), cacheDir: at('cache'), threads: 1 });
  const running = other.detect(picture, ['cat', 'dog']);
  await Promise.all([other.close(), other.close()]);
  expect((await running).width).toBe(90);
  await expect(other.encode(picture)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('an open detector') });
});

describe('refuses', () => {
  it('words without their CLIP model, masks without a head or a pyramid, settings out of range', async () => {
    await expect(lvis.detect(picture, ['cat'])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const encoding = await coco.encode(picture);
    await expect(coco.detect(encoding, undefined, { masks: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(lvis.detect(await lvis.encode(picture), undefined, { masks: true })).rejects.toMatchObject({ code: 'USAGE' });
    const wrong = [{ size: 60 }, { size: 16 }, { proposals: 0 }, { window: 20 }];
    for (const setting of wrong) await expect(coco.encode(picture, setting)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(coco.detect(encoding, undefined, { score: [0.1] })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(coco.detect(encoding, undefined, { alpha: 1.5 })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(coco.detect(encoding, undefined, { nms: Number.NaN })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(coco.look(picture, [[100, 0, 10, 10]])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(coco.vocabulary([], { like: [{ label: 'x', vector: new Float32Array(3) }] })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('encodings and words of another model', async () => {
    const encoding = await coco.encode(picture);
    await expect(lvis.detect(encoding)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    const other = { ...encoding, identity: { ...encoding.identity, heads: '0'.repeat(64) } };
    await expect(coco.detect(other)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    const words = await coco.vocabulary(['cat']);
    const foreign = { ...words, identity: { ...words.identity, tower: '0'.repeat(64) } };
    await expect(coco.detect(encoding, foreign)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
  });
});
