import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMask } from '@vitamin-vlm/core';
import { decodeImage, labelColor } from '@vitamin-vlm/image';
import { decodeMask, parseRleString } from 'coco-eval-js';
import { decodePanopticPng, evaluatePanopticFiles } from 'coco-eval-js/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instanceResults, type NamedPanoptic, panopticPng, panopticResult, semanticPng } from '../src/index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fcclip-results-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** A row of sky, void, a row of cat. */
const panoptic: NamedPanoptic = {
  map: { width: 3, height: 3, data: Uint16Array.of(2, 2, 2, 0, 0, 0, 1, 1, 0) },
  segments: [
    { id: 1, label: 'cat', class: 0, isThing: true, score: 0.75, area: 2, box: [0, 2, 2, 1] },
    { id: 2, label: 'sky', class: 2, isThing: false, score: 0.5, area: 3, box: [0, 0, 3, 1] },
  ],
};

describe('panoptic results', () => {
  it('list segments by the ids of a data set, or by places from 1', () => {
    expect(panopticResult(panoptic, { imageId: 139, fileName: '139.png', categoryIds: [17, 18, 187] })).toEqual({
      image_id: 139,
      file_name: '139.png',
      segments_info: [
        { id: 1, category_id: 17, area: 2, bbox: [0, 2, 2, 1], iscrowd: 0, score: 0.75 },
        { id: 2, category_id: 187, area: 3, bbox: [0, 0, 3, 1], iscrowd: 0, score: 0.5 },
      ],
    });
    expect(panopticResult(panoptic, { imageId: 'a', fileName: 'a.png' }).segments_info.map((info) => info.category_id)).toEqual([1, 3]);
  });

  it('are files that score 1 against themselves, ids above 255 included', async () => {
    const map = { width: 40, height: 10, data: Uint16Array.from({ length: 400 }, (_, i) => i) };
    const segments = Array.from({ length: 399 }, (_, i) => {
      const box = [(i + 1) % 40, Math.floor((i + 1) / 40), 1, 1] as const;
      return { id: i + 1, label: 'cat', class: 0, isThing: true, score: 1, area: 1, box };
    });
    const many = { map, segments };
    const png = await panopticPng(many);
    expect([...decodePanopticPng(png, 'many.png').ids]).toEqual([...map.data]);
    const names = ['many.png', 'few.png'];
    await mkdir(join(folder, 'panoptic'));
    await writeFile(join(folder, 'panoptic', 'many.png'), png);
    await writeFile(join(folder, 'panoptic', 'few.png'), await panopticPng(panoptic));
    const annotations = [many, panoptic].map((one, i) => panopticResult(one, { imageId: i, fileName: names[i]! }));
    const categories = ['cat', 'dog', 'sky'].map((name, i) => ({ id: i + 1, name, isthing: i < 2 ? 1 : 0 }));
    const images = [many, panoptic].map((one, id) => ({ id, file_name: names[id]!, width: one.map.width, height: one.map.height }));
    const path = join(folder, 'panoptic.json');
    await writeFile(path, JSON.stringify({ images, annotations, categories }));
    const { result, warnings } = await evaluatePanopticFiles(path, path);
    expect([warnings, result.all.pq, result.all.n]).toEqual([[], 1, 2]);
  });
});

it('gives masks as entries of a COCO results file', () => {
  const bitmap = Uint8Array.of(0, 1, 1, 0, 1, 0);
  const mask = encodeMask(bitmap, 3, 2);
  const [entry] = instanceResults([{ class: 1, score: 0.25, mask }], { imageId: 7, categoryIds: [17, 18] });
  expect(Object.keys(entry!)).toEqual(['image_id', 'category_id', 'segmentation', 'score']);
  expect(entry).toMatchObject({ image_id: 7, category_id: 18, score: 0.25, segmentation: { size: [2, 3] } });
  expect(decodeMask(parseRleString(String(entry!.segmentation.counts), 2, 3), 'row')).toEqual(bitmap);
  expect(instanceResults([{ class: 1, score: 0.25, mask }], { imageId: 7 })[0]!.category_id).toBe(2);
});

describe('semantic PNG', () => {
  const map = { width: 2, height: 2, data: Uint16Array.of(0, 2, 254, 65_535) };

  it('has 8 bits and a palette for up to 255 labels', async () => {
    const { png, ignore, colors } = await semanticPng(map, 255);
    expect([ignore, colors!.length, colors![2]]).toEqual([255, 255, labelColor(2)]);
    expect([png[24], png[25]]).toEqual([8, 3]); // depth, palette
    const shown = await decodeImage(png);
    expect([...shown.data]).toEqual([...labelColor(0), ...labelColor(2), ...labelColor(254), 0, 0, 0]);
  });

  it('has 16 bits beyond', async () => {
    const { png, ignore, colors } = await semanticPng(map, 256);
    expect([ignore, colors, png[24], png[25]]).toEqual([65_535, undefined, 16, 0]);
    expect([...decodePanopticPng(png, 'map.png', { gray: 'value' }).ids]).toEqual([...map.data]);
  });
});
