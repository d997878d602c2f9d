import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { readNpy } from '@vitamin-vlm/checkpoint';
import { beforeAll, expect, it } from 'vitest';
import { inTemporaryFolder, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await mkdir(temporary('pictures'));
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) await writePicture(temporary('pictures', name), 60 + 20 * i, 48, i);
  await writeBrokenPicture(temporary('pictures', 'd.jpg'));
});

interface Answer {
  readonly queries: readonly { readonly images: readonly { readonly file: string; readonly score: number }[] }[];
}

it.each(['all.safetensors', 'all.npy'])('keeps many pictures as one matrix with an index that is asked again: %s', async (file) => {
  const made = await run('encode', 'pictures', '-o', file, '--json');
  expect(made.status).toBe(3);
  expect(JSON.parse(made.stdout)).toMatchObject({
    of: 'pictures',
    names: ['pictures/a.png', 'pictures/b.png', 'pictures/c.png'],
    failed: [{ file: 'pictures/d.jpg' }],
  });
  const query = ['--query', 'a red bus', '--json'];
  const kept = JSON.parse((await run('retrieve', '--index', file, ...query)).stdout) as Answer;
  const anew = JSON.parse((await run('retrieve', 'pictures', ...query)).stdout) as Answer;
  expect(kept.queries[0]!.images.map((image) => image.file)).toEqual(anew.queries[0]!.images.map((image) => image.file));
  for (const [i, { score }] of kept.queries[0]!.images.entries()) expect(score).toBeCloseTo(anew.queries[0]!.images[i]!.score, 5);
});

it('describes the rows of a .npy in a file beside it, and knows its own files', async () => {
  await writeFile(temporary('texts.txt'), 'a red bus\n\nsalt, pepper\r\n');
  expect((await run('encode', '--texts', 'texts.txt', '-o', 'texts.npy')).stdout).toBe('texts.npy\ntexts.json\n');
  const { shape, data } = await readNpy(temporary('texts.npy'));
  expect(JSON.parse(await readFile(temporary('texts.json'), 'utf8'))).toMatchObject({
    of: 'texts',
    names: ['a red bus', 'salt, pepper'],
    shape,
  });
  expect(Math.hypot(...(data as Float32Array).subarray(0, shape[1]))).toBeCloseTo(1, 5);
  expect(await run('retrieve', '--index', 'texts.npy', '--query', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('one of texts'),
  });
  await run('encode', 'pictures/a.png', '-o', 'one.safetensors');
  await run('encode', 'pictures/a.png', 'pictures/b.png', '-o', 'two.safetensors');
  for (const [file, kind] of [
    ['one.safetensors', /--encoding/u],
    ['two.safetensors', /retrieve --index/u],
  ] as const) {
    expect((JSON.parse((await run('show', file, '--json')).stdout) as { kind: string }).kind).toMatch(kind);
  }
});

it('refuses an index of other weights, and files that are none', async () => {
  await writeTinyModel(temporary('other'), 2);
  await run('encode', 'pictures/a.png', 'pictures/b.png', '-o', 'mine.safetensors');
  const args = ['retrieve', '--query', 'a', '--index'];
  expect(await run(...args, 'mine.safetensors', '--model', 'other')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('WEIGHTS_MISMATCH'),
  });
  await writeFile(temporary('no.npy'), 'no');
  expect((await run(...args, 'no.npy')).status).not.toBe(0);
  expect((await run(...args, 'model/open_clip_model.safetensors')).stderr).toContain('vitamin encode');
  expect(await run('retrieve', 'pictures', '--query', 'a', '--index', 'mine.safetensors')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('either pictures or --index'),
  });
});

it('gives each picture its file in a folder', async () => {
  const encoded = await run('encode', 'pictures/a.png', 'pictures/b.png', '-o', 'encodings');
  expect([encoded.status, encoded.stdout]).toEqual([0, 'encodings/a.safetensors\nencodings/b.safetensors\n']);
  const asked = await run('classify', '--encoding', 'encodings/b.safetensors', '--labels', 'x,y', '--jsonl');
  expect(JSON.parse(asked.stdout)).toMatchObject({ width: 80 });
  expect((await run('features', 'pictures', '-o', 'maps')).status).toBe(3);
  expect((await readdir(temporary('maps'))).toSorted()).toEqual(['a.safetensors', 'b.safetensors', 'c.safetensors']);
  expect(await run('features', 'pictures', '-o', 'maps.npy')).toMatchObject({ status: 2, stderr: expect.stringContaining('-o FOLDER') });
});
