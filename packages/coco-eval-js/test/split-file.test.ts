import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateSplitFile, readAnnotations } from '../src/node/index.ts';
import { evaluateSplit } from '../src/splits/evaluate-split.ts';
import { ovLvisSplit, parseSplit } from '../src/splits/split.ts';
import { synthetic } from './synthetic.ts';

let folder = '';
const { dataset, results } = synthetic(7, 'bbox');
const [gt, dt] = [(): string => join(folder, 'gt.json'), (): string => join(folder, 'dt.json')];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coco-eval-split-'));
  await writeFile(gt(), JSON.stringify(dataset));
  await writeFile(dt(), JSON.stringify(results));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([false, true])('gives from a file what evaluateSplit gives from objects, lvis: %s', async (lvis) => {
  const columns = await readAnnotations(gt(), { iouType: 'bbox', lvis });
  const split = lvis ? ovLvisSplit(columns) : parseSplit({ first: [dataset.categories[0]!.id] }, columns);
  const fromFile = await evaluateSplitFile(columns, dt(), split);
  const fromObjects = evaluateSplit(dataset, results, split);
  expect(fromFile.metrics).toEqual(fromObjects.metrics);
  expect(fromFile.groups).toEqual(fromObjects.groups);
  expect(fromFile.evaluation.params.imgIds).toEqual(fromObjects.evaluation.params.imgIds);
});

it('looks at the images that are asked for alone', async () => {
  const columns = await readAnnotations(gt(), { iouType: 'bbox' });
  const imgIds = [dataset.images[0]!.id];
  const split = parseSplit({ first: [dataset.categories[0]!.id] }, columns);
  const { evaluation } = await evaluateSplitFile(columns, dt(), split, { imgIds });
  expect(evaluation.params.imgIds).toEqual(imgIds);
});
