import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import type { ProgressEvent, Tensor } from '@vitamin-vlm/core';
import { beforeAll, expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import type { BackboneOptions } from '../src/backbone/options.ts';
import { cosineSimilarity } from '../src/tasks/features.ts';
import { temporaryFolder } from './support/folder.ts';
import { noisePicture, tinyText, tinyWeights } from './support/tiny-model.ts';

const folder = temporaryFolder();
const picture = noisePicture(40, 40);
beforeAll(async () => {
  await writeSafetensors(folder('tiny.safetensors'), tinyWeights(tinyText.vocabulary));
});

function load(options: BackboneOptions = {}): Promise<Backbone> {
  return Backbone.load(folder('tiny.safetensors'), { cacheDir: folder('cache'), threads: 1, precision: 'int8', ...options });
}

/** Files of rounded weights in the cache. */
async function kept(): Promise<string[]> {
  const names = await readdir(folder('cache', 'weights')).catch(() => []);
  return names.filter((name) => name.startsWith('int8-')).map((name) => folder('cache', 'weights', name));
}

function asRow({ data }: Tensor<'float32'>): Tensor<'float32'> {
  return { dtype: 'float32', shape: [1, data.length], data };
}

/** The smallest cosine of rows that belong together. */
function agreement(a: Tensor<'float32'>, b: Tensor<'float32'>): number {
  const rows = a.shape[0]!;
  const all = cosineSimilarity(a, b).data;
  return Math.min(...Array.from({ length: rows }, (_, row) => all[row * rows + row]!));
}

it('gives nearly what float32 gives, from both towers, and says so in the recipe', async () => {
  await using full = await load({ precision: 'float32' });
  await using coarse = await load();
  const texts = ['a cat', 'two dogs on a hill'];
  const [words, coarseWords] = [await full.embedTexts(texts), await coarse.embedTexts(texts)];
  expect(coarseWords.data).not.toEqual(words.data);
  expect(agreement(coarseWords, words)).toBeGreaterThan(0.999);
  const options = { dense: true, levels: ['final'] };
  const [found, expected] = [await coarse.encodeImage(picture, options), await full.encodeImage(picture, options)];
  for (const [a, b] of [
    [found.pooled, expected.pooled],
    [found.dense!, expected.dense!],
    [found.maps!['final']!, expected.maps!['final']!],
  ] as const) {
    expect(a.data).not.toEqual(b.data);
    expect(agreement(asRow(a), asRow(b))).toBeGreaterThan(0.999);
  }
  expect([found.recipe.precision, expected.recipe.precision]).toEqual(['int8', 'float32']);
  expect(found.identity).toEqual(expected.identity);
  expect(() => full.checkEncoding(found)).toThrow('recipe.precision');
});

it('rounds once, and finds the file again', async () => {
  const rounds: number[] = [];
  const onProgress = (event: ProgressEvent): void => void (event.phase === 'round' && rounds.push(event.total));
  await using first = await load({ cacheDir: folder('other'), onProgress });
  // Five matrices a block of the image tower, four of the text tower; the projections stay in full.
  expect(rounds).toEqual([...Array<number>(15).fill(15), ...Array<number>(8).fill(8)]);
  const { pooled } = await first.encodeImage(picture);
  await using second = await load({ cacheDir: folder('other'), onProgress });
  expect(rounds).toHaveLength(23);
  expect((await second.encodeImage(picture)).pooled.data).toEqual(pooled.data);
  expect(await readdir(folder('other', 'graphs'))).toHaveLength(1);
});

it('rounds anew what is cut off, damaged or of other weights', async () => {
  const expected = await encode();
  for (const spoil of [
    (file: string) => truncate(file, 1000),
    (file: string) => writeFile(file, 'nothing of use'),
    async (file: string) => {
      const [a, b] = await kept();
      await writeFile(file, await readFile(file === a ? b! : a!));
    },
  ]) {
    const files = await kept();
    expect(files).toHaveLength(2);
    await spoil(files[0]!);
    await spoil(files[1]!);
    expect(await encode()).toEqual(expected);
  }
});

async function encode(): Promise<Float32Array> {
  await using backbone = await load();
  return (await backbone.encodeImage(picture)).pooled.data;
}

it('does not take rounded words for others', async () => {
  await using full = await load({ precision: 'float32' });
  await using coarse = await load();
  const words = ['cat', 'dog'];
  const [a, b] = [await full.vocabulary(words), await coarse.vocabulary(words)];
  expect(a.embeddings.data).not.toEqual(b.embeddings.data);
  expect((await coarse.vocabulary(words)).embeddings.data).toEqual(b.embeddings.data);
});

it('leaves the rounded weights alone when they are used', async () => {
  await encode();
  const [file] = await kept();
  const old = new Date(2020, 1, 1);
  await utimes(file!, old, old);
  await encode();
  expect((await stat(file!)).mtime).toEqual(old);
});

it('rounds into memory where nothing is kept', async () => {
  const { openModel } = await import('../src/load/open-model.ts');
  const { int8 } = await openModel(folder('tiny.safetensors'), { precision: 'int8', cacheDir: false });
  expect(int8!.size).toBe(23);
  expect([...int8!.values()].every(({ rounded }) => 'data' in rounded)).toBe(true);
});

it('tells of weights that do not fit before it rounds any', async () => {
  const weights = tinyWeights(tinyText.vocabulary);
  weights.delete('visual.trunk.blocks.0.mlp.w0.weight');
  await writeSafetensors(folder('short.safetensors'), weights);
  await expect(Backbone.load(folder('short.safetensors'), { cacheDir: folder('cache'), precision: 'int8' })).rejects.toThrow(
    'missing    visual.trunk.blocks.0.mlp.w0.weight',
  );
});
