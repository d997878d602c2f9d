import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, tinyClasses, writePicture, writeTinyDetector, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** `vitamin eval detect` with masks, on data sets whose truth is what a detector of random weights finds best. */
const { temporary, run } = inTemporaryFolder();
const PICTURES = 6;
/** The detector finds its first two classes in every picture. */
const frequencies = ['f', 'r', 'c', 'c', 'r'];

/** Few of its detections have another label. */
const all = ['--score', '0', '--max', '300'];

interface Found {
  readonly width: number;
  readonly height: number;
  readonly detections: {
    readonly label: string;
    readonly box: number[];
    readonly mask: { readonly size: number[]; readonly counts: string };
  }[];
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyDetector(temporary('masks.pth'), { masks: true });
  process.env['VITAMIN_MODEL'] = temporary('masks.pth');
  await mkdir(temporary('images'));
  for (let i = 0; i < PICTURES; i++) await writePicture(temporary('images', `${i}.png`), 80 + 7 * i, 60, i);
  const { stdout } = await run('detect', 'images', '--masks', '--json', ...all);
  const { images } = JSON.parse(stdout) as { images: Found[] };
  const categories = tinyClasses.map((name, i) => ({ id: i + 1, name, frequency: frequencies[i], image_count: 9, instance_count: 9 }));
  // The best detection of every label that a picture has.
  const annotations = images.flatMap(({ detections }, i) =>
    tinyClasses.flatMap((name, k) => {
      const best = detections.find(({ label }) => label === name);
      if (!best) return [];
      const [x = 0, y = 0, w = 0, h = 0] = best.box;
      // In some pictures the truth is half of the box.
      const segmentation = i % 3 === 2 ? [[x, y, x + w, y, x, y + h]] : best.mask;
      return [{ image_id: i + 1, category_id: k + 1, bbox: best.box, area: w * h, segmentation }];
    }),
  );
  const set = (more: object, fields: object): object => ({
    images: images.map(({ width, height }, i) => ({ id: i + 1, width, height, file_name: `${i}.png`, ...more })),
    categories,
    annotations: annotations.map((annotation, i) => ({ id: i + 1, ...annotation, ...fields })),
  });
  await writeFile(temporary('lvis.json'), JSON.stringify(set({ neg_category_ids: [1, 2, 3, 4, 5], not_exhaustive_category_ids: [2] }, {})));
  await writeFile(temporary('coco.json'), JSON.stringify(set({}, { iscrowd: 0 })));
});

/** The numbers of the independent command on the same files. */
function judged(...args: string[]): Record<string, number> {
  const cocoEval = fileURLToPath(new URL('./bin/coco-eval.js', import.meta.resolve('coco-eval-js/package.json')));
  const { stdout } = spawnSync(process.execPath, [cocoEval, ...args, '--json'], { cwd: temporary(), encoding: 'utf8' });
  return (JSON.parse(stdout) as { metrics: Record<string, number> }).metrics;
}

async function metricsOf(folder: string): Promise<Record<string, number>> {
  return JSON.parse(await readFile(temporary(folder, 'metrics.json'), 'utf8')) as Record<string, number>;
}

it('LVIS: masks are compared without asking, in the table of rare, common and frequent classes', async () => {
  const { status, stdout } = await run('eval', 'detect', '--annotations', 'lvis.json', '--images', 'images', '-o', 'lvis', ...all);
  expect(status).toBe(0);
  for (const name of ['APr', 'APc', 'APf']) expect(stdout).toMatch(new RegExp(`\\b${name.at(-1)}\\b`, 'u'));
  const metrics = await metricsOf('lvis');
  const expected = judged('lvis.json', 'lvis/detections.json', '--lvis', '--iou-type', 'segm');
  for (const name of ['AP', 'AP50', 'APr', 'APc', 'APf', 'AR@300']) expect([name, metrics[name] ?? -1]).toEqual([name, expected[name]]);
  // The truth is there, among false ones of the same label.
  expect(metrics['APf']).toBeGreaterThan(0.1);
  expect(metrics['APr']).toBeGreaterThan(0.1);
  const { settings } = JSON.parse(await readFile(temporary('lvis', 'run.json'), 'utf8')) as { settings: object };
  expect(settings).toMatchObject({
    data: { iouType: 'segm', split: { name: 'ov-lvis' } },
    model: { family: 'ov-lvis' },
    choice: { alpha: 0.1, beta: 0.4, vlmTemperature: 50, nms: 0.5, max: 300 },
  });
  const [first] = JSON.parse(await readFile(temporary('lvis', 'detections.json'), 'utf8')) as { segmentation: { size: number[] } }[];
  expect(first!.segmentation.size).toEqual([60, 80]);
});

it('COCO: masks on request, boxes otherwise, and other numbers for other questions', async () => {
  const data = ['--annotations', 'coco.json', '--images', 'images', '--split', 'none'];
  expect((await run('eval', 'detect', ...data, '-o', 'boxes')).status).toBe(0);
  expect((await run('eval', 'detect', ...data, '--iou-type', 'segm', '-o', 'masks')).status).toBe(0);
  const [boxes, masks] = [await metricsOf('boxes'), await metricsOf('masks')];
  const names = ['AP', 'AP50', 'AP75', 'AR@100'];
  const numbers = (of: Record<string, number>): number[] => names.map((name) => of[name]!);
  expect(numbers(boxes)).toEqual(numbers(judged('coco.json', 'boxes/detections.json')));
  expect(numbers(masks)).toEqual(numbers(judged('coco.json', 'masks/detections.json', '--iou-type', 'segm')));
  expect(masks['AP']).not.toBe(boxes['AP']);
});

it('refuses masks of a detector without a mask head', async () => {
  await writeTinyDetector(temporary('boxes.pth'));
  const data = ['--annotations', 'coco.json', '--images', 'images', '--iou-type', 'segm', '--model', 'boxes.pth', '-o', 'none'];
  const { status, stderr } = await run('eval', 'detect', ...data);
  expect([status, stderr]).toEqual([4, expect.stringContaining('Expected a detector with a mask head')]);
});
