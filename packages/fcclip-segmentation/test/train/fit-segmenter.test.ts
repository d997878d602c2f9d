import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeIdPng, encodePng } from '@vitamin-vlm/image';
import { readLog } from '@vitamin-vlm/training';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fitSegmenter, type FitSegmenterOptions, panopticSource, readPanopticSet, Segmenter } from '../../src/index.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let folder = '';
const at = (name: string): string => join(folder, name);
const [width, height] = [80, 60];

const segment = (id: number, category: number, iscrowd = 0): object => ({ id, category_id: category, iscrowd });

/** A sky above grass, a red box on it (a thing), and a crowd in a corner. Ids are far apart and the categories not in order. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-fit-'));
  await mkdir(at('images'));
  await mkdir(at('panoptic'));
  const annotations = [];
  for (let image = 1; image <= 3; image++) {
    const ids = new Uint32Array(width * height);
    const data = new Uint8Array(3 * width * height);
    for (let i = 0; i < ids.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const box = x >= 10 * image && x < 10 * image + 20 && y >= 20 && y < 50;
      ids[i] = box ? 70_000 : x > 70 && y > 50 ? 9 : y < 30 ? 300 : 5;
      data.set(box ? [220, 20, 20] : y < 30 ? [90, 150, 240] : [60, 160, 60], 3 * i);
    }
    await writeFile(at(`images/${image}.png`), await encodePng({ width, height, data }));
    await writeFile(at(`panoptic/${image}.png`), await encodeIdPng(ids, width, height));
    annotations.push({
      image_id: image,
      file_name: `${image}.png`,
      segments_info: [segment(70_000, 7), segment(9, 7, 1), segment(300, 187), segment(5, 93)],
    });
  }
  const categories = [
    { id: 187, name: 'sky-other-merged', isthing: 0 },
    { id: 7, name: 'train', isthing: 1 },
    { id: 93, name: 'grass-merged', isthing: 0 },
  ];
  const images = [1, 2, 3].map((id) => ({ id, file_name: `${id}.png`, width, height }));
  await writeFile(at('panoptic.json'), JSON.stringify({ images, annotations, categories }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('reads classes in the order of ids, without crowds, and refuses a list of other names', async () => {
  const set = await readPanopticSet(at('panoptic.json'), { images: at('images') });
  expect(set.labels.map(({ name }) => name)).toEqual(['train', 'grass', 'sky']);
  expect(set.things).toEqual([true, false, false]);
  expect(set.images).toHaveLength(3);
  expect(set.images[0]!.segments).toEqual([
    { id: 70_000, class: 0 },
    { id: 300, class: 2 },
    { id: 5, class: 1 },
  ]);
  await expect(readPanopticSet(at('panoptic.json'), { images: at('images'), vocabulary: 'cityscapes' })).rejects.toMatchObject({
    code: 'USAGE',
  });
  await expect(readPanopticSet(at('none.json'), { images: at('images') })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
});

it('masks lie where the picture shows their segments, mirrored, scaled and cut alike; gray beside it belongs to none', async () => {
  const { images } = await readPanopticSet(at('panoptic.json'), { images: at('images') });
  const canvas = { width: 64, height: 64 };
  const pictureAt = panopticSource(images, { canvas, seed: 3 });
  let [compared, mirrored] = [0, 0];
  for (let place = 0; place < 12; place++) {
    const { pixels, masks, classes } = await pictureAt(place);
    expect([...classes]).toEqual([0, 2, 1]); // kept even where the cut leaves nothing of them
    const plane = canvas.width * canvas.height;
    const channel = (c: number, i: number): number => pixels.data[c * plane + i]!;
    for (let i = 0; i < plane; i++) {
      const red = channel(0, i) > 1 && channel(2, i) < -0.5;
      const blue = channel(2, i) > 1;
      // Pixels of pure color; borders are mixed by the resizing.
      if (red && channel(0, i) > 1.4) expect(masks[0]![i], `place ${place}, pixel ${i}`).toBe(1);
      if (blue && channel(2, i) > 1.9) expect(masks[1]![i]).toBe(1);
      if (masks[0]![i]) compared++;
      if (
        Math.abs(channel(0, i) - (128 - 122.7709383) / 68.5005327) < 1e-5 &&
        Math.abs(channel(2, i) - (128 - 104.09373615) / 70.32316305) < 1e-5
      )
        expect(masks.map((mask) => mask[i])).toEqual([0, 0, 0]);
    }
    const again = await pictureAt(place);
    expect(again.pixels.data).toEqual(pixels.data);
    const center = masks[0]!.reduce((sum, inside, i) => sum + inside * (i % canvas.width), 0) / masks[0]!.reduce((a, b) => a + b, 1);
    if (center > canvas.width / 2) mirrored++;
  }
  expect(compared).toBeGreaterThan(500);
  expect(mirrored).toBeGreaterThan(0);
});

const options = (name: string): FitSegmenterOptions => ({
  folder: at(name),
  annotations: at('panoptic.json'),
  images: at('images'),
  tower: 'nano',
  size: 96,
  width: 32,
  heads: 4,
  encoderLayers: 1,
  decoderLayers: 3,
  queries: 6,
  points: 64,
  stride: 48,
  batch: 2,
  epochs: 4,
  rate: 1e-3,
  session: { threads: 1, cacheDir: at('cache') },
});

it('trains a segmenter that opens with its words, and goes on only with the same settings', async () => {
  const { segmenter: file, steps } = await fitSegmenter(options('run'));
  expect(steps).toBe(6);
  expect((await readLog(join(at('run'), 'log.jsonl'))).filter((entry) => 'loss' in entry)).toHaveLength(6);
  await using segmenter = await Segmenter.load(file, { tower: 'nano', cacheDir: false, threads: 1 });
  expect(segmenter.model.classes.map(({ name }) => name)).toEqual(['train', 'grass', 'sky']);
  expect(segmenter.model.things).toEqual([true, false, false]);
  const { panoptic } = await segmenter.segment(at('images/1.png'));
  expect(panoptic!.map.data).toHaveLength(width * height);
  await expect(fitSegmenter({ ...options('run'), queries: 7 })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(fitSegmenter({ ...options('other'), width: 40 })).rejects.toThrow('multiple of 32');
  await expect(fitSegmenter({ ...options('other'), decoderLayers: 2 })).rejects.toThrow('one for each level');
});

it('goes on from another segmenter, and keeps the best of its evaluations', async () => {
  const { folder: first } = options('run');
  const from = join(first, 'segmenter.pth');
  const { width: _, heads: __, queries: ___, size: ____, ...others } = options('on');
  const evaluation = { annotations: at('panoptic.json'), images: at('images'), limit: 2, every: 2 };
  const { segmenter: file, best } = await fitSegmenter({ ...others, encoderLayers: 1, epochs: 2, rate: 1e-9, from, evaluation });
  const log = await readLog(join(at('on'), 'log.jsonl'));
  const figures = log.flatMap((entry) => ('evaluation' in entry ? [entry.evaluation] : []));
  expect(log.flatMap((entry) => ('evaluation' in entry ? [entry.step] : []))).toEqual([2, 3]);
  expect(Object.keys(figures[0]!)).toEqual(['PQ', 'PQ things', 'PQ stuff', 'mIoU']);
  expect(Object.values(figures[0]!).every((value) => value >= -1 && value <= 1)).toBe(true);
  expect(figures[0]!['mIoU']).toBeGreaterThanOrEqual(0);
  expect(best?.value).toBe(Math.max(...figures.map((one) => one['PQ']!)));
  // Nothing to speak of was learned: the weights are those that it started from.
  await using before = await Segmenter.load(from, { tower: 'nano', cacheDir: false, threads: 1 });
  await using after = await Segmenter.load(file, { tower: 'nano', cacheDir: false, threads: 1 });
  expect(after.model.config).toEqual(before.model.config);
  expect(after.model.read).toEqual(before.model.read);
  const [a, b] = await Promise.all([before, after].map(async (one) => (await one.encode(at('images/1.png'))).maskLogits.data));
  expect(Math.max(...a!.map((value, i) => Math.abs(value - b![i]!)))).toBeLessThan(1e-3);
  await expect(fitSegmenter({ ...options('wrong'), queries: 7, from })).rejects.toThrow('Expected the queries 6 of');
});
