import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { encodePng } from '@vitamin-vlm/image';
import { readLog } from '@vitamin-vlm/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Detector, fitDataSet, type FitOptions, photoSource, readTrainingSet } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'fit-'));
const annotations = join(folder, 'instances.json');
const images = join(folder, 'images');
const held = join(folder, 'held.json');
const split = join(folder, 'split.json');

/** Gray pictures of different sizes, each with a red box that is base, a blue one that is novel, and a crowd. */
beforeAll(async () => {
  await mkdir(images);
  const list = [];
  const boxes = [];
  for (let i = 1; i <= 4; i++) {
    const [width, height] = [90 + 10 * i, 120 - 10 * i];
    const data = new Uint8Array(width * height * 3).fill(128);
    const paint = ([x, y, w, h]: readonly [number, number, number, number], channel: number): void => {
      for (let row = y; row < y + h; row++) for (let column = x; column < x + w; column++) data[(row * width + column) * 3 + channel] = 255;
    };
    const [red, blue] = [
      [10 + i, 12, 30, 40],
      [55, 20 + i, 25, 30],
    ] as const;
    paint(red, 0);
    paint(blue, 2);
    await writeFile(join(images, `${i}.png`), await encodePng({ width, height, data }));
    list.push({ id: i, file_name: `${i}.png`, width, height });
    for (const [category, bbox, iscrowd] of [
      [7, red, 0],
      [3, blue, 0],
      [7, [0, 0, 50, 50], 1],
      [7, [5, 5, 0.5, 9], 0],
    ] as const) {
      const [x, y, w, h] = bbox;
      boxes.push({
        id: boxes.length + 1,
        image_id: i,
        category_id: category,
        bbox,
        iscrowd,
        area: w * h,
        segmentation: [[x, y, x + w, y, x + w, y + h, x, y + h]],
      });
    }
  }
  list.push({ id: 9, file_name: 'missing.png', width: 50, height: 50 }); // without boxes, so that nobody looks for it
  const categories = [
    { id: 7, name: 'red thing' },
    { id: 3, name: 'blue|odd' },
  ];
  await writeFile(annotations, JSON.stringify({ images: list, annotations: boxes, categories }));
  await writeFile(held, JSON.stringify({ images: list.slice(0, 4), annotations: boxes, categories }));
  await writeFile(split, JSON.stringify({ base: ['red thing'], novel: [3] }));
});

afterAll(async () => await rm(folder, { recursive: true }));

const options = (name: string): FitOptions => ({
  folder: join(folder, name),
  annotations,
  images,
  split,
  tower: 'nano',
  width: 8,
  size: 96,
  batch: 4,
  atOnce: 2,
  epochs: 2,
  saveEvery: 1,
  session: { threads: 1, cacheDir: join(folder, 'cache') },
});

it('reads what is to be learned: base boxes alone, no crowds, no slivers, classes in the order of ids', async () => {
  const set = await readTrainingSet(annotations, { images, split });
  expect(set.classes).toEqual(['blue|odd', 'red thing']);
  expect(set.base).toEqual([false, true]);
  expect(set.images).toHaveLength(4);
  expect(set.images[0]!.things.map(({ box, class: index }) => [...box, index])).toEqual([[11, 12, 30, 40, 1]]);
  expect((await readTrainingSet(annotations, { images })).images[0]!.things).toHaveLength(2);
  await expect(readTrainingSet(annotations, { images, split: 'ov-coco' })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  await expect(readTrainingSet(join(folder, 'none.json'), { images })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
});

it('pictures of a place are the same each time, and boxes lie on what they show', async () => {
  const { images: list } = await readTrainingSet(annotations, { images, split });
  const source = { size: 96, filter: 'opencv-bilinear', masks: true, seed: 3 } as const;
  const [one, two] = [photoSource(list, source), photoSource(list, source)];
  for (let place = 0; place < 12; place++) {
    const picture = await one(place);
    expect(await two(place)).toEqual(picture);
    const [x1, y1, x2, y2] = picture.boxes as unknown as [number, number, number, number];
    const middle = Math.floor((y1 + y2) / 2) * 96 + Math.floor((x1 + x2) / 2);
    const { data } = picture.pixels;
    expect(data[middle]! - data[2 * 96 * 96 + middle]!).toBeGreaterThan(0.5); // more red than blue
    const { width, data: mask } = picture.masks![0]!;
    const area = mask.reduce((sum, inside) => sum + inside, 0);
    expect(Math.abs(area - (x2 - x1) * (y2 - y1))).toBeLessThan(2 + 2 * (x2 - x1 + (y2 - y1)));
    expect(mask[Math.floor((y1 + y2) / 2) * width + Math.floor((x1 + x2) / 2)]).toBe(1);
  }
  const epoch = await Promise.all([0, 1, 2, 3].map((place) => one(place)));
  expect(new Set(epoch.map(({ extents, boxes }) => `${extents.width} ${boxes.join()}`)).size).toBe(4);
});

it('trains, is resumed to the same bits, evaluates, and leaves a detector that detects', { timeout: 600_000 }, async () => {
  const evaluation = { annotations: held, images, split, limit: 1, every: 2 };
  const { detector, steps } = await fitDataSet({ ...options('whole'), evaluation });
  expect(steps).toBe(2);
  const log = await readLog(join(folder, 'whole', 'log.jsonl'));
  expect(log.filter((entry) => 'evaluation' in entry).map((entry) => Object.keys(entry.evaluation))).toEqual([
    ['AP', 'AP50', 'AP50 base', 'AP50 novel'],
  ]);
  expect(await readFile(join(folder, 'whole', 'log.svg'), 'utf8')).toContain('<svg');

  await using loaded = await Detector.load(detector, { cacheDir: join(folder, 'cache') }); // the tower is inside
  expect(loaded.model.classes).toEqual(['blue|odd', 'red thing']);
  expect(loaded.model.base).toEqual([false, true]);
  expect(loaded.model.read.size).toBe(96);
  const found = await loaded.detect(join(images, '1.png'), undefined, { score: 0 });
  expect(found.detections.length).toBeGreaterThan(0);
  await using checkpoint = await openCheckpoint(detector);
  expect([...checkpoint.tensors.keys()].filter((name) => !name.startsWith('backbone.visual.'))).toHaveLength(105);

  const stop = new AbortController();
  const stopped = fitDataSet({ ...options('parts'), evaluation, signal: stop.signal, onLog: () => stop.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  const resumed = await fitDataSet({ ...options('parts'), evaluation });
  expect(await readFile(resumed.detector)).toEqual(await readFile(detector));
  await expect(fitDataSet({ ...options('parts'), rate: 1 })).rejects.toMatchObject({ code: 'USAGE' });
});

it('goes on from another detector, with other classes', { timeout: 600_000 }, async () => {
  const from = join(folder, 'whole', 'detector.pth');
  const { parameters } = await fitDataSet({ ...options('tuned'), width: undefined, split: undefined, from, batch: 2, epochs: 1 });
  await using before = await openCheckpoint(from);
  const old = (await before.read('neck.fpn_convs.0.conv.weight')).data as Float32Array;
  const moved = parameters.get('neck.fpn_convs.0.conv.weight')!.data as Float32Array;
  const furthest = moved.reduce((most, value, i) => Math.max(most, Math.abs(value - old[i]!)), 0);
  expect(furthest).toBeGreaterThan(0);
  expect(furthest).toBeLessThan(0.01); // two steps of warm-up
  await expect(fitDataSet({ ...options('wide'), from, width: 16 })).rejects.toMatchObject({ code: 'USAGE' });
});
