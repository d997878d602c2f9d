import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSegmentSet, openSegmentData, readLabelMap, readSegmentTruth, type SegmentData, segmentSetNames } from '../../src/index.ts';
import { gray, layoutNames, madeSets, type MadeSet, tiff, writeSet } from './made-sets.ts';

let root = '';
let sets: Readonly<Record<string, MadeSet>> = {};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'segment-sets-'));
  sets = await madeSets();
});
afterAll(async () => await rm(root, { recursive: true, force: true }));

async function opened(name: string, files: MadeSet['files'], set: MadeSet['set']): Promise<SegmentData> {
  await writeSet(join(root, name), files);
  return await openSegmentData(await findSegmentSet(join(root, name), set));
}

describe('a data set in its usual folders', () => {
  it('is covered', () => {
    expect(new Set(Object.values(sets).map(({ set }) => set))).toEqual(new Set(segmentSetNames));
    expect(Object.keys(sets)).toEqual(layoutNames);
  });

  it.each(layoutNames)('has the same truth however it is laid out: %s', async (name) => {
    const { set, files, truth } = sets[name]!;
    const data = await opened(name, files, set);
    const found = await Promise.all(data.items.map(async (item) => await readSegmentTruth(item, data)));
    expect(found.map(({ width, height }) => `${width}x${height}`)).toEqual(['3x2', '3x2']);
    // Items stand in the order of their names where no panoptic file orders them; the cities of one set are the other way round.
    const inOrder = data.items[0]!.name.includes('bonn') ? truth.toReversed() : truth;
    expect(found.map(({ classes }) => [...classes])).toEqual(inOrder);
  });

  it.each(['coco panoptic', 'cityscapes with trainIds', 'mapillary', 'ade as distributed'])(
    'pairs segments with categories by the order of their ids: %s',
    async (name) => {
      const { set, files, truth } = sets[name]!;
      const { items, categories, values, labels } = await opened(name, files, set);
      const bySegments = await Promise.all(
        items.map(async (item) => await readSegmentTruth({ ...item, semantic: undefined }, { categories })),
      );
      expect(bySegments.map(({ classes }) => [...classes])).toEqual(truth);
      expect(values === undefined).toBe(name === 'coco panoptic');
      expect(categories?.length).toBe(labels.length);
      expect(items.map(({ panoptic }) => typeof panoptic!.imageId)).toEqual(Array(2).fill(name === 'coco panoptic' ? 'number' : 'string'));
    },
  );

  it('says what cannot be measured', async () => {
    const { set, files } = sets['ade prepared, semantic alone']!;
    const { places } = await opened('semantic alone', files, set);
    expect(places.missing.join(' ')).toMatch(
      /No PQ: .*ade20k_panoptic_val\.json is not there.*No AP: .*ade20k_instance_val\.json is not there/u,
    );
  });
});

describe('a folder that is not what was promised', () => {
  it('is told with what was looked for', async () => {
    await expect(findSegmentSet(join(root, 'nowhere'), 'cityscapes')).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('gtFine/val/**/*_gtFine_labelIds.png') as string,
    });
    await writeSet(join(root, 'full'), { 'images/ADE/training/x.jpg': '' });
    await expect(findSegmentSet(join(root, 'full'), 'ade20k-847')).rejects.toMatchObject({
      hint: expect.stringContaining('prepare_ade20k_full_sem_seg.py') as string,
    });
  });

  const wrong = [
    [
      'maps that were not prepared',
      'pcontext-59',
      'annotations_ctx59/validation/a.png',
      [0, 1, 2, 3, 4, 59],
      /^Expected numbers 0 to 58, and 255 where nothing is known, in .*a\.png but found 59$/u,
      /Subtract 1/u,
    ],
    [
      'maps that were prepared twice',
      'ade20k-150',
      'annotations/validation/a.png',
      [0, 1, 2, 3, 4, 255],
      /^Expected numbers 1 to 150, and 0 .* but found 255$/u,
      /prepared already/u,
    ],
    [
      'maps of another data set',
      'voc-21',
      'annotations_pascal21/validation/a.png',
      [0, 1, 2, 3, 4, 77],
      /but found 77$/u,
      /another data set/u,
    ],
  ] as const;
  it.each(wrong)('%s', async (_, set, file, numbers, message, hint) => {
    const folder = join(root, 'wrong', set);
    await writeSet(folder, { [file]: await gray(numbers), 'images/validation/a.jpg': '' });
    const data = await openSegmentData(await findSegmentSet(folder, set));
    await expect(readSegmentTruth(data.items[0]!, data)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('lacks pictures, or has categories of something else', async () => {
    const { files } = sets['context 59']!;
    const { 'pascal_ctx_d2/images/validation/b.jpg': _, ...rest } = files;
    await expect(opened('no picture', rest, 'pcontext-59')).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringMatching(/^Expected the picture of b\.png in .*images\/validation/u) as string,
    });
    const coco = { ...sets['coco panoptic']!.files };
    coco['coco/annotations/panoptic_val2017.json'] = JSON.stringify({ annotations: [], categories: [{ id: 1, name: 'cat', isthing: 1 }] });
    await expect(opened('other categories', coco, 'coco-panoptic')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^Expected the categories of coco-panoptic in .* but found 1$/u) as string,
    });
  });
});

describe('a label map', () => {
  it('is read from gray and palette PNG files and from TIFF files of 16 bits', async () => {
    const numbers = [0, 1, 2, 254, 255, 3];
    await writeSet(root, {
      'g.png': await gray(numbers),
      'p.png': await gray(numbers, true),
      'w.png': await gray([0, 1, 300, 65_535, 2, 3]),
    });
    await writeSet(root, { 't.tif': tiff([0, 1, 300, 65_535, 2, 846]) });
    for (const name of ['g.png', 'p.png']) expect([...(await readLabelMap(join(root, name))).data]).toEqual(numbers);
    expect([...(await readLabelMap(join(root, 'w.png'))).data]).toEqual([0, 1, 300, 65_535, 2, 3]);
    expect(await readLabelMap(join(root, 't.tif'))).toEqual({ width: 3, height: 2, data: Uint16Array.of(0, 1, 300, 65_535, 2, 846) });
  });

  it('is refused when it holds colors or is damaged', async () => {
    const { encodePng } = await import('@vitamin-vlm/image');
    await writeSet(root, {
      'c.png': await encodePng({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }),
      'd.tif': tiff([1, 2, 3, 4, 5, 6]).subarray(0, 30),
    });
    await expect(readLabelMap(join(root, 'c.png'))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('but found colors') as string,
    });
    await expect(readLabelMap(join(root, 'd.tif'))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    await expect(readLabelMap(join(root, 'e.tif'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});
