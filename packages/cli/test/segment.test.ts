import { labelColor } from '@vitamin-vlm/image';
import { writeFile } from 'node:fs/promises';
import { maskArea, maskToBbox, parseRleString } from 'coco-eval-js';
import { describe, expect, it, vi } from 'vitest';
import { alone, segmentTests, tinyKinds, words } from './segment-support.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { run, temporary, document, json, fails } = segmentTests();

describe('which network answers', () => {
  it('is the segmenter where the model has one, and the tower alone where it has none or on request', async () => {
    expect(await document('pictures/a.png', ...words)).toMatchObject({
      method: 'fcclip',
      task: 'panoptic',
      model: { name: 'fcclip-vitamin-custom-32', origin: expect.stringContaining('decoders come from segmenter.pth') as string },
    });
    const tower = { method: 'training-free', task: 'semantic', model: { name: 'vitamin-custom-32' } };
    expect(await document('pictures/a.png', ...alone)).toMatchObject(tower);
    const nano = await document('pictures/a.png', '--model', 'nano', '--tower', 'nano', ...words);
    expect(nano).toMatchObject({ method: 'fcclip', model: { name: 'fcclip-vitamin-nano-96' } });
    const free = await document('pictures/a.png', '--model', 'nano', '--training-free', ...words);
    expect(free).toMatchObject({ ...tower, model: { name: 'vitamin-nano-96' } });
  });

  it('decides which flags have a meaning', async () => {
    await fails(
      ['pictures/a.png', ...alone, '--task', 'panoptic'],
      2,
      /Expected --task semantic but received panoptic: .*is a tower alone/u,
    );
    await fails(['pictures/a.png', ...alone, '--alpha', '0.5'], 2, /Expected no --alpha but received one: .*is a tower alone/u);
    await fails(['pictures/a.png', '--model', 'model'], 2, /Expected --labels, --labels-file or --vocabulary but received none/u);
    await fails(['pictures/a.png', ...words, '--size', '64'], 2, /Expected no --size but received one/u);
    await fails(['pictures/a.png', ...words, '--precision', 'int8'], 2, /--precision float32 for a segmenter/u);
    await fails(['pictures/a.png', ...words, '--tier', 'fast', '--stride', '16'], 2, /either --stride or --tier/u);
    await fails(['pictures/a.png', ...words, '--tier', 'quick'], 2, /exact, balanced, fast/u);
    await fails(['pictures/a.png', ...words, '--shortest', '64'], 2, /Expected no shortest but received one: .*one canvas/u);
    await fails(['pictures/a.png', ...words, '--longest', '64'], 2, /Expected no longest but received one: .*one canvas/u);
    await fails(['pictures/a.png', ...alone, '--longest', '64'], 2, /Expected no --longest but received one: .*is a tower alone/u);
    await fails(['pictures/a.png', ...words, '--model', 'nowhere.pth'], 4, /nowhere\.pth/u);
  });
});

describe('tasks', () => {
  it('give segments that cover their areas, a label per pixel, and masks of things, of one size', async () => {
    const [image] = (await document('pictures/b.png', ...words, '--task', 'all')).images;
    const { width, height, segments, labels, unlabeledValue, instances } = image!;
    expect([width, height, unlabeledValue]).toEqual([80, 48, 255]);
    expect(segments!.length).toBeGreaterThan(0);
    for (const { label, color } of [...segments!, ...labels!, ...instances!]) {
      expect(color).toEqual(labelColor(['cat', 'red umbrella', 'sky'].indexOf(label)));
    }
    for (const { label, isThing, area, share, box, score } of segments!) {
      expect(isThing).toBe(label !== 'sky');
      expect(share).toBeCloseTo(area / (80 * 48), 12);
      expect(area).toBeLessThanOrEqual(box[2]! * box[3]!);
      expect(score > 0 && score <= 1).toBe(true);
    }
    expect(labels!.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(80 * 48);
    expect(instances!.length).toBeGreaterThan(0);
    for (const { mask, area, box } of instances!) {
      const rle = parseRleString(mask.counts, ...mask.size);
      expect([mask.size, maskArea(rle), [...maskToBbox(rle)]]).toEqual([[48, 80], area, box]);
    }
  });

  it.each([
    ['panoptic', ['segments']],
    ['semantic', ['unlabeledValue', 'labels']],
    ['instance', ['instances']],
  ])('%s gives nothing else', async (task, keys) => {
    const [image] = (await document('--encoding', 'a.safetensors', ...words, '--task', task)).images;
    expect(Object.keys(image!)).toEqual(['file', 'width', 'height', ...keys]);
  });

  it('leave out with --threshold what is less sure', async () => {
    const asked = ['--encoding', 'a.safetensors', ...words, '--task', 'all'];
    const [all] = (await document(...asked)).images;
    const limit = [...all!.segments!.map(({ score }) => score), ...all!.instances!.map(({ score }) => score)].toSorted((a, b) => a - b)[2]!;
    const [some] = (await document(...asked, '--threshold', String(limit))).images;
    expect(some!.segments!.every(({ score }) => score > limit)).toBe(true);
    expect(some!.instances).toEqual(all!.instances!.filter(({ score }) => score >= limit));
    const [none] = (await document(...asked, '--threshold', '1')).images;
    expect([none!.segments, none!.instances, none!.labels!.length]).toEqual([[], [], expect.any(Number)]);
    expect(none!.labels!.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(1);
  });
});

const labelsOf = async (...args: string[]): Promise<object> => {
  const { status } = await run('segment', '--encoding', 'a.safetensors', ...args, '-o', 'words', '--force', '-q');
  expect(status).toBe(0);
  const { categories } = await json<{ categories: { id: number; name: string; isthing: number }[] }>('words', 'panoptic.json');
  return categories.map(({ id, name, isthing }) => [id, name, isthing]);
};

const scores = async (...args: string[]): Promise<number[]> =>
  (await document('--encoding', 'a.safetensors', ...words, '--task', 'instance', ...args)).images[0]!.instances!.map(({ score }) => score);

describe('words', () => {
  it('are the classes of the training, a list by name, a file of labels, or the categories of a data set', async () => {
    expect(await labelsOf()).toEqual(tinyKinds.map((name, i) => [i + 1, name, i < 2 ? 1 : 0]));
    expect(await labelsOf('--labels', 'sky,red umbrella')).toEqual([
      [1, 'sky', 0],
      [2, 'red umbrella', 1],
    ]);
    expect(((await labelsOf('--vocabulary', 'cityscapes')) as unknown[][])[12]).toEqual([12, 'rider', 1]);
    await writeFile(temporary('words.txt'), '7:boat,ship\n9:grass,lawn\n');
    const listed = [
      [7, 'boat', 1],
      [9, 'grass', 0],
    ];
    expect(await labelsOf('--labels-file', 'words.txt')).toEqual(listed);
    expect(await labelsOf('--vocabulary', 'words.txt')).toEqual(listed);
    const categories = [
      { id: 3, name: 'tie, (neck)', isthing: 1 },
      { id: 120, name: 'wall-other', isthing: 0 },
    ];
    await writeFile(temporary('set.json'), JSON.stringify({ categories }));
    expect(await labelsOf('--vocabulary', 'set.json')).toEqual([
      [3, 'tie, (neck)', 1],
      [120, 'wall-other', 0],
    ]);
    expect(await labelsOf('--vocabulary', 'set.json', '--things', 'wall-other')).toEqual([
      [3, 'tie, (neck)', 0],
      [120, 'wall-other', 1],
    ]);
  });

  it('are scored as seen or not', async () => {
    const plain = await scores();
    expect(await scores('--seen', 'cat,sky')).toEqual(plain);
    expect(await scores('--seen', 'red umbrella')).not.toEqual(plain);
    expect(await scores('--beta', '0.1')).not.toEqual(plain);
    expect((await scores('--max', '5')).length).toBeLessThanOrEqual(5);
  });

  it('tell what is wrong with them', async () => {
    const asked = ['--encoding', 'a.safetensors'];
    await fails([...asked, '--vocabulary', 'cooc'], 2, /cooc is neither\nLists: coco, ade20k, coco-panoptic/u);
    await writeFile(temporary('empty.json'), '{"categories": [{"id": 1}]}');
    await fails([...asked, '--vocabulary', 'empty.json'], 2, /Expected names under "categories"/u);
    await fails([...asked, ...words, '--things', 'car'], 2, /"car", which is none of them/u);
    await fails([...asked, ...words, '--vocabulary', 'coco'], 2, /either --labels or --vocabulary/u);
  });
});
