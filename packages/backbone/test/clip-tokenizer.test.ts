import { expect, it } from 'vitest';
import { cleanText } from '../src/text/clean-text.ts';
import { ClipTokenizer, trimTokens } from '../src/text/clip-tokenizer.ts';
import { goldenCut, goldenTexts } from './clip-tokenizer.data.ts';

const tokenizer = await ClipTokenizer.load();

it.each(goldenTexts)('gives the ids of open_clip for %j', (text, ids) => {
  expect(tokenizer.encode(text, { specialTokens: 'ids' })).toEqual(ids);
});

it.each(goldenCut)('cuts as open_clip does', (text, ids) => {
  const batch = tokenizer.tokenize([text]);
  expect([...batch.ids.data]).toEqual(ids);
  expect(batch.eot[0]).toBe(76);
});

it('reads literal special tokens as text unless asked for ids', () => {
  const asText = tokenizer.tokenize(['<end_of_text> trick', '<START_OF_TEXT>']);
  expect(asText.ids.data.filter((id) => id === 49_407)).toHaveLength(2);
  expect([...asText.eot]).toEqual([asText.ids.data.indexOf(49_407), asText.ids.data.lastIndexOf(49_407) - 77]);
  const asIds = tokenizer.tokenize(['<end_of_text> trick'], { specialTokens: 'ids' });
  expect(Array.from(asIds.ids.data.subarray(0, 5))).toEqual([49_406, 49_407, 8172, 49_407, 0]);
  expect([...asIds.eot]).toEqual([1]);
});

it('pads with zeros to the context, and trims to the longest text', () => {
  const texts = ['', 'a photo of a cat'];
  const full = tokenizer.tokenize(texts);
  expect(full.ids.shape).toEqual([2, 77]);
  expect(Array.from(full.ids.data.subarray(0, 3))).toEqual([49_406, 49_407, 0]);
  const short = trimTokens(full);
  expect(short.ids.shape).toEqual([2, 7]);
  expect(Array.from(short.ids.data.subarray(7))).toEqual(Array.from(full.ids.data.subarray(77, 84)));
  expect([...short.eot]).toEqual([1, 6]);
  expect(trimTokens(full, 16).ids.shape).toEqual([2, 16]);
  expect(trimTokens(full, 100).ids).toEqual(full.ids);
  expect(tokenizer.tokenize([]).ids.shape).toEqual([0, 77]);
});

it('covers every byte and stays within the vocabulary on hostile text', () => {
  const texts = ['\ud800', '\u0000\u0007', 'x'.repeat(10_000), '&'.repeat(9_999), '\u{10ffff}'.repeat(5000), '&#'.repeat(5000)];
  for (const text of texts) {
    for (const id of tokenizer.tokenize([text]).ids.data) expect(id).toBeLessThan(49_408);
  }
  expect(() => tokenizer.tokenize(['x'.repeat(10_001)])).toThrow('at most 10000 characters');
  expect(() => tokenizer.tokenize(['x'], { contextLength: 1 })).toThrow('at least 2');
});

it('does not repair wrongly decoded text, which is the stated difference to ftfy', () => {
  expect(cleanText('cafÃ©')).toBe('cafã©');
});
