import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type ProgressEvent, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { clipInput, crop, encodePng } from '@vitamin-vlm/image';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { classifyEncoding, segmentEncoding } from '../src/image-encoding/ask.ts';
import type { EncodedImage } from '../src/backbone/encode-each.ts';
import { type ImageEncoding, saveImageEncoding } from '../src/image-encoding/image-encoding.ts';
import { normalizeRows } from '../src/tasks/features.ts';
import { parseLabels } from '../src/text/labels.ts';
import { ClipTokenizer } from '../src/text/clip-tokenizer.ts';
import { windowGrid, windowPositions } from '../src/window/grid.ts';
import { cropFrom } from '../src/window/slide-windows.ts';
import { formulaValues } from './formula.ts';
import { temporaryFolder } from './support/folder.ts';
import { noisePicture, tinyText, TINY_SIZE, tinyWeights } from './support/tiny-model.ts';

const folder = temporaryFolder();
const weights = tinyWeights(tinyText.vocabulary);
const words = ['cat', 'dog|puppy', 'car'];
const uncached = { cacheDir: false } as const;
let backbone: Backbone;

beforeAll(async () => {
  await writeSafetensors(folder('tiny.safetensors'), weights);
  backbone = await Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), threads: 1 });
});
afterAll(() => backbone.close());

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(found.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < found.length; i++) worst = Math.max(worst, Math.abs(found[i]! - expected[i]!));
  expect(worst).toBeLessThan(tolerance);
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return error instanceof VitaminError ? error.code : String(error);
  }
  return undefined;
}

it('gives a text the same embedding whatever length the sequence is cut to', async () => {
  const long = Array.from({ length: 30 }, (_, i) => `word ${i}`).join(' ');
  const middle = 'a quite long text about a cat that sat on a mat in the sun';
  const [alone, pair, all] = [['a cat'], ['a cat', middle], ['a cat', middle, long]] as const;
  const [short, medium, full] = [await backbone.embedTexts(alone), await backbone.embedTexts(pair), await backbone.embedTexts(all)];
  expectClose(short.data, medium.data.subarray(0, 32));
  expectClose(medium.data, full.data.subarray(0, 64));
  const tokenizer = await ClipTokenizer.load();
  expectClose((await backbone.embedTokens(tokenizer.tokenize(all))).data, full.data);
  expect(await codeOf(backbone.embedTokens(tokenizer.tokenize([long], { contextLength: 90 })))).toBe('USAGE');
});

it('stitches windows as a direct computation does', async () => {
  const pixels = formulaValues('input', [1, 3, 48, 64]);
  const levels = ['stem', 'os4', 'os8', 'mid', 'preLast', 'final', 'blocks.0', 'blocks.1', 'blocks.2'];
  const maps = await backbone.windowMaps(pixels, { stride: 24, levels: [...levels, 'dense'], batch: 2 });
  const taps = backbone.model.tower.levels.map((tap) => ({
    ...tap,
    sums: new Float64Array((tap.channels * 48 * 64) / tap.stride ** 2),
    visits: new Float64Array((48 * 64) / tap.stride ** 2),
  }));
  expect(taps.map(({ name }) => name)).toEqual(levels);
  for (const position of windowPositions(windowGrid(48, 64, TINY_SIZE, 24))) {
    const window = tensor('float32', [1, 3, TINY_SIZE, TINY_SIZE]);
    cropFrom(pixels, TINY_SIZE)(position, window.data);
    const direct = await backbone.windowMaps(window, { levels });
    for (const { name, stride, channels, sums, visits } of taps) {
      const side = TINY_SIZE / stride;
      for (let i = 0; i < side * side; i++) {
        const y = Math.floor(position.top / stride) + Math.floor(i / side);
        const at = (y * 64) / stride + Math.floor(position.left / stride) + (i % side);
        visits[at]! += 1;
        for (let c = 0; c < channels; c++) sums[c * visits.length + at]! += direct[name]!.data[c * side * side + i]!;
      }
    }
  }
  for (const { name, stride, channels, sums, visits } of taps) {
    expect(maps[name]?.shape).toEqual([1, channels, 48 / stride, 64 / stride]);
    const means = sums.map((sum, i) => sum / visits[i % visits.length]!);
    expectClose(maps[name]!.data, means, 1e-4);
  }
  expectClose(maps['dense']!.data, denseByHand(maps['final']!), 1e-5);
});

const read = (name: string): Float32Array => weights.get(name)!.data;

/** LayerNorm over the channels, projection, unit length, written out: [1, D, h, w] -> [E, h, w]. */
function denseByHand({ shape, data }: Tensor<'float32'>): Float32Array {
  const [, width = 0, h = 0, w = 0] = shape;
  const [gain, bias] = [read('visual.trunk.fc_norm.weight'), read('visual.trunk.fc_norm.bias')];
  const projection = read('visual.head.proj.weight');
  const out = new Float32Array(32 * h * w);
  for (let at = 0; at < h * w; at++) {
    const token = Array.from({ length: width }, (_, c) => data[c * h * w + at]!);
    const mean = token.reduce((sum, value) => sum + value, 0) / width;
    const variance = token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const normed = token.map((value, c) => ((value - mean) / Math.sqrt(variance + 1e-6)) * gain[c]! + bias[c]!);
    const row = Array.from({ length: 32 }, (_, e) => normed.reduce((sum, value, c) => sum + value * projection[e * width + c]!, 0));
    const length = Math.hypot(...row);
    row.forEach((value, e) => {
      out[e * h * w + at] = value / length;
    });
  }
  return out;
}

it('embeds a picture as CLIP sees it, from any source', async () => {
  const picture = noisePicture(61, 43);
  const square = clipInput(picture, TINY_SIZE);
  const expected = await backbone.embedPixels(tensor('float32', [1, ...square.shape], square.data));
  const encoding = await backbone.encodeImage(picture);
  expect(encoding.pooled.data).toEqual(expected.data);
  const { text: _, ...identity } = backbone.model.identity;
  expect(encoding.identity).toEqual(identity);
  expect(encoding.geometry).toEqual({
    width: 61,
    height: 43,
    inputWidth: 32,
    inputHeight: 32,
    region: { left: -6.5, top: 0, width: 45, height: 32 },
  });
  const png = await encodePng(picture);
  expect((await backbone.encodeImage(png)).pooled.data).toEqual(expected.data);
});

it('encodes lists one by one or in batches, with equal results', async () => {
  const pictures = ['a', 'b', 'c'].map((name) => noisePicture(40, 50, name));
  const single = await collect(backbone.encodeImages(pictures)).then(encodingsOf);
  const batched = await collect(backbone.encodeImages(pictures, { batch: 2 })).then(encodingsOf);
  expect(batched).toHaveLength(3);
  single.forEach((encoding, i) => expectClose(batched[i]!.pooled.data, encoding.pooled.data));
  expect(single[0]!.pooled.data).not.toEqual(single[1]!.pooled.data);
});

function encodingsOf(images: readonly EncodedImage[]): ImageEncoding[] {
  return images.map(({ encoding, error }) => {
    if (error) throw error;
    return encoding;
  });
}

it.each([{}, { batch: 2 }, { dense: true }])('goes on after a broken picture, and counts pictures: %o', async (options) => {
  const broken = new Uint8Array([1, 2, 3]);
  const sources = [noisePicture(40, 50, 'a'), broken, 'no-such-picture.png', noisePicture(50, 40, 'b')];
  const seen: number[][] = [];
  const onProgress = (event: ProgressEvent): void => {
    if (event.phase === 'run') seen.push([event.done, event.total]);
  };
  const images = await collect(backbone.encodeImages(sources, { ...options, onProgress }));
  expect(images.map(({ source }) => source)).toEqual(sources);
  expect(images.map(({ error }) => error?.code)).toEqual([undefined, 'INPUT_UNREADABLE', 'INPUT_NOT_FOUND', undefined]);
  for (const at of [0, 3]) expectClose(images[at]!.encoding!.pooled.data, (await backbone.encodeImage(sources[at]!)).pooled.data);
  expect(seen).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
  expect(await codeOf(collect(backbone.encodeImages(sources, { window: 40 })))).toBe('USAGE');
  expect(await codeOf(collect(backbone.encodeImages(sources, { ...options, signal: AbortSignal.abort() })))).toBe('ABORTED');
});

it('looks once at a square picture that is one window, and gives what two looks give', async () => {
  const square = noisePicture(48, 48);
  let runs = 0;
  const onProgress = (event: ProgressEvent): void => void (runs += Number(event.phase === 'run'));
  const whole = await backbone.encodeImage(square, { dense: true, levels: ['os8'], onProgress });
  expect(runs).toBe(1);
  expect(whole.pooled.data).toEqual((await backbone.encodeImage(square)).pooled.data);
  expect(whole.recipe).toMatchObject({ size: TINY_SIZE, window: TINY_SIZE, stride: TINY_SIZE / 2, padding: 'zeroAfter' });
});

it('refuses an encoding of the same weights that were read another way', async () => {
  const options = { cacheDir: folder('cache'), threads: 1, posEmbed: 'skip' } as const;
  await using skipping = await Backbone.load(folder('tiny.safetensors'), options);
  const encoding = await skipping.encodeImage(noisePicture(40, 40));
  expect(skipping.model.identity).toEqual(backbone.model.identity);
  expect(() => backbone.checkEncoding(encoding)).toThrow('recipe.posEmbed');
  skipping.checkEncoding(encoding);
  await saveImageEncoding(folder('skipped.safetensors'), encoding);
  expect(await codeOf(backbone.loadEncoding(folder('skipped.safetensors')))).toBe('WEIGHTS_MISMATCH');
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('covers the whole picture with windows, padded to the tower stride', async () => {
  const { maps, geometry } = await backbone.features(noisePicture(61, 43), { levels: ['final', 'dense'] });
  expect(geometry).toEqual({
    width: 61,
    height: 43,
    inputWidth: 48,
    inputHeight: 32,
    region: { left: 0, top: 0, width: 45, height: 32 },
  });
  expect(maps['final']?.shape).toEqual([1, 64, 2, 3]);
  expect(maps['dense']?.shape).toEqual([1, 32, 2, 3]);
  const larger = await backbone.features(noisePicture(61, 43), { size: 96, stride: 32, levels: ['os8'] });
  expect(larger.maps['os8']?.shape).toEqual([1, 16, 12, 18]);
});

it('is asked again from a saved encoding without the tower', async () => {
  const picture = noisePicture(61, 43);
  const vocabulary = await backbone.vocabulary(words, uncached);
  const encoding = await backbone.encodeImage(picture, { dense: true, levels: ['os8'] });
  expect(encoding.maps?.['os8']?.shape).toEqual([16, 4, 6]);
  await saveImageEncoding(folder('encoding.safetensors'), encoding);
  const loaded = await backbone.loadEncoding(folder('encoding.safetensors'));
  expect(loaded).toEqual(encoding);
  const labels = await backbone.classify(picture, vocabulary);
  expect(labels.map(({ label }) => label).toSorted()).toEqual(['car', 'cat', 'dog']);
  expect(classifyEncoding(loaded, vocabulary)).toEqual(labels);
  const map = await backbone.segment(picture, vocabulary);
  expect([map.width, map.height, map.data.length]).toEqual([61, 43, 61 * 43]);
  expect(map.labels).toBe(vocabulary.labels);
  expect((await segmentEncoding(loaded, vocabulary)).data).toEqual(map.data);
  expect(await backbone.classify(picture, words, { ...uncached, top: 1 })).toEqual(labels.slice(0, 1));
  expect(await codeOf(backbone.segment(picture, { ...vocabulary, identity: { tower: 'another' } }))).toBe('WEIGHTS_MISMATCH');
});

it('puts labels where they belong: each corner of the map at that corner of the picture', async () => {
  for (const [width, height] of [
    [128, 64],
    [50, 120],
  ] as const) {
    const picture = noisePicture(width, height);
    const { maps } = await backbone.features(picture, { levels: ['dense'], stride: 32 });
    const { shape, data } = maps['dense']!;
    const [, dim = 0, rows = 0, columns = 0] = shape;
    const corners = [0, columns - 1, (rows - 1) * columns, rows * columns - 1];
    const embeddings = tensor('float32', [4, dim]);
    corners.forEach((cell, k) => {
      for (let e = 0; e < dim; e++) embeddings.data[k * dim + e] = data[e * rows * columns + cell]!;
    });
    const labels = parseLabels(['top left', 'top right', 'bottom left', 'bottom right']);
    const map = await backbone.segment(picture, { identity: backbone.model.identity, labels, embeddings }, { stride: 32 });
    const last = width * (height - 1);
    expect([0, width - 1, last, last + width - 1].map((pixel) => map.data[pixel])).toEqual([0, 1, 2, 3]);
  }
});

it('finds the picture that a caption was made from', async () => {
  const pictures = ['a', 'b', 'c'].map((name) => noisePicture(40, 50, name));
  const { imageRetrieval } = await backbone.retrieval(pictures, ['one', 'two', 'three', 'four'], { imageOfText: [0, 1, 2, 2], ks: [1, 3] });
  expect(imageRetrieval[3]).toBe(1);
  const images = normalizeRows(tensor('float32', [3, 32], await pooledOf(pictures))).data;
  const texts = normalizeRows(await backbone.embedTexts(['one', 'two', 'three', 'four'])).data;
  const hits = [0, 1, 2, 2].filter((own, i) => {
    const scores = [0, 1, 2].map((j) => images.subarray(j * 32, j * 32 + 32).reduce((sum, x, e) => sum + x * texts[i * 32 + e]!, 0));
    return scores.indexOf(Math.max(...scores)) === own;
  });
  expect(imageRetrieval[1]).toBe(hits.length / 4);
});

async function pooledOf(pictures: ReturnType<typeof noisePicture>[]): Promise<Float32Array> {
  const all = await collect(backbone.encodeImages(pictures));
  return Float32Array.from(all.flatMap(({ encoding }) => [...encoding!.pooled.data]));
}

it('counts windows, stops between them, and goes on afterwards', async () => {
  const picture = noisePicture(32, 200);
  const seen: number[][] = [];
  const controller = new AbortController();
  const work = backbone.features(picture, {
    levels: ['dense'],
    signal: controller.signal,
    onProgress: (event) => {
      if (event.phase !== 'run') return;
      seen.push([event.done, event.total]);
      if (event.done === 3) controller.abort();
    },
  });
  expect(await codeOf(work)).toBe('ABORTED');
  expect(seen).toEqual([
    [1, 12],
    [2, 12],
    [3, 12],
  ]);
  expect(await codeOf(backbone.encodeImage(picture, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  expect((await backbone.features(picture, { levels: ['dense'] })).maps['dense']?.shape).toEqual([1, 32, 13, 2]);
});

it('refuses what does not fit, before any work', async () => {
  const picture = noisePicture(40, 40);
  expect(await codeOf(backbone.features(picture, { window: 40 }))).toBe('USAGE');
  expect(await codeOf(backbone.features(picture, { stride: 33 }))).toBe('USAGE');
  expect(await codeOf(backbone.features(picture, { levels: ['os2'] }))).toBe('USAGE');
  expect(await codeOf(backbone.windowMaps(tensor('float32', [3, 32, 32])))).toBe('USAGE');
  expect(await codeOf(backbone.encodeImage(picture, { batch: 0 }))).toBe('USAGE');
  expect(await codeOf(backbone.embedPixels(tensor('float32', [1, 3, 32, 16])))).toBe('USAGE');
  expect(await codeOf(backbone.encodeImage(crop(picture, 0, 0, 40, 1), { dense: true, size: 20_000 }))).toBe('INPUT_UNREADABLE');
  expect(await codeOf(backbone.encodeImage('no-such-picture.png'))).toBe('INPUT_NOT_FOUND');
});

it('makes words once: a second backbone takes them from the cache and never loads the text tower', async () => {
  const options = { cacheDir: folder('words'), threads: 1 };
  await using first = await Backbone.load(folder('tiny.safetensors'), options);
  await using second = await Backbone.load(folder('tiny.safetensors'), options);
  const made = await first.vocabulary(words);
  const phases: string[] = [];
  const found = await second.vocabulary(words, { onProgress: ({ phase }) => phases.push(phase) });
  expect(found).toEqual(made);
  expect(phases).toEqual([]);
});
