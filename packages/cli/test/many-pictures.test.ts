import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { readNpy } from '@vitamin-vlm/checkpoint';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { beforeAll, expect, it } from 'vitest';
import { EmbeddingRows } from '../src/work/embedding-rows.ts';
import { writeTar } from './made-tar.ts';
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

it('reads the pictures of tar archives as those of a folder, in their order', async () => {
  const bytes = async (name: string): Promise<Buffer> => readFile(temporary('pictures', name));
  const texts = ['a', 'b'].map((name) => [`${name}.txt`, 'a caption'] as const);
  await writeTar(temporary('1.tar'), [['b.png', await bytes('b.png')], texts[1]!, ['deep/a.png', await bytes('a.png')], texts[0]!]);
  await writeTar(temporary('2.tar'), [
    ['d.jpg', await bytes('d.jpg')],
    ['c.png', await bytes('c.png')],
  ]);
  const made = await run('encode', '1.tar', '2.tar', '-o', 'tars.npy', '--json');
  expect(made.status).toBe(3);
  expect(JSON.parse(made.stdout)).toMatchObject({
    names: ['1.tar/b.png', '1.tar/deep/a.png', '2.tar/c.png'],
    failed: [{ file: '2.tar/d.jpg', code: 'INPUT_UNREADABLE' }],
  });
  await run('encode', 'pictures/b.png', 'pictures/a.png', 'pictures/c.png', '-o', 'files.npy');
  expect(await readFile(temporary('tars.npy'))).toEqual(await readFile(temporary('files.npy')));
  const asked = await run('classify', '*.tar', '--labels', 'x,y', '--jsonl');
  const lines = asked.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; width: number });
  expect(lines.map(({ file, width }) => [file, width])).toEqual([
    ['1.tar/b.png', 80],
    ['1.tar/deep/a.png', 60],
    ['2.tar/c.png', 100],
  ]);
  expect((await run('encode', '1.tar', '-o', 'from-tar')).stdout).toBe('from-tar/b.safetensors\nfrom-tar/a.safetensors\n');
});

it('says of an archive what is wrong with it', async () => {
  await writeFile(temporary('packed.tar'), gzipSync(await readFile(temporary('1.tar'))));
  const labels = ['--labels', 'x,y'];
  await writeTar(temporary('texts.tar'), [['a.txt', 'a caption']]);
  expect(await run('classify', 'packed.tar', ...labels)).toMatchObject({ status: 3, stderr: expect.stringContaining('found gzip data') });
  expect(await run('classify', 'texts.tar', ...labels)).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('Expected pictures in texts.tar but found none'),
  });
  expect(await run('classify', 'no.tar', ...labels)).toMatchObject({ status: 3, stderr: expect.stringContaining('INPUT_NOT_FOUND') });
});

it('keeps rows on disk until all are there, and gives them back in parts', async () => {
  await using rows = await EmbeddingRows.create(temporary('rows'));
  for (let i = 0; i < 600; i++) await rows.add(Float32Array.from({ length: 1000 }, (_, j) => (j === i ? 3 : 0)));
  const sizes: number[] = [];
  let at = 0;
  for await (const part of rows.parts()) {
    sizes.push(part.length);
    for (let i = 0; i < part.length; i += 1000, at++) expect(part.subarray(i, i + 1000).indexOf(1)).toBe(at);
  }
  expect([rows.shape, sizes]).toEqual([
    [600, 1000],
    [262_000, 262_000, 76_000],
  ]);
  await expect(rows.add(new Float32Array(3))).rejects.toThrow('Expected 1000 numbers in a row but received 3');
});

it('writes a Parquet file, which other programs read', async () => {
  await run('encode', 'pictures', '-o', 'table.npy');
  expect((await run('encode', 'pictures', '-o', 'table.parquet')).stdout).toBe('table.parquet\n');
  const file = await asyncBufferFromFile(temporary('table.parquet'));
  const rows = (await parquetReadObjects({ file })) as { file: string; embedding: number[] }[];
  expect(rows.map((row) => row.file)).toEqual(['pictures/a.png', 'pictures/b.png', 'pictures/c.png']);
  const { data } = await readNpy(temporary('table.npy'));
  expect(rows.flatMap(({ embedding }) => embedding)).toEqual([...(data as Float32Array)]);
  const { key_value_metadata: metadata = [] } = await parquetMetadataAsync(file);
  expect(metadata.find(({ key }) => key === 'schema')?.value).toBe('vitamin.embedding-index/1');
  expect(await run('retrieve', '--index', 'table.parquet', '--query', 'x')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('Parquet is for other programs'),
  });
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
