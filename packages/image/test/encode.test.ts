import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeImage } from '../src/decode.ts';
import { encodeIdPng, encodeJpeg, encodeLabelPng, encodePng } from '../src/encode.ts';
import { labelColor } from '../src/palette.ts';
import { noise, noisePicture } from './helpers.ts';

it('stores PNG without loss and JPEG nearly so', async () => {
  const picture = noisePicture(33, 21);
  expect(await decodeImage(await encodePng(picture))).toEqual(picture);
  const smooth = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).map((_, i) => Math.floor(i / 3) % 64) };
  const { data } = await decodeImage(await encodeJpeg(smooth, 95));
  expect(Math.max(...data.map((value, i) => Math.abs(value - smooth.data[i]!)))).toBeLessThan(6);
});

it('stores labels as sample values of 8 and 16 bits', async () => {
  const narrow = { width: 16, height: 16, data: Uint8Array.from({ length: 256 }, (_, i) => i) };
  const bytes = await encodeLabelPng(narrow);
  expect(await sharp(bytes).metadata()).toMatchObject({ space: 'b-w', channels: 1, depth: 'uchar' });
  expect(new Uint8Array(await sharp(bytes).toColorspace('b-w').raw().toBuffer())).toEqual(narrow.data);
  const wide = { width: 50, height: 20, data: Uint16Array.from({ length: 1000 }, (_, i) => i * 65) };
  const deep = await encodeLabelPng(wide);
  expect([deep[24], deep[25]]).toEqual([16, 0]); // bit depth, color type gray
  const { buffer, byteOffset, length } = await sharp(deep).toColorspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  expect(new Uint16Array(buffer.slice(byteOffset, byteOffset + length))).toEqual(wide.data);
});

function idat(png: Uint8Array): Uint8Array {
  return Buffer.from(png).subarray(Buffer.from(png).indexOf('IDAT'));
}

it('adds a palette without touching the label values', async () => {
  const map = { width: 16, height: 16, data: Uint8Array.from({ length: 256 }, (_, i) => i) };
  const palette = Array.from({ length: 256 }, (_, i) => labelColor(i));
  const bytes = await encodeLabelPng(map, palette);
  expect([bytes[24], bytes[25]]).toEqual([8, 3]); // bit depth, color type indexed
  const shown = await decodeImage(bytes);
  expect([...shown.data]).toEqual(palette.flat());
  // The compressed samples are those of the gray file.
  expect(idat(bytes)).toEqual(idat(await encodeLabelPng(map)));
});

it('stores segment ids as COCO panoptic does', async () => {
  const ids = Uint32Array.from([0, 1, 255, 256, 70_000, 16_777_215]);
  const { data } = await decodeImage(await encodeIdPng(ids, 3, 2));
  expect(Array.from(ids, (_, i) => data[i * 3]! + 256 * data[i * 3 + 1]! + 65_536 * data[i * 3 + 2]!)).toEqual([...ids]);
});

it('refuses what does not fit', async () => {
  await expect(encodeIdPng(Int32Array.from([-1]), 1, 1)).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodeIdPng(Uint32Array.from([0x1000000]), 1, 1)).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodeIdPng(new Uint32Array(3), 2, 2)).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodeLabelPng({ width: 2, height: 2, data: noise(3) })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodeLabelPng({ width: 1, height: 1, data: new Uint16Array(1) }, [[1, 2, 3]])).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodeJpeg(noisePicture(2, 2), 0)).rejects.toMatchObject({ code: 'USAGE' });
  await expect(encodePng({ width: 2, height: 2, data: noise(3) })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
