import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { canonicalText } from '../src/text/clean-text.ts';
import { clipTextTokenizer, openTextTokenizer, type TextTokenizer } from '../src/text/text-tokenizer.ts';
import { temporaryFolder } from './support/folder.ts';
import { tinyViT, vitWeights } from './support/tiny-vit.ts';

const folder = temporaryFolder();
/** A tiny CLIPA, whose text tower reads 16 tokens. */
const clipa = vitWeights({ ...tinyViT, preNorm: false, pool: 'mean' }, 16);
const special = (token: string, id: number): object => ({
  id,
  content: token,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const idsOf = (words: readonly string[]): Record<string, number> => Object.fromEntries(words.map((word, id) => [word, id]));

// Small files of both kinds as the library tokenizers 0.23.3 writes them; the ids below are what it gives for the cleaned texts.
const pieces = '[PAD] [UNK] [CLS] [SEP] a photo of cat ##s red - umbrella caf ##e σ ##σ . c ##a ##t'.split(' ');
const common = { version: '1.0', truncation: null, padding: null, post_processor: null, decoder: null };
const wordPiece = {
  ...common,
  added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map(special),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: idsOf(pieces) },
};
const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
const letters = ['▁', 'a', 'c', 't', 's', 'r', 'e', 'd'];
const merges = ['c a', 'ca t', 'cat s', '▁ cat', 'r e', 're d', '▁ red', '▁ cats'];
const bytePair = {
  ...common,
  added_tokens: ['<pad>', '<eos>', '<bos>', '<unk>'].map(special),
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  pre_tokenizer: null,
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    fuse_unk: true,
    byte_fallback: true,
    vocab: idsOf(['<pad>', '<eos>', '<bos>', '<unk>', ...bytes, ...letters, ...merges.map((pair) => pair.replace(' ', ''))]),
    merges,
  },
};

async function opened(kind: 'bert' | 'gemma', json: unknown, vocabulary = 500, context = 8): Promise<TextTokenizer> {
  const path = folder(`${kind}.json`);
  await writeFile(path, JSON.stringify(json));
  return await openTextTokenizer(path, kind, { context, vocabulary });
}

async function rowsOf(tokenizer: TextTokenizer, texts: readonly string[]): Promise<number[][]> {
  const { ids } = await tokenizer.tokenize(texts);
  const [, width = 0] = ids.shape;
  return texts.map((_, n) => [...ids.data.subarray(n * width, (n + 1) * width)]);
}

it('reads word pieces as CLIPA does: a start, the end replaced by padding, cut at the context', async () => {
  const tokenizer = await opened('bert', wordPiece);
  const texts = ['A photo  of Cats.', 'red-umbrella CAFÉ', 'σΣ zebra', 'cat '.repeat(20)];
  expect(await rowsOf(tokenizer, texts)).toEqual([
    [2, 4, 5, 6, 7, 8, 16, 0],
    [2, 9, 10, 11, 12, 13, 0, 0],
    [2, 14, 15, 1, 0, 0, 0, 0],
    [2, 7, 7, 7, 7, 7, 7, 0],
  ]);
  expect([...(await tokenizer.tokenize(texts)).eot]).toEqual([7, 6, 4, 7]);
});

it('reads byte pairs as SigLIP 2 does: canonical text, an end, cut at the context', async () => {
  expect(canonicalText(' Red_Umbrella,  it\'s "A" &amp; (b)\t')).toBe('red umbrella its a b');
  const texts = ['Red-_Cats!', 'a cat é', 'cat dress', 'tea '.repeat(9)];
  expect(await rowsOf(await opened('gemma', bytePair), texts)).toEqual([
    [273, 275, 1, 0, 0, 0, 0, 0],
    [261, 271, 260, 199, 173, 1, 0, 0],
    [269, 260, 267, 272, 264, 264, 1, 0],
    [263, 266, 261, 260, 263, 266, 261, 1],
  ]);
});

it("gives CLIP's ids at the length of the tower", async () => {
  expect(clipTextTokenizer(77).identity).toBe('');
  const short = clipTextTokenizer(32);
  const { ids, eot } = await short.tokenize(['a cat', 'cat '.repeat(60)]);
  expect([ids.shape, ids.data[0], ids.data[3], ids.data[63], [...eot]]).toEqual([[2, 32], 49406, 49407, 49407, [3, 31]]);
});

it('refuses another kind, expressions, damaged files, ids beyond the tower, and long texts', async () => {
  const expression = { ...wordPiece, pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' } } };
  const wrong: [code: string, kind: 'bert' | 'gemma', json: unknown, vocabulary: number, text: string][] = [
    ['UNSUPPORTED', 'gemma', wordPiece, 500, 'a'],
    ['UNSUPPORTED', 'bert', expression, 500, 'a'],
    ['UNSUPPORTED', 'bert', { model: { type: 'WordPiece' } }, 500, 'a'],
    ['WEIGHTS_MISMATCH', 'bert', wordPiece, 5, 'cat'],
    ['USAGE', 'bert', wordPiece, 500, 'a'.repeat(10_001)],
  ];
  for (const [code, kind, json, vocabulary, text] of wrong) {
    const tokenizer = await opened(kind, json, vocabulary);
    await expect(tokenizer.tokenize([text])).rejects.toMatchObject({ code });
  }
});

it('embeds the words of a tower with the tokenizer beside its weights, and keeps them apart by it', async () => {
  await writeSafetensors(folder('model.safetensors'), clipa);
  await rm(folder('tokenizer.json'), { force: true });
  await using without = await Backbone.load(folder('model.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  await expect(without.embedTexts(['a cat'])).rejects.toThrow(/Expected tokenizer\.json beside the weights/u);
  await writeFile(folder('tokenizer.json'), JSON.stringify(wordPiece));
  await using backbone = await Backbone.load(folder('model.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  const { context = 0 } = backbone.model.text ?? {};
  const tokenizer = await openTextTokenizer(folder('tokenizer.json'), 'bert', { context, vocabulary: 500 });
  const texts = ['a photo of cats', 'red'];
  expect(await backbone.embedTexts(texts)).toEqual(await backbone.embedTokens(await tokenizer.tokenize(texts)));
  const { embeddings } = await backbone.vocabulary(['cat', 'red']);
  await writeFile(
    folder('tokenizer.json'),
    JSON.stringify({ ...wordPiece, model: { ...wordPiece.model, vocab: idsOf(pieces.toReversed()) } }),
  );
  await using other = await Backbone.load(folder('model.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  expect((await other.vocabulary(['cat', 'red'])).embeddings).not.toEqual(embeddings);
});

it('finds the tokenizer of a published model in the cache of the Hub, and needs it for words alone', async () => {
  const commit = 'c'.repeat(40);
  const repository = folder('hub', 'models--UCSC-VLAA--ViT-L-14-CLIPA-336-datacomp1B');
  const snapshot = join(repository, 'snapshots', commit);
  await mkdir(join(repository, 'refs'), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  await writeFile(join(repository, 'refs', 'main'), commit);
  await writeSafetensors(join(snapshot, 'open_clip_model.safetensors'), clipa);
  const options = { offline: true, hub: { cacheDir: folder('hub') }, cacheDir: folder('cache'), threads: 1 } as const;
  await using without = await Backbone.load('vit-large-14-336-clipa', options);
  await expect(without.embedTexts(['a cat'])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await writeFile(join(snapshot, 'tokenizer.json'), JSON.stringify(wordPiece));
  await using backbone = await Backbone.load('vit-large-14-336-clipa', options);
  expect((await backbone.embedTexts(['a cat'])).shape).toEqual([1, 32]);
});
