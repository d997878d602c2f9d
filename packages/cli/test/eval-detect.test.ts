import { type ChildProcess, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { inTemporaryFolder, tinyClasses, vitamin, writeBrokenPicture, writePicture, writeTinyDetector, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** `vitamin eval detect` and `eval merge` with a detector of random weights, on pictures whose truth is what it finds best. */
const { temporary, run } = inTemporaryFolder();
const PICTURES = 9;
const data = ['--root', 'world', '--split', 'groups.json'];
const files = ['detections.json', 'metrics.json', 'places.json', 'results.jsonl', 'run.json'];

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(temporary(folder));
  expect(names.toSorted()).toEqual(files);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(temporary(folder, name), 'utf8')] as const)));
}

async function metricsOf(folder: string): Promise<Record<string, number | null>> {
  return JSON.parse(await readFile(temporary(folder, 'metrics.json'), 'utf8')) as Record<string, number | null>;
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyDetector(temporary('detector.pth'));
  process.env['VITAMIN_MODEL'] = temporary('detector.pth');
  await mkdir(temporary('world', 'images'), { recursive: true });
  await mkdir(temporary('world', 'annotations'));
  for (let i = 0; i < PICTURES; i++) await writePicture(temporary('world', 'images', `${i}.png`), 80 + 7 * i, 60, i);
  const found = await run('detect', 'world/images', '--json', '--max', '1', '--score', '0');
  const { images } = JSON.parse(found.stdout) as {
    images: { width: number; height: number; detections: { label: string; box: number[] }[] }[];
  };
  const annotations = images.map(({ detections: [best] }, i) => {
    const [, , w = 0, h = 0] = best!.box;
    return { id: i + 1, image_id: 10 * i, category_id: 7 - tinyClasses.indexOf(best!.label), bbox: best!.box, area: w * h, iscrowd: 0 };
  });
  const set = {
    images: images.map(({ width, height }, i) => ({ id: 10 * i, width, height, file_name: `${i}.png` })),
    // Neither the order nor the ids of the detector's classes.
    categories: tinyClasses.map((name, i) => ({ id: 7 - i, name })).toReversed(),
    annotations,
  };
  await writeFile(temporary('world', 'annotations', 'instances.json'), JSON.stringify(set));
  await writeFile(temporary('groups.json'), JSON.stringify({ base: tinyClasses.slice(0, 2), novel: tinyClasses.slice(2) }));
  const whole = await run('eval', 'detect', ...data, '-o', 'whole');
  await writeFile(temporary('whole.txt'), whole.stdout);
});

it('prints the table, and writes the numbers that coco-eval finds in its detections', async () => {
  const table = await readFile(temporary('whole.txt'), 'utf8');
  expect(table).toContain(' Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=1000 ] = ');
  expect(table).toMatch(/^split groups +AP50 +AP +categories\nbase .*\nnovel .*\nall .*\n$/mu);
  const metrics = await metricsOf('whole');
  const cocoEval = fileURLToPath(new URL('./bin/coco-eval.js', import.meta.resolve('coco-eval-js/package.json')));
  const judged = spawnSync(
    process.execPath,
    [cocoEval, 'world/annotations/instances.json', 'whole/detections.json', '--split', 'groups.json', '--json'],
    { cwd: temporary(), encoding: 'utf8' },
  );
  const { metrics: expected } = JSON.parse(judged.stdout) as { metrics: Record<string, number> };
  expect(metrics['AP50']).toBeGreaterThan(0.7); // the truth is what the detector finds best
  for (const name of ['AP', 'AP50', 'AP75', 'AR@100']) expect(metrics[name]).toBe(expected[name]);
  for (const group of ['base', 'novel', 'all']) {
    const value = expected[`AP50_${group}`]!;
    expect(metrics[`AP50 ${group}`]).toBe(value < 0 ? null : value);
  }
  expect(Object.values(metrics).every((value) => value === null || (value >= 0 && value <= 1))).toBe(true);
});

it('tells in run.json what the results depend on', async () => {
  const { settings, total } = JSON.parse(await readFile(temporary('whole', 'run.json'), 'utf8')) as { settings: object; total: number };
  expect(total).toBe(PICTURES);
  expect(settings).toMatchObject({
    task: 'detect',
    data: { annotations: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) as string }, images: PICTURES, iouType: 'bbox' },
    model: { identity: { heads: expect.stringMatching(/^[0-9a-f]{64}$/u) as string }, family: 'ov-coco', precision: 'float32' },
    reading: { size: 64, window: 32, stride: 16, proposals: 100, proposalNms: 0.7 },
    choice: { score: 0.05, nms: 0.4, max: 20, alpha: 0.1, beta: 0.8, vlmTemperature: 75 },
    words: { from: 'the detector', base: ['cat', 'dog'] },
    versions: { node: process.versions.node, vitamin: '0.1.0', onnxruntime: expect.any(String) as string },
  });
});

/** The real command, killed when its journal has grown by some lines. */
async function killedAfter(lines: number): Promise<void> {
  const journal = temporary('killed', 'journal.jsonl');
  let child: ChildProcess | undefined;
  const env = { VITAMIN_MODEL: temporary('detector.pth'), VITAMIN_CACHE_DIR: temporary('cache') };
  const ended = vitamin(['eval', 'detect', ...data, '-o', 'killed', '-q'], {
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

describe('after kill -9', () => {
  it('goes on, and ends in the same bytes', async () => {
    await killedAfter(1);
    await killedAfter(3);
    const { status, stdout } = await run('eval', 'detect', ...data, '-o', 'killed');
    expect([status, stdout]).toEqual([0, await readFile(temporary('whole.txt'), 'utf8')]);
    expect(await bytesOf('killed')).toEqual(await bytesOf('whole'));
  });

  it('scores again what was finished but not scored', async () => {
    await cp(temporary('whole'), temporary('unscored'), { recursive: true });
    for (const name of ['metrics.json', 'detections.json', 'places.json']) await rm(temporary('unscored', name));
    expect((await run('eval', 'detect', ...data, '-o', 'unscored')).status).toBe(0);
    expect(await bytesOf('unscored')).toEqual(await bytesOf('whole'));
  });
});

describe('shards', () => {
  it('merge to the same bytes, from wherever the annotations are', async () => {
    for (const i of [1, 2]) {
      const part = await run('eval', 'detect', ...data, '--shard', `${i}/2`, '-o', `part-${i}`, '--json');
      expect(part.status).toBe(0);
      expect(JSON.parse(part.stdout)).toMatchObject({ task: 'detect', shard: { index: i, count: 2 }, items: i === 1 ? 5 : 4 });
      expect(await readdir(temporary(`part-${i}`))).not.toContain('metrics.json');
    }
    const merged = await run('eval', 'merge', 'part-2', 'part-1', '-o', 'merged');
    expect([merged.status, merged.stdout]).toEqual([0, await readFile(temporary('whole.txt'), 'utf8')]);
    expect(await bytesOf('merged')).toEqual(await bytesOf('whole'));

    await cp(temporary('world', 'annotations', 'instances.json'), temporary('moved.json'));
    const moved = await run('eval', 'merge', 'part-1', 'part-2', '-o', 'moved', '--annotations', 'moved.json', '--report');
    expect([moved.status, await metricsOf('moved')]).toEqual([0, await metricsOf('whole')]);
    expect(await readFile(temporary('moved', 'detections.html'), 'utf8')).toContain('AP50 novel');
  });

  it('are refused when one is missing, or the annotations are others', async () => {
    const missing = await run('eval', 'merge', 'part-1', '-o', 'incomplete');
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('Expected all 2 shards but 2/2 missing')]);
    const other = await run('eval', 'merge', 'part-1', 'part-2', '-o', 'other', '--annotations', 'groups.json');
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected the annotations that were evaluated')]);
    const none = await run('eval', 'merge', 'world', '-o', 'none');
    expect([none.status, none.stderr]).toEqual([3, expect.stringContaining('Expected a shard of an evaluation in world')]);
  });
});

it('counts and names a broken picture, goes on, and tries it again when asked', async () => {
  await cp(temporary('world'), temporary('hurt'), { recursive: true });
  await writeBrokenPicture(temporary('hurt', 'images', '1.png'));
  await rm(temporary('hurt', 'images', '2.png'));
  const broken = ['eval', 'detect', '--root', 'hurt', '--split', 'none', '--limit', '4', '-o', 'broken'];
  const { status, stderr } = await run(...broken);
  expect(status).toBe(3);
  expect(stderr).toContain('error INPUT_UNREADABLE: ');
  expect(stderr).toContain('2 without a result, counted as if nothing was found in them: 1.png, 2.png');
  const { AP50: without } = await metricsOf('broken');
  const again = await run(...broken, '--json');
  expect([again.status, JSON.parse(again.stdout)]).toMatchObject([
    3,
    { failed: [{ file: '1.png', code: 'INPUT_UNREADABLE' }, { file: '2.png' }] },
  ]);
  await cp(temporary('world', 'images'), temporary('hurt', 'images'), { recursive: true });
  expect((await run(...broken, '--retry-broken')).status).toBe(0);
  expect((await metricsOf('broken'))['AP50']).toBeGreaterThan(without!);
});

it('refuses other settings by name, foreign folders, and data sets without pictures', async () => {
  const other = await run('eval', 'detect', ...data, '-o', 'whole', '--nms', '0.5');
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected settings.choice.nms to be 0.4')]);
  await mkdir(temporary('foreign'));
  await writeFile(temporary('foreign', 'detections.json'), '[]');
  const foreign = await run('eval', 'detect', ...data, '-o', 'foreign');
  expect([foreign.status, foreign.stderr]).toEqual([2, expect.stringContaining('detections.json of something else')]);
  const root = await run('eval', 'detect', '--root', 'model', '-o', 'x');
  expect([root.status, root.stderr]).toEqual([3, expect.stringContaining('Expected a data set in model')]);
  const images = await run('eval', 'detect', '--annotations', 'world/annotations/instances.json', '-o', 'x');
  expect([images.status, images.stderr]).toEqual([2, expect.stringContaining('--images DIR')]);
});
