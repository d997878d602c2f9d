import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LlamaTokenizer, loadTokenizer, parsePrompt, readSentencePieceModel, writeSentencePieceModel } from '../src/index.ts';
import { FIRST, smallVocabulary } from './vocabulary.ts';

const vocabulary = smallVocabulary('ab', '\u2581ab', '\u2581', 'a', 'b', '\u2581\u2581', 'é');
const id = (piece: string): number => vocabulary.pieces.findIndex(({ text }) => text === piece);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('merging', () => {
  const tokenizer = new LlamaTokenizer(vocabulary);

  it('the best pair first, the leftmost of equal ones', () => {
    expect(tokenizer.encode('ab')).toEqual([1, id('\u2581ab')]);
    expect(tokenizer.encode('abab', { bos: false })).toEqual([id('\u2581ab'), id('ab')]);
    expect(tokenizer.encode('   a', { bos: false })).toEqual([id('\u2581\u2581'), id('\u2581\u2581'), id('a')]);
    expect(tokenizer.encode('  a', { bos: false })).toEqual([id('\u2581\u2581'), id('\u2581'), id('a')]);
  });

  it('falls back to bytes, and never takes a name of a byte or a special token for one', () => {
    expect(tokenizer.encode('\n', { bos: false })).toEqual([id('\u2581'), 3 + 10]);
    expect(tokenizer.encode('é', { bos: false })).toEqual([id('\u2581'), id('é')]);
    expect(tokenizer.encode('<0x41>', { bos: false })).toEqual(
      [id('\u2581'), ...Buffer.from('<0x41>').map((byte) => byte)].map((x, i) => (i ? x + 3 : x)),
    );
    expect(tokenizer.encode('</s>')).not.toContain(2);
  });

  it('a long text takes no longer than its length says', () => {
    const long = 'ab '.repeat(20_000);
    expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
  });

  it('text, ids and text again', () => {
    // In legacy mode SentencePiece drops a space at the beginning.
    for (const text of ['', ' ', 'ab  ab', '😀 é\u0000\r\n', '\u2028', 'a'.repeat(50)]) {
      expect(new LlamaTokenizer(vocabulary, { legacy: false }).decode(tokenizer.encode(text))).toBe(text);
    }
  });
});

describe('text that comes id by id', () => {
  it('never splits a character, and gives the same as all at once', () => {
    const tokenizer = new LlamaTokenizer(vocabulary, { legacy: false });
    const ids = [...tokenizer.encode('a😀é'), ...[0xf0, 0x9f, 0x41, 0xe2, 0x82].map((byte) => byte + 3)];
    const stream = tokenizer.stream();
    const pieces = [...ids.map((each) => stream.push(each)), stream.end()];
    expect(pieces.join('')).toBe('a😀é\ufffd\ufffdA\ufffd\ufffd');
    expect(tokenizer.decode(ids)).toBe(pieces.join(''));
    expect(pieces.filter((piece) => piece !== '')).toEqual(['a', '😀', 'é', '\ufffd\ufffdA', '\ufffd\ufffd']);
  });

  it('an id beyond the pieces, which padded vocabularies have, is a replacement character', () => {
    expect(new LlamaTokenizer(vocabulary).decode([FIRST + 999])).toBe('\ufffd');
  });
});

describe('files', () => {
  it('tokenizer.model is read as it was written, with what stands beside it', async () => {
    await writeFile(join(folder, 'tokenizer.model'), writeSentencePieceModel(vocabulary));
    await writeFile(join(folder, 'tokenizer_config.json'), '{"legacy":false}');
    await writeFile(join(folder, 'added_tokens.json'), '{"<pic>":900}');
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.vocabulary).toEqual(vocabulary);
    expect(tokenizer.legacy).toBe(false);
    expect(tokenizer.encodeParts(parsePrompt('a<pic>b', tokenizer.specials.keys()))).toEqual([1, id('\u2581'), id('a'), 900, id('b')]);
    expect((await loadTokenizer(join(folder, 'tokenizer.model'), { legacy: true })).legacy).toBe(true);
  });

  it('others are refused', async () => {
    const bytes = writeSentencePieceModel(vocabulary);
    expect(() => readSentencePieceModel(new Uint8Array(), 'x')).toThrow(/found no pieces/u);
    expect(() => readSentencePieceModel(bytes.subarray(0, bytes.length - 3), 'x')).toThrow(/Expected a SentencePiece model in x/u);
    expect(() => readSentencePieceModel(Buffer.from('not a protobuf at all'), 'x')).toThrow(
      /INPUT_UNREADABLE|Expected a SentencePiece model/u,
    );
    // A unigram model says so, or says nothing.
    const unigram = Uint8Array.from(bytes);
    unigram[bytes.lastIndexOf(0x18, bytes.length - 10) + 1] = 1;
    expect(() => readSentencePieceModel(unigram, 'x')).toThrow(/byte-pair model \(type 2\) but found type 1/u);
    await writeFile(join(folder, 'bert.json'), '{"model":{"type":"WordPiece","vocab":{}}}');
    await expect(loadTokenizer(join(folder, 'bert.json'))).rejects.toThrow(
      /byte pairs with byte fallback, or those of Llama 3\) in .*bert.json but found "WordPiece"/u,
    );
    await expect(loadTokenizer(join(folder, 'nowhere'))).rejects.toThrow(/tokenizer.model or tokenizer.json/u);
  });
});
