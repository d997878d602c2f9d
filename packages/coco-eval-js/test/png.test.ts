import { expect, it } from 'vitest';
import { decodeLabelPng, decodePanopticPng } from '../src/node/png.ts';
import { png } from './png-file.ts';

const ids = (bytes: Uint8Array): number[] => [...decodePanopticPng(bytes, 'a.png').ids];

const paeth = (a: number, b: number, c: number): number => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

const attempt = (input: Uint8Array): void => {
  try {
    decodePanopticPng(input, 'a.png');
  } catch (error) {
    expect((error as Error).name).toBe('CocoEvalError');
  }
};

it('undoes every row filter', () => {
  const pixels = [
    [10, 20, 30, 200, 100, 50],
    [11, 25, 29, 190, 120, 40],
    [0, 255, 3, 7, 8, 250],
    [100, 90, 80, 1, 2, 3],
    [50, 60, 70, 255, 254, 253],
  ];
  const rows = pixels.map((row, y) => {
    const coded = row.map((value, x) => {
      const a = x < 3 ? 0 : row[x - 3]!;
      const b = y ? pixels[y - 1]![x]! : 0;
      const c = x < 3 || !y ? 0 : pixels[y - 1]![x - 3]!;
      return (value - [0, a, b, (a + b) >> 1, paeth(a, b, c)][y]!) & 255;
    });
    return [y, ...coded];
  });
  const expected = pixels.flatMap((p) => [p[0]! + 256 * p[1]! + 65536 * p[2]!, p[3]! + 256 * p[4]! + 65536 * p[5]!]);
  expect(ids(png({ width: 2, height: 5, color: 2, rows }))).toEqual(expected);
});

it('reads the other color types by their colors', () => {
  expect(ids(png({ width: 1, height: 1, color: 6, rows: [[0, 1, 2, 3, 9]] }))).toEqual([1 + 512 + 3 * 65536]);
  expect(ids(png({ width: 2, height: 1, color: 0, rows: [[0, 0, 5]] }))).toEqual([0, 5 * 0x010101]);
  expect(ids(png({ width: 2, height: 1, color: 4, rows: [[0, 7, 255, 8, 0]] }))).toEqual([7 * 0x010101, 8 * 0x010101]);
  expect(ids(png({ width: 3, height: 1, color: 0, depth: 4, rows: [[0, 0x0f, 0x30]] }))).toEqual([0, 0xffffff, 0x333333]);
  const palette = [0, 0, 0, 9, 8, 7];
  expect(ids(png({ width: 3, height: 1, color: 3, depth: 1, rows: [[0, 0b01000000]], palette }))).toEqual([0, 9 + 8 * 256 + 7 * 65536, 0]);
});

const values = (file: Parameters<typeof png>[0]): number[] => [...decodePanopticPng(png(file), 'a.png', { gray: 'value' }).ids];

it('reads gray values where they are the ids, of 16 bits too', () => {
  expect(values({ width: 3, height: 1, color: 0, rows: [[0, 0, 5, 255]] })).toEqual([0, 5, 255]);
  expect(values({ width: 2, height: 1, color: 4, rows: [[0, 7, 255, 8, 0]] })).toEqual([7, 8]);
  expect(values({ width: 3, height: 1, color: 0, depth: 4, rows: [[0, 0x0f, 0x30]] })).toEqual([0, 15, 3]);
  const deep = {
    width: 2,
    height: 2,
    color: 0,
    depth: 16,
    rows: [
      [0, 1, 2, 0xff, 0xfe],
      [1, 0, 3, 1, 1],
    ],
  };
  expect(values(deep)).toEqual([0x0102, 0xfffe, 3, 0x0104]);
  expect(ids(png(deep))).toEqual([0x0102, 0xfffe, 3, 0x0104]);
});

it('refuses what it does not read, in one sentence', () => {
  const good = { width: 2, height: 1, color: 0, rows: [[0, 1, 2]] };
  expect(() => ids(Buffer.from('GIF89a'))).toThrow('Expected a PNG signature in a.png');
  expect(() => ids(png({ ...good, interlace: 1 }))).toThrow('Adam7');
  expect(() => ids(png({ ...good, color: 2, depth: 16 }))).toThrow('color type 2 with 16 bits');
  expect(() => ids(png({ ...good, width: 2 ** 20, height: 2 ** 20 }))).toThrow('1048576x1048576');
  expect(() => ids(png({ ...good, width: 0 }))).toThrow('0x1');
  expect(() => ids(png({ ...good, rows: [[0, 1]] }))).toThrow('bytes of pixels');
  expect(() => ids(png({ ...good, rows: [[0, 1, 2, 3, 4]] }))).toThrow('zlib refuses');
  expect(() => ids(png({ ...good, rows: [[5, 1, 2]] }))).toThrow('5 in row 0');
  expect(() => ids(png({ ...good, color: 3, palette: [0, 0, 0] }))).toThrow('more than 1 colors');
});

it('survives every truncation and many flipped bytes', () => {
  const bytes = png({
    width: 3,
    height: 2,
    color: 2,
    rows: [
      [1, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [4, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ],
  });
  for (let end = 0; end < bytes.length; end++) expect(() => ids(bytes.subarray(0, end))).toThrow('a.png');
  for (let at = 0; at < bytes.length; at++)
    for (const bit of [1, 16, 128]) attempt(Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ bit : byte)));
});

const labels = (file: Parameters<typeof png>[0]): number[] => [...decodeLabelPng(png(file), 'a.png').ids];

it('reads label maps: gray values, and places in a palette whatever its colors', () => {
  expect(labels({ width: 3, height: 1, color: 0, rows: [[0, 0, 5, 255]] })).toEqual([0, 5, 255]);
  expect(labels({ width: 3, height: 1, color: 3, depth: 2, rows: [[0, 0b11_01_00_00]], palette: [9, 9, 9, 9, 9, 9] })).toEqual([3, 1, 0]);
  expect(labels({ width: 2, height: 1, color: 0, depth: 16, rows: [[0, 1, 2, 255, 255]] })).toEqual([258, 65_535]);
  expect(() => labels({ width: 1, height: 1, color: 2, rows: [[0, 1, 2, 3]] })).toThrow('but found colors');
});
