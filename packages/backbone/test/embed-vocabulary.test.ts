import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '@vitamin-vlm/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { normalizeRows } from '../src/tasks/features.ts';
import { ClipTokenizer } from '../src/text/clip-tokenizer.ts';
import { embedVocabulary, type TextEmbedder } from '../src/text/embed-vocabulary.ts';
import { parseLabels } from '../src/text/labels.ts';
import { fillPrompts } from '../src/text/prompts.ts';

/** The smallest text tower there is: a bag of tokens, each token a direction. Counts the texts it was given. */
class BagOfTokens implements TextEmbedder {
  readonly identity: TextEmbedder['identity'];
  texts = 0;
  onTexts: () => void = () => undefined;

  constructor(identity: string) {
    this.identity = { tower: 'any', text: identity };
  }

  async embed({ ids, eot }: Parameters<TextEmbedder['embed']>[0]): ReturnType<TextEmbedder['embed']> {
    this.texts += eot.length;
    this.onTexts();
    const out = tensor('float32', [eot.length, 6]);
    eot.forEach((end, n) => {
      for (let i = 1; i < end; i++) for (let e = 0; e < 6; e++) out.data[n * 6 + e]! += Math.sin(ids.data[n * 77 + i]! * (e + 1));
    });
    return out;
  }
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vitamin-words-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const labels = parseLabels(['cat|kitten', 'dog']);

it('gives one unit row per synonym, the normalized mean of its normalized prompts', async () => {
  const tower = new BagOfTokens('bag-1');
  const matrix = await embedVocabulary(tower, labels, { prompts: 'imagenet7', cacheDir: false, batchSize: 5 });
  expect(matrix).toMatchObject({ identity: tower.identity, labels });
  expect(matrix.embeddings.shape).toEqual([3, 6]);
  const tokenizer = await ClipTokenizer.load();
  const unit = normalizeRows(await tower.embed(tokenizer.tokenize(fillPrompts('kitten', 'imagenet7'))));
  const mean = tensor('float32', [1, 6]);
  for (let i = 0; i < 42; i++) mean.data[i % 6]! += unit.data[i]! / 7;
  normalizeRows(mean).data.forEach((value, e) => expect(matrix.embeddings.data[6 + e]).toBeCloseTo(value, 6));
});

it('does not run the tower again for the same words, and does for any change', async () => {
  const tower = new BagOfTokens('bag-1');
  const options = { cacheDir: join(directory, 'a', 'b') };
  const first = await embedVocabulary(tower, labels, options);
  expect(tower.texts).toBe(3);
  expect(await embedVocabulary(tower, labels, options)).toEqual(first);
  expect(tower.texts).toBe(3);
  await embedVocabulary(tower, parseLabels(['cat|kitten', 'cow']), options);
  await embedVocabulary(tower, labels, { ...options, prompts: ['{}'] });
  expect(tower.texts).toBe(9);
  const other = new BagOfTokens('bag-2');
  await embedVocabulary(other, labels, options);
  expect(other.texts).toBe(3);
  expect(await readdir(options.cacheDir)).toHaveLength(4);
});

it('embeds words once when many ask for them at once, also when the first gives up', async () => {
  const tower = new BagOfTokens('bag-3');
  const options = { cacheDir: directory, batchSize: 1 };
  const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => embedVocabulary(tower, labels, options)));
  expect(tower.texts).toBe(3);
  for (const other of others) expect(other).toEqual(first);

  const controller = new AbortController();
  const more = parseLabels(['cow', 'horse', 'goat']);
  tower.onTexts = () => controller.abort();
  const quitter = embedVocabulary(tower, more, { ...options, signal: controller.signal });
  const patient = embedVocabulary(tower, more, options);
  await expect(quitter).rejects.toMatchObject({ code: 'ABORTED' });
  expect((await patient).embeddings.shape).toEqual([3, 6]);
  const late = embedVocabulary(tower, parseLabels(['hen']), options);
  const impatient = embedVocabulary(tower, parseLabels(['hen']), { ...options, signal: AbortSignal.abort() });
  await expect(impatient).rejects.toMatchObject({ code: 'ABORTED' });
  await late;
});

it('gives each name the same row whatever the size of a batch', async () => {
  const tower = new BagOfTokens('bag-4');
  const options = { cacheDir: false, prompts: 'imagenet7' } as const;
  const expected = await embedVocabulary(tower, labels, options);
  for (const batchSize of [1, 4, 7, 21, 100]) expect(await embedVocabulary(tower, labels, { ...options, batchSize })).toEqual(expected);
});

it('replaces a damaged file and leaves no half-written one', async () => {
  const tower = new BagOfTokens('bag-1');
  const first = await embedVocabulary(tower, labels, { cacheDir: directory });
  const [name] = await readdir(directory);
  const whole = await readFile(join(directory, name!));
  for (const damage of [Buffer.alloc(0), whole.subarray(0, whole.length - 5), Buffer.from('not a tensor file')]) {
    await writeFile(join(directory, name!), damage);
    expect(await embedVocabulary(tower, labels, { cacheDir: directory })).toEqual(first);
    expect(await readFile(join(directory, name!))).toEqual(whole);
  }
  expect(await readdir(directory)).toEqual([name]);
});

it('says early that the cache cannot be written, and refuses empty vocabularies and towers that miscount', async () => {
  const tower = new BagOfTokens('bag-1');
  const file = join(directory, 'file');
  await writeFile(file, '');
  await expect(embedVocabulary(tower, labels, { cacheDir: join(file, 'x') })).rejects.toMatchObject({ code: 'RUNTIME' });
  expect(tower.texts).toBe(0);
  await expect(embedVocabulary(tower, [], { cacheDir: false })).rejects.toThrow('at least one label');
  const short: TextEmbedder = { identity: { tower: 'any', text: 'short' }, embed: async () => tensor('float32', [1, 6]) };
  await expect(embedVocabulary(short, labels, { cacheDir: false })).rejects.toThrow('Expected 3 text embeddings');
  const aborted = embedVocabulary(tower, labels, { cacheDir: directory, signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await readdir(directory)).toEqual(['file']);
});
