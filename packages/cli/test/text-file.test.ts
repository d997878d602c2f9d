import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeText, readText } from '../src/text-file.ts';
import { readCaptions } from '../src/work/captions.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

const text = 'sheep\ncafé|bistro\n猫\n';
const little = Buffer.from(text, 'utf16le');
const big = Buffer.from(little).swap16();

it.each([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with its mark', Buffer.from(`\ufeff${text}`)],
  ['UTF-16 as Windows writes it', Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
  ['UTF-16, big end first', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
  ['UTF-16 without a mark', little],
  ['UTF-16, big end first, without a mark', big],
])('reads %s', async (_, bytes) => {
  const path = join(folder, 'labels.txt');
  await writeFile(path, bytes);
  expect(await readText(path, 1000, '--labels-file')).toBe(text);
});

it('says what the bytes may be that are no UTF-8', () => {
  for (const bytes of [Buffer.from('caf\xe9\n', 'latin1'), Buffer.from([0xff, 0xfe, 0x00])]) {
    expect(() => decodeText(bytes, '--labels-file a.txt')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('a.txt'), hint: expect.stringContaining('iconv') }),
    );
  }
});

it('reads no more than is allowed, from devices too', async () => {
  await writeFile(join(folder, 'long.txt'), 'x'.repeat(101));
  await expect(readText(join(folder, 'long.txt'), 100, '--labels-file')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('at most 100'),
  });
  await expect(readText('/dev/zero', 100, '--labels-file')).rejects.toMatchObject({ code: 'USAGE' });
  await expect(readText(join(folder, 'none.txt'), 100, '--labels-file')).rejects.toMatchObject({
    message: expect.stringContaining('ENOENT'),
  });
});

it('reads captions with a byte order mark', async () => {
  const path = join(folder, 'captions.json');
  await writeFile(path, '\ufeff{"x.png": "a sheep"}');
  expect(await readCaptions(path)).toEqual([{ file: 'x.png', captions: ['a sheep'] }]);
});
