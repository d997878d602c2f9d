import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { inTemporaryFolder, writePicture, writeTinyModel } from './support.ts';

const { temporary, run } = inTemporaryFolder();
const labels = ['--labels', 'red bus,dog'];

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await mkdir(temporary('pictures'));
  await writePicture(temporary('pictures', 'a.png'), 60, 48);
});

it('takes labels with commas, warns of doubles, gives cosines', async () => {
  const { stdout, stderr } = await run(
    'classify',
    'pictures/a.png',
    '--label',
    'salt, pepper',
    '--label',
    'dog',
    '-l',
    'dog',
    '--cosine',
    '--jsonl',
  );
  const { labels: found } = JSON.parse(stdout) as { labels: { label: string; score: number }[] };
  expect(found.map(({ label }) => label).toSorted()).toEqual(['dog', 'dog', 'salt, pepper']);
  expect(Math.max(...found.map(({ score }) => Math.abs(score)))).toBeLessThanOrEqual(1);
  expect(found.reduce((sum, { score }) => sum + score, 0)).not.toBeCloseTo(1, 3);
  expect(stderr).toContain('share their score: dog');
});

it('reads pictures from lists, with line breaks in their names too', async () => {
  const odd = 'pictures/two\nlines.png';
  await copyFile(temporary('pictures/a.png'), temporary(odd));
  await writeFile(temporary('list'), `pictures/a.png\0${odd}\0`);
  const { stdout, status } = await run('classify', '--files-from', 'list', ...labels);
  expect([stdout.split('\n').length, status]).toEqual([3, 0]);
  const { images } = JSON.parse((await run('classify', '--files-from', 'list', ...labels, '--json')).stdout) as {
    images: { file: string }[];
  };
  expect(images.map(({ file }) => file)).toEqual(['pictures/a.png', odd]);
  await rm(temporary(odd));
});
