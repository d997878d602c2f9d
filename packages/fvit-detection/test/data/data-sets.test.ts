import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { CocoEvalError, maskArea, ovCocoSplit, parseRleString, type RleObject } from 'coco-eval-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  classVocabulary,
  cocoNames,
  cocoResult,
  Detector,
  findDataSet,
  findPicture,
  lvisNames,
  openDetectionData,
  pictureName,
  saveDetector,
  withCocoErrors,
} from '../../src/index.ts';
import { lvisRareIds } from '../../src/load/lvis-rare.data.ts';
import { tinyClip, tinyDetector } from '../support/tiny-detector.ts';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvit-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const shared = join(process.env['VITAMIN_SHARED']!, 'data');
const hasShared = existsSync(shared);

async function write(name: string, value: unknown): Promise<string> {
  await mkdir(at(name, '..'), { recursive: true });
  await writeFile(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  return at(name);
}

const categories = cocoNames.map((name, i) => ({ id: 2 * i + 1, name }));
const idOf = (name: string): number => 2 * cocoNames.indexOf(name) + 1;
const images = [1, 2, 3].map((id) => ({ id, width: 20, height: 10, file_name: `${id}.jpg` }));
const box = (id: number, image: number, category: string): object => {
  return { id, image_id: image, category_id: idOf(category), bbox: [1, 1, 5, 5], area: 25, iscrowd: 0 };
};
const coco = { images, categories, annotations: [box(1, 1, 'cat'), box(2, 3, 'person'), box(3, 2, 'hair drier')] };

describe('the names of COCO and LVIS', () => {
  it('are 80 and 1203, and hold the classes of the splits', () => {
    expect([cocoNames.length, new Set(cocoNames).size, lvisNames.length, new Set(lvisNames).size]).toEqual([80, 80, 1203, 1203]);
    const { groups } = ovCocoSplit({ categories });
    expect([groups['base']!.length, groups['novel']!.length]).toEqual([48, 17]);
    const rare = lvisNames.filter((_, i) => lvisRareIds.has(i + 1));
    expect([rare.length, rare.slice(0, 3), lvisNames[0], lvisNames.at(-1)]).toEqual([
      337,
      ['applesauce', 'apricot', 'arctic_(type_of_shoe)'],
      'aerosol_can',
      'zucchini',
    ]);
  });
});

describe('openDetectionData', () => {
  it('takes everything without a split, and the first images with a limit', async () => {
    const path = await write('all.json', coco);
    const data = await openDetectionData(path);
    expect([data.split, data.isLvis, data.images.length, data.categories.length]).toEqual([undefined, false, 3, 80]);
    expect((await openDetectionData(path, { limit: 2 })).images.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('takes the classes and images of OV-COCO, by its name or when the file is of exactly these', async () => {
    const path = await write('coco.json', coco);
    const named = await openDetectionData(path, { split: 'ov-coco' });
    expect(named.images.map(({ id }) => id)).toEqual([1, 3]); // the second holds a hair drier alone
    expect([named.categories.length, named.categories.map(({ id }) => id)]).toEqual([
      65,
      named.categories.map(({ id }) => id).toSorted((a, b) => a - b),
    ]);
    const own = new Set(named.categories.map(({ id }) => id));
    const of65 = { ...coco, categories: categories.filter(({ id }) => own.has(id)), annotations: coco.annotations.slice(0, 2) };
    const whole = await write('of65.json', of65);
    expect((await openDetectionData(whole)).split?.name).toBe('ov-coco');
    expect((await openDetectionData(whole, { split: 'none' })).split).toBeUndefined();
  });

  it('takes groups of a file, and says what is wrong with them', async () => {
    const path = await write('groups/coco.json', coco);
    const split = await write('groups/pets.json', { base: ['dog'], novel: ['cat'] });
    const data = await openDetectionData(path, { split });
    expect([data.split, data.images.map(({ id }) => id)]).toEqual([
      { name: 'pets', groups: { base: [idOf('dog')], novel: [idOf('cat')] } },
      [1],
    ]);
    await expect(openDetectionData(path, { split: 'ov-voc' })).rejects.toMatchObject({ code: 'USAGE' });
    const wrong = await write('groups/wrong.json', { novel: ['unicorn'] });
    await expect(openDetectionData(path, { split: wrong })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    await expect(openDetectionData(path, { split: 'ov-lvis' })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });

  it('goes by the rules of LVIS for its files', async () => {
    const lvis = {
      images: [{ id: 7, coco_url: 'http://x/val2017/7.jpg', neg_category_ids: [2], not_exhaustive_category_ids: [], width: 9, height: 9 }],
      categories: [
        { id: 1, name: 'bat_(animal)', frequency: 'r' },
        { id: 2, name: 'cat', frequency: 'f' },
      ],
      annotations: [],
    };
    const data = await openDetectionData(await write('lvis.json', lvis));
    expect([data.isLvis, data.split?.groups, data.images.length]).toEqual([true, { base: [2], novel: [1] }, 1]);
    expect(data.annotations.options.scheme).toBe('lvis');
  });

  it('names what cannot be read', async () => {
    await expect(openDetectionData(at('absent.json'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await expect(openDetectionData(await write('half.json', '{"images": ['))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    await expect(openDetectionData(await write('list.json', []))).rejects.toThrow(/list\.json/u);
    await expect(withCocoErrors(() => Promise.reject(new RangeError('mine')))).rejects.toThrow(RangeError);
    await expect(withCocoErrors(() => Promise.reject(new CocoEvalError('SHARDS', 'no')))).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.skipIf(!hasShared)('reads genuine annotations', async () => {
    const data = await openDetectionData(join(shared, 'coco-mini/annotations/instances_val2017.json'), { split: 'ov-coco' });
    expect([data.annotations.images.length, data.categories.length]).toEqual([79, 65]);
    const path = await findPicture(join(shared, 'coco-mini/val2017'), data.images[0]!);
    expect(path).toMatch(/val2017.\d{12}\.jpg$/u);
  });
});

describe('findDataSet', () => {
  it('knows the layouts of picture-world, COCO and LVIS', async () => {
    await write('world/annotations/instances.json', '');
    await mkdir(at('world/images'));
    await write('coco/annotations/instances_val2017.json', '');
    await write('coco/annotations/lvis_v1_val.json', '');
    await write('coco/annotations/instances_train2017.json', '');
    for (const part of ['val2017', 'train2017']) await mkdir(at('coco', part));
    await write('nested/lvis_v1_val.json', '');
    await mkdir(at('nested/images/val2017'), { recursive: true });
    const found = async (root: string, options = {}): Promise<string[]> => {
      const { annotations, images: pictures } = await findDataSet(at(root), options);
      return [annotations, pictures].map((path) => path.slice(at(root).length + 1));
    };
    expect(await found('world')).toEqual(['annotations/instances.json', 'images']);
    expect(await found('coco')).toEqual(['annotations/instances_val2017.json', 'val2017']);
    expect(await found('coco', { part: 'train' })).toEqual(['annotations/instances_train2017.json', 'train2017']);
    expect(await found('coco', { lvis: true })).toEqual(['annotations/lvis_v1_val.json', '']);
    expect(await found('nested')).toEqual(['lvis_v1_val.json', 'images']);
    await expect(findDataSet(at('world', 'images'))).rejects.toThrow(/annotations\/instances\.json with images\//u);
  });
});

const url = (name: string): object => ({ coco_url: `http://images.cocodataset.org/val2017/${name}` });

describe('findPicture', () => {
  it('looks where file_name and coco_url say', async () => {
    await write('pictures/val2017/1.jpg', 'x');
    await write('pictures/2.jpg', 'x');
    expect(await findPicture(at('pictures'), { id: 1, ...url('1.jpg') })).toBe(at('pictures/val2017/1.jpg'));
    expect(await findPicture(at('pictures'), { id: 2, ...url('2.jpg') })).toBe(at('pictures/2.jpg'));
    expect(await findPicture(at('pictures'), { id: 2, file_name: '2.jpg', ...url('1.jpg') })).toBe(at('pictures/2.jpg'));
    expect(await findPicture(at('pictures'), { id: 2, file_name: at('pictures/2.jpg') })).toBe(at('pictures/2.jpg'));
    expect([pictureName({ id: 1, ...url('1.jpg') }), pictureName({ id: 5, file_name: 'a/b.png' }), pictureName({ id: 5 })]).toEqual([
      'val2017/1.jpg',
      'a/b.png',
      '5',
    ]);
    await expect(findPicture(at('pictures'), { id: 3, file_name: '3.jpg' })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await expect(findPicture(at('pictures'), { id: 3 })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it('never leaves the folder', async () => {
    await write('secret.jpg', 'x');
    await symlink(at('pictures/2.jpg'), at('pictures/link.jpg'));
    for (const name of ['../secret.jpg', at('secret.jpg'), 'a/../../secret.jpg', '.', 'a\0.jpg']) {
      await expect(findPicture(at('pictures'), { id: 1, file_name: name })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    }
    expect(await findPicture(at('pictures'), { id: 1, file_name: 'link.jpg' })).toBe(at('pictures/link.jpg'));
  });
});

it('classes of a data set: the trained ones in any order, else by the text tower', async () => {
  const classes = ['cat', 'hair_drier', 'dog', 'red umbrella', 'boat'];
  await saveDetector(at('detector.pth'), tinyDetector(false), { classes });
  await writeTorchArchive(at('clip.pt'), tinyClip());
  await using detector = await Detector.load(at('detector.pth'), { tower: at('clip.pt'), cacheDir: false });
  const trained = await classVocabulary(detector, ['boat', 'dog', 'Cat', 'red umbrella', 'hair drier']);
  expect([trained.places, trained.isTrained]).toEqual([[2, 4, 1, 3, 0], true]);
  expect(trained.vocabulary).toEqual(await detector.vocabulary());
  for (const names of [
    ['dog', 'bat_(animal)'],
    ['cat|dog', 'dog', 'hair_drier', 'red umbrella', 'red umbrella'],
  ]) {
    const named = await classVocabulary(detector, names, { cacheDir: false, base: ['dog'] });
    expect([named.places, named.isTrained]).toEqual([[...names.keys()], false]);
    expect(named.vocabulary.labels.map(({ name, synonyms }) => [name, synonyms.length])).toEqual(names.map((name) => [name, 1]));
    expect(named.vocabulary.base).toEqual(names.map((name) => name === 'dog'));
  }
});

it('writes boxes and masks as COCO results have them', () => {
  const mask = { size: [2, 3] as const, counts: Uint32Array.of(1, 2, 3) };
  const detection = { label: 'cat', class: 0, score: 0.5, box: [0.5, 1, 2, 3] as const };
  expect(cocoResult(detection, { imageId: 4, categoryId: 9 })).toEqual({ image_id: 4, category_id: 9, bbox: [0.5, 1, 2, 3], score: 0.5 });
  const { segmentation } = cocoResult({ ...detection, mask }, { imageId: 4, categoryId: 9 }) as {
    segmentation: RleObject;
  };
  expect(segmentation.size).toEqual([2, 3]);
  expect(maskArea(parseRleString(segmentation.counts as string, 2, 3))).toBe(2);
});
