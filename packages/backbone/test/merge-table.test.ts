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
