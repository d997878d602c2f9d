import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { encodeNpy } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import { associationMetrics, classificationMetrics, jaccardIndex } from '../src/data-sets/classification-metrics.ts';
import { dataCompKey, dataCompTasks } from '../src/data-sets/datacomp-tasks.data.ts';
import { openZeroShotData } from '../src/data-sets/open-zero-shot-data.ts';
import { readTarIndex } from '../src/data-sets/tar-index.ts';
import { writeTar } from './made-tar.ts';
import { temporaryFolder } from './support.ts';

const temporary = temporaryFolder();

describe('numbers of a classification', () => {
  // Classes 0 to 5; class 4 is never true, class 5 never found.
  const predictions = [
    { target: 0, top: [0, 1, 2, 3, 4], fields: [7, 1] },
    { target: 0, top: [1, 0, 2, 3, 4], fields: [7, 2] },
    { target: 1, top: [1, 0, 2, 3, 4], fields: [7, 2] },
    { target: 2, top: [4, 2, 1, 0, 3], fields: [9, 1] },
    { target: 3, top: [3, 2, 1, 0, 4], fields: [9, 1] },
    { target: 5, top: [], fields: [3, 1] },
  ];

  it('are those of DataComp', () => {
    const { acc1, acc5, mean_per_class_recall: recall, 'F1-macro_all': f1, acc_wg: worst } = classificationMetrics(predictions, 6);
    expect([acc1, acc5]).toEqual([0.5, 5 / 6]);
    expect(recall).toBeCloseTo((1 / 2 + 1 + 0 + 1 + 0) / 5, 14);
    expect(f1).toBeCloseTo((2 / 3 + 2 / 3 + 0 + 1 + 0) / 5, 14); // over classes that are true of something
    expect(worst).toBe(0); // the group of the one that nothing was predicted for
  });

  it('of the worst group leave out the one that does not count', () => {
    const { acc_worst_region: region, acc_top5_wg: top5 } = classificationMetrics(predictions, 6, { column: 0, ignored: 3 });
    expect([region, top5]).toEqual([0.5, 0]);
    expect(classificationMetrics(predictions, 6, { column: 1 })['acc_wg']).toBe(0.5);
    expect(classificationMetrics([{ target: 0, top: [0] }], 2)).toEqual({
      acc1: 1,
      acc5: null,
      mean_per_class_recall: 1,
      'F1-macro_all': 1,
    });
  });

  it('of associations by how many candidates there were', () => {
    expect(jaccardIndex(new Set(['a', 'b']), new Set(['b', 'c']))).toBe(1 / 3);
    const scores = [5, 6, 10, 12].map((candidates, i) => ({ candidates, jaccard: i / 4 }));
    expect(associationMetrics(scores)).toEqual({ avg_jaccard_score: 0.375, 'jaccard_score_5-6': 0.125, 'jaccard_score_10-12': 0.625 });
  });
});

it("knows DataComp's data sets by the names of their folders", () => {
  expect(Object.keys(dataCompTasks)).toHaveLength(38);
  expect(['wds_vtab-cifar100_test', 'imagenet1k', 'wds_fairness-geode_test', 'geode', 'mine'].map(dataCompKey)).toEqual([
    'vtab/cifar100',
    'imagenet1k',
    'fairness/geode',
    'fairness/geode',
    undefined,
  ]);
  const groups = ['dist_shift', 'vtab', 'retrieval'].map((group) =>
    Object.values(dataCompTasks).filter((task) => task.groups?.some((one) => one === group)),
  );
  expect(groups.map(({ length }) => length)).toEqual([6, 13, 3]);
});

describe('a webdataset', () => {
  it('is read by its headers, whatever their names', async () => {
    const long = `${'deep/'.repeat(30)}s0000002.jpg`;
    await writeTar(temporary('a.tar'), [
      ['s0000001.jpg', 'picture'],
      [long, ''],
      ['empty.txt', 'x'.repeat(600)],
    ]);
    const entries = await readTarIndex(temporary('a.tar'));
    expect(entries.map(({ name, size }) => [name, size])).toEqual([
      ['s0000001.jpg', 7],
      [long, 0],
      ['empty.txt', 600],
    ]);
    const bytes = await readFile(temporary('a.tar'));
    expect(bytes.toString('latin1', entries[0]!.offset, entries[0]!.offset + 7)).toBe('picture');
    // Every way to cut or change it ends in a whole index or one clear error.
    for (const [i, damage] of [bytes.subarray(0, 700), bytes.subarray(0, 514), bytes.fill(1, 100, 110)].entries()) {
      await writeFile(temporary(`d${i}.tar`), damage);
      const read = await readTarIndex(temporary(`d${i}.tar`)).catch((error: { code: string }) => error.code);
      expect(Array.isArray(read) || read === 'INPUT_UNREADABLE').toBe(true);
    }
    await writeFile(temporary('gz.tar'), Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(600, 7)]));
    await expect(readTarIndex(temporary('gz.tar'))).rejects.toMatchObject({ hint: expect.stringContaining('gunzip') as string });
  });

  it('gives pictures with their classes and fields, in the order of the archives', async () => {
    const root = temporary('wds_mine_test');
    await mkdir(`${root}/test`, { recursive: true });
    await writeFile(`${root}/classnames.txt`, 'cat\nred umbrella\n');
    await writeFile(`${root}/zeroshot_classification_templates.txt`, 'a photo of a {c}.\nart of {c}.\n');
    await writeFile(`${root}/test/nshards.txt`, '11');
    const npy = encodeNpy(tensor('int64', [2], BigInt64Array.of(4n, 2019n)));
    for (let i = 0; i < 11; i++)
      await writeTar(`${root}/test/${i}.tar`, [
        [`s${i}.cls`, String(i % 2)],
        [`s${i}.npy`, npy],
        [`s${i}.webp`, `w${i}`],
      ]);
    const data = await openZeroShotData(root);
    expect(data).toMatchObject({
      kind: 'classify',
      name: 'wds_mine_test',
      classes: ['cat', 'red umbrella'],
      templates: ['a photo of a {}.', 'art of {}.'],
    });
    expect(data.items).toEqual(Array.from({ length: 11 }, (_, i) => `${i}.tar/s${i}`));
    expect(await data.read(10)).toEqual({ picture: Buffer.from('w10'), target: 0, fields: [4, 2019] });
    await data.close();
    await writeFile(`${root}/test/nshards.txt`, '12');
    await expect(openZeroShotData(root)).rejects.toMatchObject({ message: expect.stringContaining('Expected 12 archives') as string });
  });

  it('tells what it lacks', async () => {
    const root = temporary('poor');
    await mkdir(root);
    await expect(openZeroShotData(root)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      hint: expect.stringContaining('classnames.txt') as string,
    });
    await writeTar(`${root}/0.tar`, [
      ['s.cls', '7'],
      ['s.png', ''],
    ]);
    await expect(openZeroShotData(root)).rejects.toMatchObject({
      message: expect.stringContaining('classnames.txt but found none') as string,
    });
    await writeFile(`${root}/classnames.txt`, 'cat\n');
    const data = await openZeroShotData(root);
    await expect(data.read(0)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('Expected a class from 0 to 0') as string,
    });
    await data.close();
  });
});
