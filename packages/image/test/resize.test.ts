import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import wabt from 'wabt';
import { resizeKernel } from '../src/resize-kernel.data.ts';
import { resize, resizeAsync, resizeGray } from '../src/resize.ts';
import { formulaBytes, md5, noisePicture } from './helpers.ts';

/** MD5 of Pillow 11.3.0's `resize` of `noisePicture(width, height)`: bicubic, bilinear. */
const PILLOW: readonly (readonly [width: number, height: number, toWidth: number, toHeight: number, bicubic: string, bilinear: string])[] =
  [
    [640, 480, 448, 336, '4c77fb6bcd0e141ecf5bbde281b7f76f', 'fb6a20dc8a1d845c774b12711653f9d6'],
    [480, 640, 336, 448, '326ef2880b8ba4fa5ec5b046292d10c6', '8d4e015ebcb336b3bf59fbf0644de2fd'],
    [640, 480, 1365, 1024, '9d5c1bbcef6c0def3dbb167a66e743ca', 'b38a347c813720654f786b945edb9a92'],
    [1999, 1501, 448, 336, '3d864ff2c469d6a2139ffe433a0976af', '40d05cbcf6df9a4a60c0b1d5d5588c01'],
    [1, 1, 7, 5, 'e9af33ec980146203915312a3aadfc7e', 'e9af33ec980146203915312a3aadfc7e'],
    [1, 500, 1, 3, 'cf40ff225b0548eb2102046924312674', '399d6d5a3797e2a04199c984105d2da6'],
    [500, 1, 3, 1, 'cf40ff225b0548eb2102046924312674', '399d6d5a3797e2a04199c984105d2da6'],
    [3, 700, 5, 2, 'c67d002cffa074540e68c1a7d79fa115', 'dd1832d36ae44f399afa2e1411699e27'],
    [700, 3, 2, 5, 'b7959e207f6adc25aeb8b0f81724b985', '6f8b429fdc73183ebde4ad208d920812'],
    [33, 40, 33, 17, 'ebce44ad378e72ac8640bb1681161156', '80d8ecff1205591bee25723610caded3'],
    [40, 33, 17, 33, '165a9cfad135c5345258d227d94c89de', 'f228a9da5a249cc49ea7f7683d05f578'],
    [97, 89, 98, 88, '55ee1ed04922db13d4f4754219f7df00', 'c4df7c42374bba48985b6205b779ba8b'],
    [120, 90, 2, 1, '1a2e5a21d568fb4bfcdeb52e9a716cd7', '1a2e5a21d568fb4bfcdeb52e9a716cd7'],
    [5, 4, 300, 200, 'de161e7138ad18f23d8afe0edeafe4fe', '3401b2eee1def0cf80465535e1cc0c6d'],
    [64, 64, 64, 64, '38d319432919bbbebe8a31ca1b21f982', '38d319432919bbbebe8a31ca1b21f982'],
  ];

it.each(PILLOW)('resizes %i x %i to %i x %i as Pillow does', (width, height, toWidth, toHeight, bicubic, bilinear) => {
  const picture = noisePicture(width, height);
  expect(md5(resize(picture, toWidth, toHeight, 'bicubic').data)).toBe(bicubic);
  expect(md5(resize(picture, toWidth, toHeight, 'bilinear').data)).toBe(bilinear);
});

function sum(data: Uint8Array): number {
  return data.reduce((total, value) => total + value, 0);
}

it('resizes one channel as Pillow does', () => {
  const gray = { width: 13, height: 9, data: formulaBytes('pil', 13 * 9) };
  expect([...gray.data.subarray(0, 13)]).toEqual([217, 65, 51, 163, 143, 189, 255, 117, 165, 189, 162, 82, 63]);
  // Values of Pillow 9.4.
  const cubicDown = resizeGray(gray, 8, 6, 'bicubic').data;
  expect([...cubicDown.subarray(0, 8)]).toEqual([161, 120, 161, 225, 183, 152, 119, 109]);
  expect([...cubicDown.subarray(40)]).toEqual([180, 197, 120, 189, 120, 103, 80, 126]);
  expect(sum(cubicDown)).toBe(6246);
  const linearDown = resizeGray(gray, 8, 6, 'bilinear').data;
  expect([...linearDown.subarray(0, 8)]).toEqual([158, 124, 165, 212, 175, 150, 120, 112]);
  expect([...linearDown.subarray(40)]).toEqual([174, 185, 129, 179, 120, 105, 87, 122]);
  expect(sum(linearDown)).toBe(6238);
  const cubicUp = resizeGray(gray, 20, 15, 'bicubic').data;
  expect([...cubicUp.subarray(0, 20)]).toEqual([
    235, 150, 43, 29, 91, 169, 143, 149, 188, 248, 218, 115, 138, 177, 200, 190, 151, 88, 58, 49,
  ]);
  expect(sum(cubicUp)).toBe(38915);
  const linearUp = resizeGray(gray, 20, 15, 'bilinear').data;
  expect([...linearUp.subarray(0, 20)]).toEqual([
    217, 145, 63, 54, 99, 161, 149, 160, 191, 234, 210, 120, 147, 172, 187, 173, 144, 92, 72, 63,
  ]);
  expect(sum(linearUp)).toBe(38945);
});

it('ships the bytes that its readable source gives', async () => {
  const source = await readFile(new URL('../kernel/resize.wat', import.meta.url), 'utf8');
  const assembler = await wabt();
  const { buffer } = assembler.parseWat('resize.wat', source).toBinary({});
  expect(Buffer.from(buffer).toString('base64')).toBe(resizeKernel);
});

it('keeps a picture of its own size and gives it new memory', () => {
  const picture = noisePicture(31, 17);
  const same = resize(picture, 31, 17, 'bicubic');
  expect(same.data).toEqual(picture.data);
  same.data.fill(0);
  expect(md5(picture.data)).toBe(md5(noisePicture(31, 17).data));
});

it('keeps one color one color, at any size', () => {
  for (const [toWidth, toHeight] of [
    [1, 1],
    [3, 200],
    [301, 7],
    [64, 64],
  ] as const) {
    for (const value of [0, 1, 127, 254, 255]) {
      const { data } = resize({ width: 50, height: 40, data: new Uint8Array(50 * 40 * 3).fill(value) }, toWidth, toHeight, 'bicubic');
      expect(data.every((byte) => byte === value)).toBe(true);
    }
  }
});

it('gives the mirror image of a mirrored picture, but for rounding', () => {
  const picture = noisePicture(57, 43);
  const mirror = ({ width, height, data }: typeof picture): typeof picture => {
    const out = new Uint8Array(data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) out.set(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), (y * width + width - 1 - x) * 3);
    }
    return { width, height, data: out };
  };
  for (const [toWidth, toHeight] of [
    [19, 20],
    [114, 91],
  ] as const) {
    const one = mirror(resize(picture, toWidth, toHeight, 'bicubic')).data;
    const other = resize(mirror(picture), toWidth, toHeight, 'bicubic').data;
    expect(Math.max(...one.map((value, i) => Math.abs(value - other[i]!)))).toBeLessThanOrEqual(1);
  }
});

it('treats red, green and blue alike', () => {
  const { width, height, data } = noisePicture(40, 30);
  const swapped = data.map((_, i) => data[i - (i % 3) + (2 - (i % 3))]!);
  const one = resize({ width, height, data }, 23, 41, 'bilinear').data;
  const other = resize({ width, height, data: swapped }, 23, 41, 'bilinear').data;
  expect(other.every((value, i) => value === one[i - (i % 3) + (2 - (i % 3))])).toBe(true);
});

it('has an asynchronous form with the same result, several at once, that lets other work run', async () => {
  const picture = noisePicture(700, 500);
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
  }, 1);
  const results = await Promise.all([3000, 2000, 90].map((side) => resizeAsync(picture, side, side, 'bicubic')));
  clearInterval(timer);
  for (const { width, height, data } of results) expect(md5(data)).toBe(md5(resize(picture, width, height, 'bicubic').data));
  expect(turns).toBeGreaterThan(0);
});

it('stops when asked', async () => {
  await expect(resizeAsync(noisePicture(8, 8), 4, 4, 'bicubic', { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORTED',
  });
  const controller = new AbortController();
  const work = resizeAsync(noisePicture(600, 600), 8000, 8000, 'bicubic', { signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
});

it.each([
  [0, 5],
  [5, -1],
  [2.5, 4],
  [Number.NaN, 4],
  [70_000, 4],
  [60_000, 60_000],
])('refuses to resize to %d x %d', (width, height) => {
  expect(() => resize(noisePicture(4, 4), width, height, 'bicubic')).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

it('refuses pictures whose bytes do not fit their size, and strips that would need gigabytes', () => {
  expect(() => resize({ width: 4, height: 4, data: new Uint8Array(47) }, 2, 2, 'bicubic')).toThrow(
    expect.objectContaining({ code: 'INPUT_UNREADABLE' }),
  );
  const strip = { width: 1, height: 60_000, data: new Uint8Array(180_000) };
  expect(() => resize(strip, 60_000, 1, 'bicubic')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
