import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeImage } from '@vitamin-vlm/image';
// The built package: its workers are files of their own.
import {
  contactSheet,
  decodeRle,
  panopticCategories,
  renderScene,
  renderSingle,
  writeDataSet,
  writeSingles,
} from '@vitamin-vlm/picture-world';
import { afterAll, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'picture-world-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface CocoFile {
  images: { id: number; width: number; height: number; file_name: string }[];
  annotations: Record<string, unknown>[];
  categories: { id: number; name: string; isthing?: number }[];
}
const readJson = (...path: string[]): CocoFile => JSON.parse(readFileSync(join(root, ...path), 'utf8')) as CocoFile;

interface Segment {
  id: number;
  category_id: number;
  area: number;
  bbox: number[];
  iscrowd: number;
}

it('writes a COCO data set whose files agree with each other and with the scenes', async () => {
  await writeDataSet(join(root, 'set'), { count: 9, seed: 40, width: 96, height: 64, split: 'val' });
  const instances = readJson('set', 'annotations', 'instances.json');
  const panoptic = readJson('set', 'annotations', 'panoptic.json');
  expect(instances.images.map((image) => image.id)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48]);
  expect(instances.categories).toHaveLength(65);
  expect(panoptic.categories).toEqual(panopticCategories());
  const ids = instances.annotations.map((a) => a['id']);
  expect(ids).toEqual(ids.map((_, i) => i + 1));
  for (const { id, file_name: name, width, height } of instances.images) {
    const scene = renderScene(id, { width: 96, height: 64, split: 'val' });
    expect([width, height]).toEqual([96, 64]);
    expect((await decodeImage(join(root, 'set', 'images', name))).data).toEqual(scene.picture.data);
    const png = (await decodeImage(join(root, 'set', 'panoptic', name))).data;
    const areas = new Map<number, number>();
    for (let i = 0; i < png.length; i += 3) {
      const segment = png[i]! + 256 * png[i + 1]! + 65_536 * png[i + 2]!;
      if (segment !== scene.panoptic[i / 3]) throw new Error(`pixel ${i / 3} of ${name}`);
      areas.set(segment, (areas.get(segment) ?? 0) + 1);
    }
    const record = panoptic.annotations.find((a) => a['image_id'] === id)! as unknown as { file_name: string; segments_info: Segment[] };
    expect(record.file_name).toBe(name);
    expect(new Map(record.segments_info.map((s) => [s.id, s.area]))).toEqual(areas);
    const own = instances.annotations.filter((a) => a['image_id'] === id);
    expect(own.map((a) => [a['category_id'], a['area'], a['bbox'], a['iscrowd']])).toEqual(
      scene.things.map((t) => [t.categoryId, t.area, t.box, t.crowd ? 1 : 0]),
    );
    for (const [i, a] of own.entries()) {
      expect(Array.isArray(a['segmentation'])).toBe(!scene.things[i]!.crowd);
      expect(decodeRle(scene.things[i]!.mask).reduce((sum, v) => sum + v, 0)).toBe(a['area']);
    }
  }
  const captions = readJson('set', 'annotations', 'captions.json').annotations;
  expect(captions.filter((c) => c['image_id'] === 40).map((c) => c['caption'])).toEqual(
    renderScene(40, { width: 96, height: 64, split: 'val' }).captions,
  );
  expect(readJson('set', 'annotations', 'questions.json').annotations.length).toBeGreaterThan(9);
  expect(readdirSync(join(root, 'set', 'semantic'))).toHaveLength(9);
});

it('writes the semantic map as category numbers', async () => {
  const { semantic } = renderScene(40, { width: 96, height: 64, split: 'val' });
  const file = join(root, 'set', 'semantic', '000000000040.png');
  // A palette PNG: the numbers are the indices, so the same pixels must have the same color and different ones different colors.
  const { data } = await decodeImage(file);
  const colorOf = new Map<number, string>();
  semantic.forEach((id, i) => {
    const color = data.subarray(i * 3, i * 3 + 3).join();
    if (colorOf.has(id)) expect(color).toBe(colorOf.get(id));
    colorOf.set(id, color);
  });
  expect(new Set(colorOf.values()).size).toBe(colorOf.size);
});

it('stops when asked, and leaves no annotation file behind', async () => {
  const controller = new AbortController();
  const done: number[] = [];
  const work = writeDataSet(join(root, 'aborted'), {
    count: 200,
    width: 64,
    signal: controller.signal,
    onProgress: (event) => {
      if (event.phase === 'run') done.push(event.done);
      if (done.length === 5) controller.abort();
    },
  });
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  expect(done.length).toBeLessThan(200);
  expect(existsSync(join(root, 'aborted', 'annotations', 'instances.json'))).toBe(false);
});

it('refuses wrong options before it makes a folder', async () => {
  for (const options of [{ count: 0 }, { count: 1, width: 8 }, { count: 1, seed: -3 }, { count: 1, kinds: ['dragon'] }]) {
    await expect(writeDataSet(join(root, 'never'), options)).rejects.toMatchObject({ code: 'USAGE' });
  }
  expect(existsSync(join(root, 'never'))).toBe(false);
});

it('draws a contact sheet', () => {
  const { width, height, data } = contactSheet(1, 6);
  expect(data).toHaveLength(width * height * 3);
  expect(new Set(data).size).toBeGreaterThan(100);
});

it('has a command that says what is wrong with its arguments', async () => {
  const main = join(import.meta.dirname, '..', 'dist', 'main.js');
  const run = promisify(execFile);
  const failure = async (...flags: string[]): Promise<{ code: number; stderr: string }> =>
    run(process.execPath, [main, ...flags]).then(
      () => ({ code: 0, stderr: '' }),
      (error: unknown) => error as { code: number; stderr: string },
    );
  expect(await failure()).toMatchObject({ code: 2, stderr: expect.stringContaining('--contact-sheet') });
  expect(await failure('--size', '9', '-o', join(root, 'x'))).toMatchObject({ code: 2, stderr: expect.stringContaining('32 to 4096') });
  expect(await failure('--size', 'big', '-o', join(root, 'x'))).toMatchObject({ code: 2 });
  expect(await failure('--cnt', '9')).toMatchObject({ code: 2 });
  const { stdout } = await run(process.execPath, [main, '--count', '2', '--size', '64x48', '-o', join(root, 'small')]);
  expect(stdout).toContain('Wrote 2 scenes');
  expect(readdirSync(join(root, 'small', 'images'))).toEqual(['000000000001.png', '000000000002.png']);
});

it('writes a data set for classification: a folder for each kind, and the words for them', async () => {
  const folder = join(root, 'singles');
  await writeSingles(folder, { count: 2, seed: 5, split: 'val', width: 48, kinds: ['zebra', 'bus'] });
  expect(readdirSync(folder).toSorted()).toEqual(['bus', 'classnames.txt', 'zebra', 'zeroshot_classification_templates.txt']);
  expect(readFileSync(join(folder, 'classnames.txt'), 'utf8')).toBe('bus\nzebra\n'); // in the order of the folders
  expect(readdirSync(join(folder, 'zebra'))).toEqual(['000000000005.png', '000000000006.png']);
  const { data } = await decodeImage(join(folder, 'zebra', '000000000006.png'));
  expect(data).toEqual(renderSingle(6, 'zebra', { split: 'val', width: 48 }).picture.data);
  await expect(writeSingles(folder, { count: 0 })).rejects.toMatchObject({ code: 'USAGE' });
});
