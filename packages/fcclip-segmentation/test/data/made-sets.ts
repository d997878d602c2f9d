import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeIdPng, encodeLabelPng } from '@vitamin-vlm/image';
import type { SegmentSetName } from '../../src/index.ts';

/** A data set of two pictures of 3 x 2 pixels, laid out in some way: files by their paths below the root. */
export interface MadeSet {
  readonly set: SegmentSetName;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Class of each pixel of both pictures; 65535 where nothing is known. */
  readonly truth: readonly (readonly number[])[];
}

const NONE = 65_535;
const SIZE = { width: 3, height: 2 };
const EMPTY = new Uint8Array(0);

/** Gray PNG of 8 or 16 bits; with `palette` the numbers are places in one. */
export async function gray(numbers: readonly number[], palette = false): Promise<Uint8Array> {
  const data = numbers.some((one) => one > 255) ? Uint16Array.from(numbers) : Uint8Array.from(numbers);
  return await encodeLabelPng(
    { ...SIZE, data },
    palette ? Array.from({ length: 256 }, (_, i) => [255 - i, 0, (7 * i) % 256] as const) : undefined,
  );
}

/** Uncompressed gray TIFF of 16 bits (TIFF 6.0, section 3). */
export function tiff(numbers: readonly number[], { width, height } = SIZE): Uint8Array {
  const entries = [
    [256, 3, width],
    [257, 3, height],
    [258, 3, 16],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, height],
    [279, 4, 2 * numbers.length],
  ] as const;
  const bytes = Buffer.alloc(8 + 2 * numbers.length + 2 + 12 * entries.length + 4);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8 + 2 * numbers.length, 4);
  for (const [i, one] of numbers.entries()) bytes.writeUInt16LE(one, 8 + 2 * i);
  let at = 8 + 2 * numbers.length;
  at = bytes.writeUInt16LE(entries.length, at);
  for (const [tag, type, value] of entries) {
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(1, at + 4);
    bytes.writeUInt32LE(value, at + 8);
    at += 12;
  }
  return bytes;
}

/** A panoptic file and its maps: a segment for each class of a picture. */
async function panoptic(
  {
    names,
    folder,
    ids,
    isThing,
  }: { names: readonly string[]; folder: string; ids: readonly number[]; isThing: (index: number) => boolean },
  truth: MadeSet['truth'],
  imageId: (name: string) => number | string,
): Promise<{ json: string; files: Record<string, Uint8Array> }> {
  const files: Record<string, Uint8Array> = {};
  const annotations: object[] = [];
  for (const [p, name] of names.entries()) {
    const classes = [...new Set(truth[p])].filter((one) => one !== NONE);
    const segmentOf = new Map(classes.map((one, i) => [one, 1000 * (i + 1)]));
    files[join(folder, name)] = await encodeIdPng(
      Uint32Array.from(truth[p]!, (one) => segmentOf.get(one) ?? 0),
      SIZE.width,
      SIZE.height,
    );
    const segments = classes.map((one) => ({
      id: segmentOf.get(one),
      category_id: ids[one],
      area: truth[p]!.filter((other) => other === one).length,
      iscrowd: 0,
    }));
    annotations.push({ image_id: imageId(name), file_name: name, segments_info: segments });
  }
  const categories = ids.map((id, i) => ({ id, name: `category ${id}`, isthing: Number(isThing(i)) }));
  return { json: JSON.stringify({ annotations, categories: categories.toReversed() }), files };
}

const shift = (truth: readonly number[], by: number, none: number): number[] => truth.map((one) => (one === NONE ? none : one + by));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** COCO's ids: things have gaps below 91, stuff above. */
const things = range(1, 90).filter((id) => ![12, 26, 29, 30, 45, 66, 68, 69, 71, 83].includes(id));
const early = [
  92, 93, 95, 100, 107, 109, 112, 118, 119, 122, 125, 128, 130, 133, 138, 141, 144, 145, 147, 148, 149, 151, 154, 155, 156, 159,
];
const cocoIds = [...things, ...early, 161, 166, 168, 171, 175, 176, 177, 178, 180, 181, ...range(184, 200)];
const stuffIds = [...things, ...range(92, 182)];
const cityscapesIds = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];

const pair = (last: number): number[][] => [
  [0, 0, last, last, 1, NONE],
  [last, 1, 1, 0, NONE, NONE],
];

/** Both label maps as files of a folder. */
async function maps(
  folder: string,
  truth: MadeSet['truth'],
  file: (numbers: readonly number[]) => Uint8Array | Promise<Uint8Array>,
  ending = '.png',
  stems = ['a', 'b'],
): Promise<Record<string, Uint8Array>> {
  const list = await Promise.all(truth.map(async (numbers, i) => [`${folder}/${stems[i]}${ending}`, await file(numbers)] as const));
  return Object.fromEntries(list);
}

/** The same files in a folder. */
const under = <T>(folder: string, files: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

const pictures = (folder: string, ending = '.jpg'): Record<string, Uint8Array> => ({
  [`${folder}/a${ending}`]: EMPTY,
  [`${folder}/b${ending}`]: EMPTY,
});

/** Names of the layouts. */
export const layoutNames =
  'coco panoptic|ade as distributed|ade prepared, semantic alone|cityscapes with trainIds|cityscapes as distributed|mapillary|ade 847|context 59|context 459|'
    .concat('voc 21 prepared|voc 21 as distributed|voc 20 prepared|voc 20 as distributed|stuff as distributed|stuff prepared')
    .split('|');

/** Every layout, as distributed and as prepared. */
export async function madeSets(): Promise<Readonly<Record<string, MadeSet>>> {
  const truths = { coco: pair(132), ade: pair(149), city: pair(18), vistas: pair(64), stuff: pair(170) };
  const coco = await panoptic({ names: ['a.png', 'b.png'], folder: '', ids: cocoIds, isThing: (i) => i < 80 }, truths.coco, (name) =>
    name === 'a.png' ? 9 : 7,
  );
  const ade = await panoptic(
    { names: ['a.png', 'b.png'], folder: 'ade20k_panoptic_val', ids: range(0, 149), isThing: (i) => i > 100 },
    truths.ade,
    (name) => name[0]!,
  );
  const cityNames = ['rome_000000_000019', 'bonn_000001_000019'];
  const city = await panoptic(
    {
      names: cityNames.map((name) => `${name}_gtFine_panoptic.png`),
      folder: 'gtFine/cityscapes_panoptic_val',
      ids: cityscapesIds,
      isThing: (i) => i > 10,
    },
    truths.city,
    (name) => name.replace('_gtFine_panoptic.png', ''),
  );
  const cityPictures = Object.fromEntries(
    cityNames.map((name) => [`leftImg8bit/val/${name.split('_')[0]}/${name}_leftImg8bit.png`, EMPTY]),
  );
  const cityStems = cityNames.map((name) => `${name.split('_')[0]}/${name}`);
  const vistas = await panoptic(
    { names: ['a.png', 'b.png'], folder: 'validation/panoptic', ids: range(1, 65), isThing: (i) => i < 2 },
    truths.vistas,
    (name) => name[0]!,
  );
  const voc = { ...pictures('VOCdevkit/VOC2012/JPEGImages'), 'VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt': 'a\nb\n' };
  const vocExtra = {
    'VOCdevkit/VOC2012/JPEGImages/other.jpg': EMPTY,
    'VOCdevkit/VOC2012/SegmentationClass/c.png': await gray([9, 9, 9, 9, 9, 9], true),
  };
  return {
    'coco panoptic': {
      set: 'coco-panoptic',
      truth: truths.coco,
      files: {
        ...under('coco/annotations/panoptic_val2017', coco.files),
        'coco/annotations/panoptic_val2017.json': coco.json,
        ...pictures('coco/val2017'),
      },
    },
    'ade as distributed': {
      set: 'ade20k-150',
      truth: truths.ade,
      files: {
        ...ade.files,
        'ade20k_panoptic_val.json': ade.json,
        ...pictures('images/validation'),
        ...(await maps('annotations/validation', truths.ade, (numbers) => gray(shift(numbers, 1, 0)))),
      },
    },
    'ade prepared, semantic alone': {
      set: 'ade20k-150',
      truth: truths.ade,
      files: under('ADEChallengeData2016', {
        ...pictures('images/validation'),
        ...(await maps('annotations_detectron2/validation', truths.ade, (numbers) => gray(shift(numbers, 0, 255)))),
      }),
    },
    'cityscapes with trainIds': {
      set: 'cityscapes',
      truth: truths.city,
      files: under('cityscapes', {
        ...city.files,
        'gtFine/cityscapes_panoptic_val.json': city.json,
        ...cityPictures,
        ...(await maps('gtFine/val', truths.city, (numbers) => gray(shift(numbers, 0, 255)), '_gtFine_labelTrainIds.png', cityStems)),
      }),
    },
    'cityscapes as distributed': {
      set: 'cityscapes',
      truth: truths.city,
      files: {
        ...cityPictures,
        ...(await maps(
          'gtFine/val',
          truths.city,
          (numbers) => gray(numbers.map((one) => cityscapesIds[one] ?? 4)),
          '_gtFine_labelIds.png',
          cityStems,
        )),
        ...(await maps('gtFine/val', truths.city, (numbers) => gray(numbers.map(() => 3)), '_gtFine_instanceIds.png', cityStems)),
      },
    },
    mapillary: {
      set: 'mapillary',
      truth: truths.vistas,
      files: {
        ...vistas.files,
        'validation/panoptic/panoptic_2018.json': vistas.json,
        ...pictures('validation/images'),
        ...(await maps('validation/labels', truths.vistas, (numbers) => gray(shift(numbers, 0, 65), true))),
      },
    },
    'ade 847': {
      set: 'ade20k-847',
      truth: pair(846),
      files: under('ADE20K_2021_17_01', {
        ...pictures('images_detectron2/validation'),
        ...(await maps('annotations_detectron2/validation', pair(846), tiff, '.tif')),
      }),
    },
    'context 59': {
      set: 'pcontext-59',
      truth: pair(58),
      files: under('pascal_ctx_d2', {
        ...pictures('images/validation'),
        ...(await maps('annotations_ctx59/validation', pair(58), (numbers) => gray(shift(numbers, 0, 255)))),
      }),
    },
    'context 459': {
      set: 'pcontext-459',
      truth: pair(458),
      files: { ...pictures('images/validation'), ...(await maps('annotations_ctx459/validation', pair(458), tiff, '.tif')) },
    },
    'voc 21 prepared': {
      set: 'voc-21',
      truth: pair(20),
      files: under('pascal_voc_d2', {
        ...pictures('images/validation'),
        ...(await maps('annotations_pascal21/validation', pair(20), (numbers) => gray(shift(numbers, 0, 255)))),
      }),
    },
    'voc 21 as distributed': {
      set: 'voc-21',
      truth: pair(20),
      files: {
        ...voc,
        ...vocExtra,
        ...(await maps('VOCdevkit/VOC2012/SegmentationClass', pair(20), (numbers) => gray(shift(numbers, 0, 255), true))),
      },
    },
    'voc 20 prepared': {
      set: 'voc-20',
      truth: pair(19),
      files: {
        ...pictures('images/validation'),
        ...(await maps('annotations_pascal20/validation', pair(19), (numbers) => gray(shift(numbers, 0, 255)))),
      },
    },
    'voc 20 as distributed': {
      set: 'voc-20',
      truth: pair(19),
      files: {
        ...voc,
        ...(await maps('VOCdevkit/VOC2012/SegmentationClass', pair(19), (numbers) =>
          gray([...shift(numbers, 1, 255).slice(0, -1), 0], true),
        )),
      },
    },
    'stuff as distributed': {
      set: 'coco-stuff',
      truth: truths.stuff,
      files: {
        ...pictures('val2017'),
        ...(await maps('stuffthingmaps/val2017', truths.stuff, (numbers) =>
          gray(numbers.map((one) => (one === NONE ? 255 : stuffIds[one]! - 1))),
        )),
      },
    },
    'stuff prepared': {
      set: 'coco-stuff',
      truth: truths.stuff,
      files: under('coco', {
        ...pictures('val2017'),
        ...(await maps('stuffthingmaps_detectron2/val2017', truths.stuff, (numbers) => gray(shift(numbers, 0, 255)))),
      }),
    },
  };
}

/** Writes the files of a data set below a root. */
export async function writeSet(root: string, files: MadeSet['files']): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
}
