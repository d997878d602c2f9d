import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '@vitamin-vlm/image';
import { maskArea, parseRleString } from 'coco-eval-js';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { inTemporaryFolder, tinyClasses, writeBrokenPicture, writePicture, writeTinyDetector, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { temporary, run } = inTemporaryFolder();
const withTower = ['--tower', 'model'];
const twoWords = [...withTower, '--labels', 'cat|kitten,red umbrella'];

interface Found {
  readonly label: string;
  readonly score: number;
  readonly box: [number, number, number, number];
  readonly mask?: { readonly size: [number, number]; readonly counts: string };
}
interface Image {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly detections: Found[];
}

async function images(...args: string[]): Promise<Image[]> {
  const { stdout, stderr, status } = await run('detect', ...args, '--json');
  expect([status, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { images: Image[] }).images;
}

async function json<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(temporary(...path), 'utf8')) as T;
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyDetector(temporary('detector.pth'));
  await writeTinyDetector(temporary('masks.pth'), { masks: true });
  await mkdir(temporary('pictures'));
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) await writePicture(temporary('pictures', name), 90 + 20 * i, 60, i + 3);
  await writeBrokenPicture(temporary('broken.jpg'));
  process.env['VITAMIN_MODEL'] = temporary('detector.pth');
  await run('encode', 'pictures/a.png', '--for', 'detect', '-o', 'a.safetensors');
});

/** Asks the encoding of the first picture: most of the networks need not run again. */
async function asked(...args: string[]): Promise<Found[]> {
  return (await images('--encoding', 'a.safetensors', ...withTower, ...args))[0]!.detections;
}

async function labelsOf(...args: string[]): Promise<string[]> {
  const found = await asked('--score', '0', '--max', '2000', '--nms', '1', ...args);
  return [...new Set(found.map(({ label }) => label))].toSorted();
}

async function scores(...args: string[]): Promise<number[]> {
  return (await asked('--labels', 'cat|kitten,red umbrella', ...args)).map(({ score }) => score);
}

async function fails(args: string[], status: number, said: RegExp): Promise<void> {
  const ended = await run('detect', 'pictures/a.png', ...args);
  expect([ended.status, ended.stdout]).toEqual([status, '']);
  expect(ended.stderr).toMatch(said);
}

describe('words', () => {
  it('are the classes of the detector when there are none', async () => {
    const [image] = await images('pictures/a.png');
    expect(image).toMatchObject({ file: 'pictures/a.png', width: 90, height: 60 });
    const { detections } = image!;
    expect(detections).toHaveLength(20);
    expect(Object.keys(detections[0]!)).toEqual(['label', 'score', 'box']);
    for (const { label } of detections) expect(tinyClasses).toContain(label);
    expect(detections.map(({ score }) => score)).toEqual(detections.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  it('come from flags, from files, and from data sets; others are not wanted', async () => {
    expect(await labelsOf('--labels', 'cat|kitten,red umbrella', '--background', 'sky')).toEqual(['cat', 'red umbrella']);
    await writeFile(temporary('words.txt'), 'cat,kitten\n# a remark\nboat\n');
    expect(await labelsOf('--labels-file', 'words.txt')).toEqual(['boat', 'cat']);
    expect(await labelsOf('--vocabulary', 'words.txt')).toEqual(['boat', 'cat']);
    const categories = [
      { id: 9, name: 'bat_(animal)' },
      { id: 3, name: 'a|b' },
    ];
    await writeFile(temporary('set.json'), JSON.stringify({ categories }));
    expect(await labelsOf('--vocabulary', 'set.json')).toEqual(['a|b', 'bat_(animal)']);
    const like = ['--like', 'pictures/b.png#10,10,30,40', '--like', 'pictures/a.png#0,0,9,9'];
    expect(await labelsOf(...like)).toEqual([like[3], like[1]]);
    expect(await labelsOf(...like, '--labels', 'dog')).toEqual(['dog', like[3], like[1]]);
  });

  it('are scored as seen or as new', async () => {
    const plain = await scores();
    expect(await scores('--base', 'cat')).toEqual(plain);
    expect(await scores('--base', 'red umbrella,cat')).not.toEqual(plain);
    expect(await scores('--beta', '0.1')).not.toEqual(plain);
    expect(await scores('--background', 'sky')).not.toEqual(plain);
    expect(await scores('--max', '3', '--score', '0.1')).toEqual(plain.filter((score) => score > 0.1).slice(0, 3));
    expect((await scores('--class-agnostic-nms', '--max', '500')).length).toBeLessThan((await scores('--max', '500')).length);
  });

  it('tell what is wrong with them', async () => {
    await fails(['--labels', 'boat'], 4, /Expected the CLIP model of the detector for new words/u);
    await fails(['--like', 'a.png'], 2, /Expected --like IMAGE#x,y,w,h but received a\.png/u);
    await fails([...withTower, '--like', 'pictures/b.png#900,0,5,5'], 2, /Expected boxes inside the picture of 110 x 60/u);
    await fails([...withTower, '--like', 'none.png#0,0,5,5'], 3, /none\.png/u);
    await fails(['--vocabulary', 'nowhere'], 2, /nowhere.*ENOENT/u);
    await writeFile(temporary('empty.json'), '{"categories": [{"id": 1}]}');
    await fails(['--vocabulary', 'empty.json'], 2, /Expected names under "categories"/u);
    await fails(['--labels', 'a', '--vocabulary', 'coco'], 2, /either --labels or --vocabulary/u);
    await fails(['--masks'], 4, /Expected a detector with a mask head/u);
    await fails(['--model', 'model'], 4, /MODEL_UNKNOWN|WEIGHTS/u);
  });
});

it.each([
  ['portrait', 60, 90],
  ['odd', 77, 33],
  ['tiny', 8, 8],
  ['strip', 5000, 40],
])('puts boxes in pixels of a picture that is %s', async (name, width, height) => {
  await writePicture(temporary(`${name}.png`), width, height, 5);
  const [image] = await images(`${name}.png`, '--score', '0.01');
  expect(image).toMatchObject({ width, height });
  expect(image!.detections.length).toBeGreaterThan(0);
  for (const {
    box: [x, y, w, h],
  } of image!.detections) {
    expect(Math.min(x, y, w, h)).toBeGreaterThanOrEqual(0);
    expect(x + w).toBeLessThanOrEqual(width + 1e-3);
    expect(y + h).toBeLessThanOrEqual(height + 1e-3);
  }
});

describe('what it prints', () => {
  it('is a line for a picture, and one for each of the best', async () => {
    const { stdout, status } = await run('detect', 'pictures/a.png', ...twoWords);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^pictures\/a\.png {2}90x60 {2}\d+ found\n(?: {2}(?:cat|red umbrella) +\d+ % {2}at \d+,\d+ +\d+x\d+\n)+ {2}and \d+ more below 30 %\n$/u,
    );
    expect((await run('detect', 'pictures/a.png', ...twoWords, '--score', '0.99')).stdout).toBe('pictures/a.png  90x60  nothing\n');
  });

  it('is an object a line with --jsonl, for folders too, and names what is broken', async () => {
    const { stdout, stderr, status } = await run('detect', 'pictures', 'broken.jpg', '--jsonl');
    expect(status).toBe(3);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Image);
    expect(lines.map(({ file, width }) => [file, width])).toEqual([
      ['pictures/a.png', 90],
      ['pictures/b.png', 110],
      ['pictures/c.png', 130],
    ]);
    expect(stderr).toContain('1 of 4 inputs failed: broken.jpg');
  });
});

describe('-o DIR', () => {
  it('gets overlay and JSON of each picture, and one COCO document', async () => {
    const { stdout, stderr, status } = await run(
      'detect',
      'broken.jpg',
      'pictures/b.png',
      'pictures/a.png',
      ...twoWords,
      '-o',
      'out',
      '--json',
    );
    expect([status, stderr]).toEqual([3, expect.stringContaining(`Wrote ${join('out', 'detections.json')}`)]);
    expect((await readdir(temporary('out'))).toSorted()).toEqual(['a.json', 'a.overlay.png', 'b.json', 'b.overlay.png', 'detections.json']);
    const { images: printed } = JSON.parse(stdout) as { images: (Image & { files: object })[] };
    const document = await json<Image & { schemaVersion: number; model: object }>('out', 'a.json');
    expect(document).toMatchObject({
      schemaVersion: 1,
      model: { address: temporary('detector.pth'), family: 'ov-coco' },
      file: 'pictures/a.png',
    });
    expect(document.detections).toEqual(printed[1]!.detections);
    const overlay = await decodeImage(temporary('out', 'a.overlay.png'));
    expect(overlay.width).toBeGreaterThanOrEqual(90);

    const coco = await json<{ images: object[]; categories: object[]; annotations: Record<string, unknown>[] }>('out', 'detections.json');
    expect(coco.images).toEqual([
      { id: 2, width: 110, height: 60, file_name: 'pictures/b.png' },
      { id: 3, width: 90, height: 60, file_name: 'pictures/a.png' },
    ]);
    expect(coco.categories).toEqual([
      { id: 1, name: 'cat' },
      { id: 2, name: 'red umbrella' },
    ]);
    const expected = printed.flatMap(({ detections }, i) => {
      return detections.map(({ label, score, box }) => ({ image_id: i + 2, category_id: label === 'cat' ? 1 : 2, score, bbox: box }));
    });
    expect(coco.annotations.map(({ image_id, category_id, score, bbox }) => ({ image_id, category_id, score, bbox }))).toEqual(expected);
    expect(coco.annotations.map(({ id }) => id)).toEqual(expected.map((_, i) => i + 1));
    expect(await readdir(temporary())).not.toContain('detections.json');
  });

  it('is a data set that coco-eval takes, even when nothing was found', async () => {
    const { status } = await run('detect', 'pictures/a.png', '--score', '1', '-o', 'nothing');
    expect(status).toBe(0);
    expect(await json('nothing', 'detections.json')).toMatchObject({
      annotations: [],
      images: [{ id: 1 }],
      categories: tinyClasses.map((name, i) => ({ id: i + 1, name })),
    });
  });

  it('keeps apart pictures of one name, and one that is named twice', async () => {
    await mkdir(temporary('other'));
    await copyFile(temporary('pictures', 'b.png'), temporary('other', 'a.png'));
    await run('detect', 'pictures/a.png', 'other/a.png', 'pictures/a.png', '-o', 'twice');
    const { images: all } = await json<{ images: { id: number; file_name: string }[] }>('twice', 'detections.json');
    expect(all.map(({ id, file_name: name }) => [id, name])).toEqual([
      [1, 'pictures/a.png'],
      [2, 'other/a.png'],
      [3, 'pictures/a.png'],
    ]);
    expect((await readdir(temporary('twice'))).filter((name) => name.endsWith('.json')).toSorted()).toEqual([
      'a-2.json',
      'a-3.json',
      'a.json',
      'detections.json',
    ]);
  });
});

it('gives masks as run lengths where the detector has them', async () => {
  const [image] = await images('pictures/a.png', '--model', 'masks.pth', '--masks');
  for (const { mask } of image!.detections) {
    expect(mask!.size).toEqual([60, 90]);
    expect(maskArea(parseRleString(mask!.counts, 60, 90))).toBeLessThanOrEqual(60 * 90);
  }
  expect(image!.detections.some(({ mask }) => maskArea(parseRleString(mask!.counts, 60, 90)) > 0)).toBe(true);
});

it('multiplies in 8 bits on request: nearly the same boxes, and encodings that are not mixed', async () => {
  const precision = ['--precision', 'int8'];
  const [float] = await images('pictures/a.png', ...twoWords);
  const [int8] = await images('pictures/a.png', ...twoWords, ...precision);
  const [best, coarse] = [float!.detections[0]!, int8!.detections[0]!];
  expect(coarse.score).not.toBe(best.score);
  expect(Math.abs(coarse.score - best.score)).toBeLessThan(0.1);
  await run('encode', 'pictures/a.png', '--for', 'detect', '-o', 'int8.safetensors', ...precision);
  const mixed = await run('detect', '--encoding', 'int8.safetensors', ...twoWords);
  expect([mixed.status, mixed.stderr]).toEqual([4, expect.stringContaining('recipe.precision "float32" but found "int8"')]);
  const [kept] = await images('--encoding', 'int8.safetensors', ...twoWords, ...precision);
  expect(kept!.detections).toEqual(int8!.detections);
});

describe('--encoding', () => {
  it('asks what encode --for detect has kept, with the same boxes', async () => {
    const kept = await run('encode', 'pictures/a.png', '--for', 'detect', '-o', 'a2.safetensors', '--json');
    expect(kept.status).toBe(0);
    expect(JSON.parse(kept.stdout)).toMatchObject({
      model: { family: 'ov-coco' },
      width: 90,
      height: 60,
      encoding: 'a2.safetensors',
      regions: 100,
    });
    const [fromPicture] = await images('pictures/a.png', ...twoWords);
    const [fromEncoding] = await images('--encoding', 'a.safetensors', ...twoWords);
    expect(fromEncoding).toEqual({ ...fromPicture, file: 'a.safetensors' });
    const beside = await run('detect', 'pictures/a.png', '--encoding', 'a.safetensors', ...twoWords, '-o', 'kept');
    expect([beside.status, (await readdir(temporary('kept'))).toSorted()]).toEqual([0, ['a.json', 'a.overlay.png', 'detections.json']]);
    const alone = await run('detect', '--encoding', 'a.safetensors', ...twoWords, '-o', 'alone');
    expect([alone.status, alone.stderr]).toEqual([0, expect.stringContaining('no overlay')]);
  });

  it('refuses those of other pictures, detectors, and files that are none', async () => {
    await run('encode', 'pictures/b.png', '--for', 'detect', '-o', 'b.safetensors');
    const other = await run('detect', 'pictures/a.png', '--encoding', 'b.safetensors');
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected the picture of the encoding, 110x60')]);
    const detector = await run('detect', '--encoding', 'b.safetensors', '--model', 'masks.pth');
    expect([detector.status, detector.stderr]).toEqual([4, expect.stringContaining('another one on the same tower')]);
    const none = await run('detect', '--encoding', 'pictures/a.png');
    expect([none.status, none.stderr]).toEqual([3, expect.stringContaining('vitamin encode --for detect')]);
  });
});
