import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { segmentSetNames } from '@vitamin-vlm/fcclip-segmentation';
import { decodeImage, encodeIdPng, encodeLabelPng } from '@vitamin-vlm/image';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { segmentDataFlags } from '../src/evaluation/segment-data-flags.ts';
import { inTemporaryFolder, vitamin, writeBrokenPicture, writePicture, writeTinyModel, writeTinySegmenter } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** `vitamin eval segment` with a segmenter of random weights, on pictures whose truth is near what it finds. */
const { temporary, run } = inTemporaryFolder();
const PICTURES = 5;
const names = ['cat', 'red umbrella', 'sky', 'tree-merged', 'unseen'];
const ids = [3, 4, 90, 91, 200];
const things = [true, true, false, false, false];
const data = ['--root', 'world', '--task', 'all'];

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(temporary(folder), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(temporary(folder).length), await readFile(path, 'latin1')] as const;
      }),
    ),
  );
}

async function metricsOf(folder: string): Promise<Record<string, number | null>> {
  return JSON.parse(await readFile(temporary(folder, 'metrics.json'), 'utf8')) as Record<string, number | null>;
}

interface Panoptic {
  annotations: {
    image_id: number;
    file_name: string;
    segments_info: { id: number; category_id: number; area: number; bbox: number[] }[];
  }[];
}

const readPanoptic = async (path: string): Promise<Panoptic> => JSON.parse(await readFile(temporary(path), 'utf8')) as Panoptic;

/** A data set like picture-world's whose truth is what was found, but for a corner of every picture. */
async function writeWorld(): Promise<void> {
  const categories = names.map((name, i) => ({ id: ids[i], name, isthing: Number(things[i]) })).toReversed();
  const images = Array.from({ length: PICTURES }, (_, i) => ({ id: 10 * i, file_name: `${i}.png`, width: 48 + i, height: 40 }));
  const write = async (file: string, body: object): Promise<void> =>
    await writeFile(temporary('world', 'annotations', file), JSON.stringify(body));
  await mkdir(temporary('world', 'annotations'), { recursive: true });
  await mkdir(temporary('world', 'panoptic'));
  for (const { file_name: name, width, height } of images) {
    await writePicture(temporary('world', 'images', name), width, height, width);
    await writeFile(temporary('world', 'panoptic', name), await encodeIdPng(new Uint32Array(width * height).fill(7), width, height));
  }
  const annotations = images.map(({ id, file_name }) => ({ image_id: id, file_name, segments_info: [{ id: 7, category_id: 3, area: 1 }] }));
  await write('panoptic.json', { images, annotations, categories });
  await write('instances.json', { images, annotations: [], categories: categories.filter(({ isthing }) => isthing) });
  await run('eval', 'segment', '--root', 'world', '--task', 'panoptic', '-o', 'found');
  const found = await readPanoptic('found/panoptic.json');
  const instances: object[] = [];
  for (const annotation of found.annotations) {
    const { width, height, data: rgb } = await decodeImage(temporary('found', 'panoptic', annotation.file_name));
    const map = Uint32Array.from({ length: width * height }, (_, i) => (i % width < 9 && i < 12 * width ? 0 : rgb[3 * i]!));
    await writeFile(temporary('world', 'panoptic', annotation.file_name), await encodeIdPng(map, width, height));
    annotation.segments_info = annotation.segments_info.filter(({ id }) => map.includes(id));
    for (const segment of annotation.segments_info) {
      segment.area = map.filter((id) => id === segment.id).length;
      const [x = 0, y = 0, w = 0, h = 0] = segment.bbox;
      const polygon = [x, y, x + w, y, x + w, y + h, x, y + h];
      if (segment.category_id < 90)
        instances.push({
          id: instances.length + 1,
          image_id: annotation.image_id,
          category_id: segment.category_id,
          segmentation: [polygon],
          bbox: segment.bbox,
          area: w * h,
          iscrowd: 0,
        });
    }
  }
  await write('panoptic.json', { ...found, images, categories });
  await write('instances.json', { images, annotations: instances, categories: categories.filter(({ isthing }) => isthing) });
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinySegmenter(temporary('segmenter.pth'), ['cat', 'red umbrella', 'sky', 'tree'], [true, true, false, false]);
  process.env['VITAMIN_MODEL'] = temporary('segmenter.pth');
  process.env['VITAMIN_TOWER'] = temporary('model');
  process.env['VITAMIN_TEMPLATES'] = 'a {}.';
  await mkdir(temporary('world', 'images'), { recursive: true });
  await writeWorld();
  const whole = await run('eval', 'segment', ...data, '-o', 'whole');
  await writeFile(temporary('whole.txt'), whole.stdout + whole.stderr);
});

/** The command of coco-eval-js on two files. */
function judged(...args: string[]): Record<string, number> {
  const program = fileURLToPath(new URL('./bin/coco-eval.js', import.meta.resolve('coco-eval-js/package.json')));
  const { stdout } = spawnSync(process.execPath, [program, ...args, '--json', '-q'], { cwd: temporary(), encoding: 'utf8' });
  return (JSON.parse(stdout) as { metrics: Record<string, number> }).metrics;
}

it('prints the table, and writes the numbers that coco-eval finds in its predictions', async () => {
  const table = await readFile(temporary('whole.txt'), 'utf8');
  expect(table).toMatch(/^ +PQ +SQ +RQ +mIoU +AP +classes\nall .* 5\nthings .* 2\nstuff .* 3\nbase .* 4\nnovel .* 1\n\nfwIoU .*pACC/mu);
  const metrics = await metricsOf('whole');
  const panoptic = judged('world/annotations/panoptic.json', 'whole/panoptic.json', '--panoptic', '--gt-folder', 'world/panoptic');
  expect(metrics['PQ']).toBeGreaterThan(0.5); // the truth is near what it finds
  for (const [name, key] of Object.entries({ PQ: 'PQ', SQ: 'SQ', RQ: 'RQ', 'PQ things': 'PQ_th', 'PQ stuff': 'PQ_st' })) {
    expect(metrics[name], `${name} of ${JSON.stringify(panoptic)}`).toBe(panoptic[key]);
  }
  const instances = judged('world/annotations/instances.json', 'whole/instances.json', '--iou-type', 'segm');
  expect(metrics['AP50']).toBeGreaterThan(0);
  for (const name of ['AP', 'AP50', 'AR@100']) expect(metrics[name]).toBe(instances[name]);
  expect(Object.values(metrics).every((value) => value === null || (value >= 0 && value <= 1))).toBe(true);
});

it('counts the classes of every pixel', async () => {
  const rows = names.map(() => ({ right: 0, truth: 0, found: 0 }));
  for (const { file_name: name, segments_info: segments } of (await readPanoptic('world/annotations/panoptic.json')).annotations) {
    const truth = (await decodeImage(temporary('world', 'panoptic', name))).data;
    const { colors } = await paletteOf(temporary('whole', 'semantic', name));
    const answer = (await decodeImage(temporary('whole', 'semantic', name))).data;
    for (let i = 0; i < truth.length; i += 3) {
      const category = segments.find(({ id }) => id === truth[i])?.category_id;
      if (category === undefined) continue;
      const [expected, found] = [ids.indexOf(category), colors.get(answer.subarray(i, i + 3).join())!];
      rows[expected]!.truth++;
      rows[found]!.found++;
      if (expected === found) rows[expected]!.right++;
    }
  }
  const counted = rows.filter(({ truth }) => truth > 0);
  const mIoU = counted.reduce((sum, { right, truth, found }) => sum + right / (truth + found - right), 0) / counted.length;
  expect((await metricsOf('whole'))['mIoU']).toBeCloseTo(mIoU, 12);
  expect((await metricsOf('whole'))['mIoU novel']).toBe(null); // no pixel of it is true
});

/** The places of a palette PNG by their colors. */
async function paletteOf(path: string): Promise<{ colors: Map<string, number> }> {
  const bytes = await readFile(path);
  const at = bytes.indexOf('PLTE') + 4;
  return { colors: new Map(names.map((_, i) => [bytes.subarray(at + 3 * i, at + 3 * i + 3).join(), i])) };
}

it('tells in run.json what the results depend on', async () => {
  const { settings, total } = JSON.parse(await readFile(temporary('whole', 'run.json'), 'utf8')) as { settings: object; total: number };
  expect(total).toBe(PICTURES);
  expect(settings).toMatchObject({
    task: 'segment',
    data: { dataset: null, images: PICTURES, tasks: ['panoptic', 'semantic', 'instance'], base: [0, 1, 2, 3] },
    model: { identity: { heads: expect.stringMatching(/^[0-9a-f]{64}$/u) as string }, precision: 'float32' },
    reading: { window: 32, stride: 16 },
    choice: { score: 0, overlap: 0.2, max: 100, alpha: 0.45, beta: 0.7 },
    words: { from: 'a {}.', classes: ['cat', 'red umbrella', 'sky', 'tree', 'unseen'], things: '11000' },
  });
});

/** The real command, killed when its journal has grown by some lines. */
async function killedAfter(lines: number): Promise<void> {
  const journal = temporary('killed', 'journal.jsonl');
  let child: ChildProcess | undefined;
  const env = {
    VITAMIN_MODEL: temporary('segmenter.pth'),
    VITAMIN_TOWER: temporary('model'),
    VITAMIN_TEMPLATES: 'a {}.',
    VITAMIN_CACHE_DIR: temporary('cache'),
  };
  const ended = vitamin(['eval', 'segment', ...data, '-o', 'killed', '-q'], {
    cwd: temporary(),
    env,
    onStart: (started) => (child = started),
  });
  const size = (): number => (existsSync(journal) ? statSync(journal).size : 0);
  let [seen, before] = [0, size()];
  while (seen < lines && child!.exitCode === null) {
    await setTimeout(5);
    if (size() === before) continue;
    before = size();
    seen++;
  }
  child!.kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
}

it('goes on after kill -9, and ends in the same bytes', async () => {
  await killedAfter(2);
  const { status, stdout } = await run('eval', 'segment', ...data, '-o', 'killed');
  expect([status, stdout]).toEqual([0, await readFile(temporary('whole.txt'), 'utf8')]);
  expect(await bytesOf('killed')).toEqual(await bytesOf('whole'));
});

it('merges shards to the same bytes, from wherever the data set is', async () => {
  for (const i of [1, 2]) expect((await run('eval', 'segment', ...data, '--shard', `${i}/2`, '-o', `part-${i}`)).status).toBe(0);
  const merged = await run('eval', 'merge', 'part-2', 'part-1', '-o', 'merged');
  expect([merged.status, merged.stdout]).toEqual([0, await readFile(temporary('whole.txt'), 'utf8')]);
  expect(await bytesOf('merged')).toEqual(await bytesOf('whole'));
  await cp(temporary('world'), temporary('elsewhere'), { recursive: true });
  const moved = await run('eval', 'merge', 'part-1', 'part-2', '-o', 'moved', '--root', 'elsewhere', '--report');
  expect([moved.status, await metricsOf('moved')]).toEqual([0, await metricsOf('whole')]);
  expect(await readFile(temporary('moved', 'segments.html'), 'utf8')).toMatch(/PQ.*red umbrella.*novel/su);
  await writeFile(
    temporary('elsewhere', 'annotations', 'panoptic.json'),
    `${await readFile(temporary('world', 'annotations', 'panoptic.json'), 'utf8')} `,
  );
  const other = await run('eval', 'merge', 'part-1', 'part-2', '-o', 'other', '--root', 'elsewhere');
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected the annotations that were evaluated')]);
});

it('counts a broken picture as one in which nothing was found, and tries it again when asked', async () => {
  await cp(temporary('world'), temporary('hurt'), { recursive: true });
  await writeBrokenPicture(temporary('hurt', 'images', '1.png'));
  const broken = ['eval', 'segment', '--root', 'hurt', '-o', 'broken'];
  const { status, stderr } = await run(...broken);
  expect([status, stderr]).toEqual([3, expect.stringContaining('1 without a result, counted as if nothing was found in them: 1.png')]);
  const without = await metricsOf('broken');
  const whole = await metricsOf('whole');
  for (const name of ['PQ', 'mIoU', 'pACC']) expect(without[name]).toBeLessThan(whole[name]!);
  expect((await readPanoptic('broken/panoptic.json')).annotations[1]!.segments_info).toEqual([]);
  await cp(temporary('world', 'images'), temporary('hurt', 'images'), { recursive: true });
  expect((await run(...broken, '--retry-broken')).status).toBe(0);
  expect(await metricsOf('broken')).toEqual(whole);
});

describe('data sets', () => {
  it('are those whose layouts are known', () => {
    expect(segmentDataFlags.dataset.choices).toEqual(segmentSetNames);
  });

  it('in plain folders: label maps with a list, and panoptic maps', async () => {
    const folder = temporary('plain');
    await mkdir(join(folder, 'maps'), { recursive: true });
    await writeFile(join(folder, 'classes.txt'), `${['cat', 'red umbrella', 'sky', 'tree', 'unseen'].join('\n')}\n`);
    for (const { file_name: name, segments_info: segments } of (await readPanoptic('world/annotations/panoptic.json')).annotations) {
      const { width, height, data: rgb } = await decodeImage(temporary('world', 'panoptic', name));
      const classOf = new Map(segments.map(({ id, category_id: category }) => [id, ids.indexOf(category)]));
      const map = Uint8Array.from({ length: width * height }, (_, i) => classOf.get(rgb[3 * i]!) ?? 99);
      await writeFile(join(folder, 'maps', name), await encodeLabelPng({ width, height, data: map }));
    }
    const plain = ['eval', 'segment', '--images', 'world/images', '--maps', 'plain/maps', '--vocabulary', 'plain/classes.txt'];
    const semantic = await run(...plain, '--ignore', '99', '-o', 'semantic');
    expect([semantic.status, semantic.stderr]).toEqual([0, '']);
    const { mIoU, pACC } = await metricsOf('whole');
    expect(await metricsOf('semantic')).toMatchObject({ mIoU, pACC });
    const wrong = await run(...plain, '-o', 'wrong');
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('Expected numbers 0 to 4, and 255 where nothing is known, in'),
    ]);
    const panoptic = await run(
      'eval',
      'segment',
      '--images',
      'world/images',
      '--annotations',
      'world/annotations/panoptic.json',
      '--maps',
      'world/panoptic',
      '-o',
      'panoptic',
    );
    expect(panoptic.status).toBe(0);
    const { PQ } = await metricsOf('whole');
    expect(await metricsOf('panoptic')).toMatchObject({ PQ, mIoU });

    // What the rules tolerate is told: an area in the file that its pixels do not have makes IoU wrong.
    const set = await readFile(temporary('world', 'annotations', 'panoptic.json'), 'utf8');
    await writeFile(join(folder, 'areas.json'), set.replace(/"area":\d/u, '$&1'));
    const plainMaps = ['--images', 'world/images', '--maps', 'world/panoptic'];
    const areas = await run('eval', 'segment', ...plainMaps, '--annotations', 'plain/areas.json', '-o', 'areas');
    expect([areas.status, areas.stdout]).toEqual([
      0,
      expect.stringMatching(/^warning: 1 annotations with a segment whose "area" is not its pixels in the map$/mu),
    ]);
  });

  it('by name: words and things of the list', async () => {
    const folder = temporary('voc', 'pascal_voc_d2');
    await mkdir(join(folder, 'images', 'validation'), { recursive: true });
    await mkdir(join(folder, 'annotations_pascal20', 'validation'), { recursive: true });
    await writePicture(join(folder, 'images', 'validation', 'a.jpg'), 20, 16);
    await writeFile(
      join(folder, 'annotations_pascal20', 'validation', 'a.png'),
      await encodeLabelPng({ width: 20, height: 16, data: new Uint8Array(320).fill(7) }),
    );
    const { status, stdout } = await run('eval', 'segment', '--dataset', 'voc-20', '--root', 'voc', '-o', 'voc20', '--json');
    expect(status).toBe(0);
    const { metrics } = JSON.parse(stdout) as { metrics: Record<string, number> };
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['mIoU', 'mIoU novel', 'fwIoU', 'mACC', 'pACC']));
    expect(metrics['mIoU']).toBe(metrics['fwIoU']); // one class is true
    const none = await run('eval', 'segment', '--dataset', 'voc-20', '--root', 'voc', '--task', 'panoptic', '-o', 'none');
    expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('Expected --task semantic or all for this data set')]);
  });

  it('that are none, and parts that do not go together', async () => {
    const root = await run('eval', 'segment', '--root', 'model', '-o', 'x');
    expect([root.status, root.stderr]).toEqual([
      3,
      expect.stringMatching(/Expected a data set of picture-world in .*model but found none: images\/ with annotations\/panoptic\.json/u),
    ]);
    const images = await run('eval', 'segment', '--images', 'world/images', '-o', 'x');
    expect([images.status, images.stderr]).toEqual([2, expect.stringContaining('--maps DIR and --vocabulary LIST')]);
    const other = await run('eval', 'segment', ...data, '-o', 'whole', '--overlap', '0.5');
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected settings.choice.overlap to be 0.2')]);
    await rm(temporary('whole', 'run.json'));
    const foreign = await run('eval', 'segment', ...data, '-o', 'whole');
    expect([foreign.status, foreign.stderr]).toEqual([2, expect.stringContaining('panoptic.json of something else')]);
  });
});
