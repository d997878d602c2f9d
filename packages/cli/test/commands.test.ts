import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint, readNpy } from '@vitamin-vlm/checkpoint';
import { decodeImage } from '@vitamin-vlm/image';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTemporaryFolder, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';

const { temporary, run } = inTemporaryFolder();
const labels = ['--labels', 'red bus,green tree|bush,"dog"'];

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await mkdir(temporary('pictures'));
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) await writePicture(temporary('pictures', name), 60 + 20 * i, 48, i);
  await writeBrokenPicture(temporary('broken.jpg'));
});

describe('classify', () => {
  it('prints one document with --json and nothing else on stdout', async () => {
    const { status, stdout } = await run('classify', 'pictures/a.png', 'pictures/b.png', ...labels, '--json');
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as { images: { labels: { label: string; score: number }[] }[] };
    expect(Object.keys(document)).toEqual(['schemaVersion', 'model', 'images']);
    expect(document).toMatchObject({
      schemaVersion: 1,
      model: { name: 'vitamin-custom-32', imageSize: 32 },
      images: [
        { file: 'pictures/a.png', width: 60, height: 48 },
        { file: 'pictures/b.png', width: 80, height: 48 },
      ],
    });
    for (const image of document.images) {
      expect(Object.keys(image)).toEqual(['file', 'width', 'height', 'labels']);
      expect(image.labels.map(({ label }) => label).toSorted()).toEqual(['"dog"', 'green tree', 'red bus']);
      expect(image.labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
      expect(image.labels.map(({ score }) => score)).toEqual(image.labels.map(({ score }) => score).toSorted((a, b) => b - a));
    }
  });

  it('does the good pictures, tells the bad ones on stderr, and ends with 3', async () => {
    const { status, stdout, stderr } = await run(
      'classify',
      'pictures/a.png',
      'broken.jpg',
      'missing.png',
      'pictures/b.png',
      ...labels,
      '--json',
    );
    expect(status).toBe(3);
    const document = JSON.parse(stdout) as { images: { file: string }[]; failed: object[] };
    expect(document.images.map(({ file }) => file)).toEqual(['pictures/a.png', 'pictures/b.png']);
    expect(document.failed).toMatchObject([
      { file: 'broken.jpg', code: 'INPUT_UNREADABLE' },
      { file: 'missing.png', code: 'INPUT_NOT_FOUND' },
    ]);
    expect(stderr).toContain('error INPUT_UNREADABLE: ');
    expect(stderr).toContain('2 of 4 inputs failed: broken.jpg, missing.png');
    expect((await run('classify', 'missing.png', ...labels)).status).toBe(3);
  });

  it('prints a line a picture, or a JSON object a line, and takes folders', async () => {
    const text = await run('classify', 'pictures', ...labels, '--top', '1');
    expect(text.stdout).toMatch(/^pictures\/a\.png {2}60x48 {2}[\w "]+ \d+(?:\.\d)? %\n(?:pictures.*\n){2}$/u);
    expect(text.stderr).toBe('');
    const lines = (await run('classify', 'pictures', ...labels, '--jsonl')).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { file: string }).file)).toEqual([
      'pictures/a.png',
      'pictures/b.png',
      'pictures/c.png',
    ]);
  });

  it('takes patterns, and says when one finds nothing', async () => {
    const lines = (await run('classify', 'pictures/[ac].png', '*ures/b*', ...labels, '--jsonl')).stdout.trim().split('\n');
    const files = lines.map((line) => (JSON.parse(line) as { file: string }).file);
    expect(files).toEqual(['pictures/a.png', 'pictures/c.png', 'pictures/b.png']);
    const nothing = await run('classify', 'pictures/*.jpg', ...labels);
    expect([nothing.status, nothing.stderr]).toEqual([3, expect.stringContaining('pictures/*.jpg but found none')]);
    await copyFile(temporary('pictures', 'a.png'), temporary('odd[1].png'));
    expect((await run('classify', 'odd[1].png', ...labels)).status).toBe(0);
  });

  it('turns pictures upright before it measures them', async () => {
    const upright = await decodeImage(temporary('pictures', 'a.png'));
    const { default: sharp } = await import('sharp');
    await sharp(upright.data, { raw: { width: 60, height: 48, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(temporary('turned.jpg'));
    const { stdout } = await run('classify', 'turned.jpg', ...labels, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ images: [{ width: 48, height: 60 }] });
  });

  it('reads labels from a file and templates from a flag', async () => {
    await writeFile(temporary('labels.txt'), '# comment\n1:red bus,bus\n2:dog\n');
    const { stdout } = await run(
      'classify',
      'pictures/a.png',
      '--labels-file',
      'labels.txt',
      '--templates',
      'a sketch of a {}.',
      '--jsonl',
    );
    const { labels: found } = JSON.parse(stdout) as { labels: { label: string }[] };
    expect(found.map(({ label }) => label).toSorted()).toEqual(['dog', 'red bus']);
  });

  it('writes the document where -o says, never over another file', async () => {
    const args = ['classify', 'pictures/a.png', ...labels, '-o', 'out.json'];
    const [first, second, quiet] = [await run(...args), await run(...args, '--json'), await run(...args, '-q', '--force')];
    expect(first.stderr).toBe('Wrote out.json\n');
    expect(second).toMatchObject({ status: 2, stderr: expect.stringContaining('out.json exists') });
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'USAGE', hint: expect.stringContaining('--force') } });
    expect(quiet).toMatchObject({ status: 0, stderr: '', stdout: 'out.json\n' });
    expect(JSON.parse(await readFile(temporary('out.json'), 'utf8'))).toMatchObject({ schemaVersion: 1 });
  });
});

describe('a model that cannot be used ends with 4', () => {
  it.each([
    ['no-such-name', 'MODEL_UNKNOWN'],
    ['./missing.safetensors', 'WEIGHTS_MISSING'],
    ['broken.jpg', 'WEIGHTS_CORRUPT'],
    ['empty', 'WEIGHTS_MISSING'],
  ])('%s: %s', async (model, code) => {
    await mkdir(temporary('empty'), { recursive: true });
    const { status, stdout, stderr } = await run('classify', 'pictures/a.png', ...labels, '--model', model, '--json');
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: expect.objectContaining({ code, message: expect.stringMatching(/^Expected /u) }),
    });
    expect(stderr).toMatch(new RegExp(`^error ${code}: Expected .*\n`, 'u'));
    expect(stderr).not.toContain('    at ');
  });
});

it('ends with 5 when a model would have to be fetched offline, and with -v shows the stack', async () => {
  const args = ['classify', 'pictures/a.png', ...labels, '--model', 'vitamin-small-224', '--offline'];
  const { status, stderr } = await run(...args);
  expect(status).toBe(5);
  expect(stderr).toMatch(/^error OFFLINE: /u);
  expect((await run(...args, '-v')).stderr).toContain('    at ');
});

describe('encode', () => {
  it('says what it multiplied in, and an encoding is asked by a model that does so too', async () => {
    const precision = ['--precision', 'int8'];
    expect((await run('encode', 'pictures/a.png', '-o', 'int8.safetensors', ...precision)).status).toBe(0);
    await using file = await openCheckpoint(temporary('int8.safetensors'));
    expect(JSON.stringify(file.metadata)).toContain('int8');
    const refused = await run('classify', '--encoding', 'int8.safetensors', ...labels);
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('recipe.precision "float32" but found "int8"');
    expect((await run('classify', '--encoding', 'int8.safetensors', ...labels, ...precision)).status).toBe(0);
  });

  it('keeps a picture for classify and segment, which then need no picture', async () => {
    const encoded = await run('encode', 'pictures/c.png', '-o', 'c.safetensors', '--levels', 'final', '--json');
    expect(JSON.parse(encoded.stdout)).toMatchObject({
      file: 'pictures/c.png',
      width: 100,
      height: 48,
      maps: { dense: [32, 2, 5], final: [64, 2, 5] },
    });
    const direct = JSON.parse((await run('classify', 'pictures/c.png', ...labels, '--json')).stdout) as { images: object[] };
    const asked = JSON.parse((await run('classify', '--encoding', 'c.safetensors', ...labels, '--json')).stdout) as { images: object[] };
    expect(asked.images).toEqual([{ ...direct.images[0], file: 'c.safetensors' }]);
    const whole = JSON.parse((await run('segment', 'pictures/c.png', ...labels, '--json')).stdout) as { images: object[] };
    const again = JSON.parse((await run('segment', 'pictures/c.png', '--encoding', 'c.safetensors', ...labels, '--json')).stdout) as object;
    expect(again).toEqual(whole);
    expect((await run('segment', 'pictures/a.png', '--encoding', 'c.safetensors', ...labels)).stderr).toContain(
      '100x48, but received 60x48',
    );
  });

  it('refuses files that are no encodings', async () => {
    const { status, stderr } = await run('classify', '--encoding', 'broken.jpg', ...labels);
    expect(status).toBe(3);
    expect(stderr).toContain('error INPUT_UNREADABLE');
  });
});

describe('features', () => {
  it('writes one map as .npy and several as safetensors', async () => {
    const npy = await run(
      'features',
      'pictures/c.png',
      '-o',
      'c.npy',
      '--levels',
      'os8',
      '--window',
      '64',
      '--stride',
      '32',
      '--size',
      '64',
    );
    expect(npy.stdout).toBe('c.npy\n');
    expect(await readNpy(temporary('c.npy'))).toMatchObject({ dtype: 'float32', shape: [1, 16, 8, 18] });
    expect((await run('features', 'pictures/c.png', '-o', 'f.safetensors')).status).toBe(0);
    await using file = await openCheckpoint(temporary('f.safetensors'));
    expect([...file.tensors.keys()].toSorted()).toEqual(['final', 'mid', 'os4', 'os8']);
  });

  it('says what is wrong with a window', async () => {
    const { status, stderr } = await run('features', 'pictures/c.png', '-o', 'w.npy', '--window', '33');
    expect(status).toBe(2);
    expect(stderr).toContain('33');
  });
});

describe('retrieve', () => {
  it('ranks the pictures of a folder by a text', async () => {
    const { stdout } = await run('retrieve', 'pictures', '--query', 'a red bus', '--query', 'a dog', '--json');
    const { queries } = JSON.parse(stdout) as { queries: { query: string; images: { file: string; score: number }[] }[] };
    expect(queries.map(({ query }) => query)).toEqual(['a red bus', 'a dog']);
    const [{ images } = { images: [] }] = queries;
    expect(images.map(({ file }) => file).toSorted()).toEqual(['pictures/a.png', 'pictures/b.png', 'pictures/c.png']);
    expect(images.map(({ score }) => score)).toEqual(images.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  it('measures recall over captions in either form', async () => {
    const plain = { 'a.png': ['a bus', 'a red bus'], 'b.png': 'a dog', 'c.png': 'a tree' };
    await writeFile(temporary('plain.json'), JSON.stringify(plain));
    const images = Object.keys(plain).map((file_name, id) => ({ id, file_name }));
    const annotations = Object.values(plain).flatMap((captions, image_id) => [captions].flat().map((caption) => ({ image_id, caption })));
    await writeFile(temporary('coco.json'), JSON.stringify({ images, annotations }));
    const [first, second] = [
      JSON.parse((await run('retrieve', 'pictures', '--captions', 'plain.json', '--json')).stdout) as object,
      JSON.parse((await run('retrieve', 'pictures', '--captions', 'coco.json', '--json')).stdout) as object,
    ];
    expect(first).toMatchObject({ images: 3, captions: 4, imageRetrieval: { 5: 1, 10: 1 }, textRetrieval: { 5: 1, 10: 1 } });
    expect(second).toEqual(first);
    expect((await run('retrieve', 'pictures', '--captions', 'plain.json')).stdout).toContain('R@1');
  });

  it('refuses captions that lead out of the folder or have no form', async () => {
    for (const [text, said] of [
      ['{"../a.png": "x"}', 'inside pictures'],
      ['{"a.png": 3}', 'a caption or a list'],
      ['[1]', 'an object'],
      ['{', 'cannot be parsed'],
      ['{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 2, "caption": "x"}]}', 'found 2'],
    ] as const) {
      await writeFile(temporary('bad.json'), text);
      const { status, stderr } = await run('retrieve', 'pictures', '--captions', 'bad.json');
      expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
    }
  });
});

it('does not run the text tower again for words that it has seen', async () => {
  const other = temporary('model-copy');
  await mkdir(other);
  await copyFile(temporary('model', 'open_clip_model.safetensors'), join(other, 'open_clip_model.safetensors'));
  const first = await run('classify', 'pictures/a.png', ...labels, '--jsonl');
  const words = async (): Promise<string[]> => (await readdir(temporary('cache'))).filter((name) => name.startsWith('words-'));
  const before = await words();
  const second = await run('classify', 'pictures/a.png', ...labels, '--jsonl', '--model', other);
  expect(second.stdout).toBe(first.stdout);
  expect(await words()).toEqual(before);
});
