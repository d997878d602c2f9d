import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeImage } from '../src/decode.ts';
import { encodePng } from '../src/encode.ts';
import type { Picture } from '../src/picture.ts';
import { md5, noisePicture, shared } from './helpers.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-image-'));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = noisePicture(40, 30);

function raw({ width, height, data }: Picture = picture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

it('refuses a file of more than 1 GiB before it is read', async () => {
  const path = join(folder, 'huge.png');
  await writeFile(path, await encodePng(picture));
  expect((await decodeImage(path)).width).toBe(40);
  await truncate(path, 2 ** 30 + 1); // a hole, which takes no room on the disk
  const { rss } = process.memoryUsage();
  await expect(decodeImage(path)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining('at most 1073741824 bytes'),
  });
  expect(process.memoryUsage().rss - rss).toBeLessThan(2 ** 28);
});

it('reads paths, file URLs, bytes and pictures alike', async () => {
  const bytes = await encodePng(picture);
  const path = join(folder, 'a file #1.png');
  await writeFile(path, bytes);
  for (const source of [path, pathToFileURL(path), pathToFileURL(path).href, bytes, new Uint8Array(bytes), picture]) {
    expect(await decodeImage(source)).toEqual(picture);
  }
});

it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns EXIF orientation %i upright', async (orientation) => {
  const { width, height, data } = await decodeImage(await raw().withMetadata({ orientation }).png().toBuffer());
  expect([width, height]).toEqual(orientation < 5 ? [40, 30] : [30, 40]);
  const at = (x: number, y: number): number[] => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  // Where the stored picture's top left pixel lies after turning (EXIF 2.3, tag 0x0112).
  const right = [2, 3, 6, 7].includes(orientation);
  const bottom = [3, 4, 7, 8].includes(orientation);
  expect(at(right ? width - 1 : 0, bottom ? height - 1 : 0)).toEqual([...picture.data.subarray(0, 3)]);
});

it('drops alpha instead of blending it', async () => {
  const rgba = new Uint8Array(40 * 30 * 4).map((_, i) => (i % 4 === 3 ? i % 251 : picture.data[Math.floor(i / 4) * 3 + (i % 4)]!));
  const image = sharp(rgba, { raw: { width: 40, height: 30, channels: 4 } });
  expect(await decodeImage(await image.clone().png().toBuffer())).toEqual(picture);
});

it('makes RGB of gray, of palettes, of 16 bits and of CMYK', async () => {
  const gray = picture.data.filter((_, i) => i % 3 === 0);
  const ramp = { width: 40, height: 30, data: gray.reduce((out, value, i) => out.fill(value, i * 3, i * 3 + 3), new Uint8Array(3600)) };
  const one = sharp(gray, { raw: { width: 40, height: 30, channels: 1 } });
  expect(await decodeImage(await one.clone().toColorspace('b-w').png().toBuffer())).toEqual(ramp);
  const wide = sharp(
    Uint16Array.from(gray, (value) => value * 257),
    { raw: { width: 40, height: 30, channels: 1 } },
  );
  expect(await decodeImage(await wide.toColorspace('grey16').png().toBuffer())).toEqual(ramp);
  const two = { width: 40, height: 30, data: picture.data.map((_, i) => (Math.floor(i / 60) % 2 ? 10 : 200)) };
  expect(await decodeImage(await raw(two).png({ palette: true, dither: 0 }).toBuffer())).toEqual(two);
  const flat = { width: 40, height: 30, data: new Uint8Array(3600).fill(255) };
  const cmyk = await decodeImage(await raw(flat).toColorspace('cmyk').jpeg().toBuffer());
  expect(cmyk.data.length).toBe(3600);
  expect(Math.min(...cmyk.data)).toBeGreaterThan(245);
});

it.each(['jpeg', 'webp', 'tiff', 'gif', 'avif'] as const)('reads %s', async (format) => {
  const { width, height } = await decodeImage(await raw().toFormat(format).toBuffer());
  expect([width, height]).toEqual([40, 30]);
});

it.skipIf(!existsSync(join(shared, 'coco-mini')))(
  'decodes COCO photos to the bytes that Pillow gives (needs the shared data)',
  async () => {
    // MD5 of the RGB bytes of Pillow 13.0.0.
    for (const [file, width, height, expected] of [
      ['000000000139.jpg', 640, 426, 'aa8e8be49f464cf04c9591affc5dd588'],
      ['000000000802.jpg', 424, 640, '9f244e7c14cadca4195093a06bcbaf16'],
    ] as const) {
      const decoded = await decodeImage(join(shared, 'coco-mini/val2017', file));
      expect([decoded.width, decoded.height, md5(decoded.data)]).toEqual([width, height, expected]);
    }
  },
);

it('says what is missing', async () => {
  await expect(decodeImage(join(folder, 'none.jpg'))).rejects.toMatchObject({
    code: 'INPUT_NOT_FOUND',
    message: expect.stringContaining('none.jpg'),
  });
  await expect(decodeImage('https://example.org/a.jpg')).rejects.toMatchObject({
    code: 'INPUT_NOT_FOUND',
    hint: expect.stringContaining('Download'),
  });
  await expect(decodeImage('')).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
});

it('refuses directories and devices', async () => {
  await expect(decodeImage(folder)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('a directory') });
  if (existsSync('/dev/zero'))
    await expect(decodeImage('/dev/zero')).rejects.toMatchObject({ message: expect.stringContaining('not a regular file') });
});

it.each([
  ['nothing', '', 'empty (0 bytes)'],
  ['text', 'hello, this is no picture', 'none of these'],
  ['SVG', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', 'an SVG'],
  ['bare SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG'],
  ['a web page', '<!DOCTYPE html><title>404</title>', 'a web page'],
  ['an LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0', 'a Git LFS pointer'],
  ['PDF', '%PDF-1.7', 'a PDF document'],
])('refuses %s', async (_, content, found) => {
  await expect(decodeImage(Buffer.from(content))).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining(found),
    hint: expect.any(String),
  });
});

it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('refuses a truncated %s, wherever it is cut', async (format) => {
  const bytes = await raw(noisePicture(200, 150)).toFormat(format).toBuffer();
  for (const share of [0.02, 0.3, 0.6, 0.9]) {
    const cut = bytes.subarray(0, Math.max(12, Math.floor(bytes.length * share)));
    await expect(decodeImage(cut), `${format} cut to ${cut.length} of ${bytes.length}`).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      hint: expect.any(String),
    });
  }
});

it('refuses animations and pages', async () => {
  const frames = sharp(noisePicture(20, 40).data, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } });
  for (const format of ['gif', 'webp'] as const) {
    await expect(decodeImage(await frames.clone().toFormat(format).toBuffer())).rejects.toMatchObject({
      message: expect.stringContaining('animated'),
    });
  }
  const png = await encodePng(picture);
  const control = pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]));
  await expect(decodeImage(Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]))).rejects.toMatchObject({
    message: expect.stringContaining('animated PNG'),
  });
});

it('judges the number of pixels by the header, before it decodes', async () => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(60_000, 0);
  header.writeUInt32BE(60_000, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const bomb = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', Buffer.alloc(8)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
  await expect(decodeImage(bomb)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining('60000 x 60000'),
    hint: expect.stringContaining('maxPixels'),
  });
  const bytes = await encodePng(picture);
  await expect(decodeImage(bytes, { maxPixels: 1199 })).rejects.toMatchObject({ message: expect.stringContaining('at most 1199 pixels') });
  await expect(decodeImage(picture, { maxPixels: 1199 })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  expect((await decodeImage(bytes, { maxPixels: 1200 })).width).toBe(40);
  await expect(decodeImage(bytes, { maxPixels: 0 })).rejects.toMatchObject({ code: 'USAGE' });
});

it('refuses pictures whose bytes do not fit their size', async () => {
  await expect(decodeImage({ width: 4, height: 4, data: new Uint8Array(64) })).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    hint: expect.stringContaining('RGB'),
  });
  await expect(decodeImage({ width: 0, height: 4, data: new Uint8Array(0) })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
