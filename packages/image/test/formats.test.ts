import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { clipCrop, clipInput } from '../src/clip-input.ts';
import { decodeImage } from '../src/decode.ts';
import { encodePng } from '../src/encode.ts';
import { centerCrop } from '../src/geometry.ts';
import { toTensor } from '../src/normalize.ts';
import { resize } from '../src/resize.ts';
import { shortestEdgeSize } from '../src/sizes.ts';
import { md5, noisePicture } from './helpers.ts';

/** Files that Pillow 13.0.0 wrote, and its `convert('RGB')` of them. */
const PILLOW: readonly (readonly [what: string, base64: string, rgb: readonly number[]])[] = [
  [
    'a CMYK TIFF without a profile',
    'SUkqAAgAAAAKAAABBAABAAAABAAAAAEBBAABAAAAAgAAAAIBAwAEAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAABQAAABEBBAABAAAAjgAAABUBAwABAAAABAAAABYBBAABAAAAAgAAABcBBAABAAAAIAAAABwBAwABAAAAAQAAAAAAAAAIAAgACAAIADxegbQMXsaOBKNAbJfWPPvcU66INxoSUSG1lWFDwO4t',
    [57, 47, 37, 108, 71, 25, 145, 53, 110, 2, 1, 3, 16, 80, 38, 136, 156, 162, 138, 46, 66, 155, 52, 14],
  ],
  [
    'a CMYK JPEG without a profile',
    '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB/8AAFAgAAgAEBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAkI/8QAHhAAAQQDAAMAAAAAAAAAAAAABQMEBgcBAggJEhP/2gAOBEMATQBZAEsAAD8AV6nI8AuTlTiSc28DD2rNSPHFC5ITCyBjKcyl9lxF8lHGXkgk6BQs5yuTIkCK33d7/V8/eu9/Zw6XUUgDyxAQeO3rARwGFYSSr3nzdJLA5nhNPd/z9WRV9unphH102eE374i721xjLh+9dvFs7uHKym4y+U3pLomibzpuEUhfl003C3nGXI03eRCqrTnNeRd3NLApmOzCeS9yAiJ0QJXlE2lpgtKJcfVablpJIihE2ZdvSb1y6VU7nLjjkS36oi8gtrlbnC0TwoNGAAs3YtHVjNi40EnDIyb0CsCUli5N6zE6GThovoNbrJs9SZgo/wAI4dEHaq3/2Q==',
    [57, 47, 37, 107, 71, 25, 145, 53, 110, 2, 1, 3, 16, 80, 38, 136, 156, 162, 138, 46, 66, 155, 52, 14],
  ],
  [
    'a BigTIFF',
    'SUkrAAgAAAAQAAAAAAAAAAoAAAAAAAAAAAEEAAEAAAAAAAAAAgAAAAAAAAABAQQAAQAAAAAAAAACAAAAAAAAAAIBAwADAAAAAAAAAAgACAAIAAAAAwEDAAEAAAAAAAAAAQAAAAAAAAAGAQMAAQAAAAAAAAACAAAAAAAAABEBBAABAAAAAAAAAOgAAAAAAAAAFQEDAAEAAAAAAAAAAwAAAAAAAAAWAQQAAQAAAAAAAAACAAAAAAAAABcBBAABAAAAAAAAAAwAAAAAAAAAHAEDAAEAAAAAAAAAAQAAAAAAAAAAAAAAAAAAADxegbQMXsaOBKNAbA==',
    [60, 94, 129, 180, 12, 94, 198, 142, 4, 163, 64, 108],
  ],
  [
    'a GIF with a transparent index, whose frame is smaller than its canvas',
    'R0lGODlhBAADAIEAAD0Y+wBhWTniFhnh5iH5BAEAAAIALAEAAQADAAIAAAgIAAEICABAYEAAOw==',
    [
      57, 226, 22, 57, 226, 22, 57, 226, 22, 57, 226, 22, 57, 226, 22, 61, 24, 251, 57, 226, 22, 0, 97, 89, 57, 226, 22, 61, 24, 251, 61,
      24, 251, 57, 226, 22,
    ],
  ],
];

it.each(PILLOW)('reads %s as Pillow does', async (_, base64, rgb) => {
  expect([...(await decodeImage(Buffer.from(base64, 'base64'))).data]).toEqual(rgb);
});

it('says that CIELAB colors are not read', async () => {
  const base64 =
    'SUkqAAgAAAAKAAABBAABAAAABAAAAAEBBAABAAAAAgAAAAIBAwADAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAACAAAABEBBAABAAAAjAAAABUBAwABAAAAAwAAABYBBAABAAAAAgAAABcBBAABAAAAGAAAABwBAwABAAAAAQAAAAAAAAAIAAgACAA8XoEMXsYEo0CX1jzcU643GhIhtZVDwO4=';
  await expect(decodeImage(Buffer.from(base64, 'base64'))).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining('CIELAB'),
    hint: 'Save it as RGB first.',
  });
});

/** A file that begins with a list of brands (ISO/IEC 14496-12, section 4.3). */
function branded(major: string, ...compatible: string[]): Buffer {
  const body = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 4);
  return Buffer.concat([size, body, Buffer.from('\0\0\0\x08free', 'latin1')]);
}

it.each([
  ['HEIC', branded('heic', 'mif1', 'heic'), 'an HEIC photo'],
  ['HEIC that says mif1 first', branded('mif1', 'mif1', 'heic', 'hevc'), 'an HEIC photo'],
  ['HEIC that says mif1 and hevc only', branded('mif1', 'hevc'), 'an HEIC photo'],
  ['a HEIC sequence', branded('msf1', 'msf1', 'hevs'), 'an HEIC photo'],
  ['HEIF of an unknown codec', branded('mif1', 'mif1', 'miaf'), 'a HEIF file'],
  ['an AVIF sequence', branded('avis', 'msf1'), 'an animation'],
  ['MP4', branded('isom', 'isom', 'avc1'), 'a video'],
  ['JPEG XL', Buffer.from('\xff\x0a\xfa\x1f\x41\x91', 'latin1'), 'a JPEG XL picture'],
  ['a JPEG XL container', Buffer.from('\0\0\0\x0cJXL \r\n\x87\n', 'latin1'), 'a JPEG XL picture'],
  ['JPEG 2000', Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1'), 'a JPEG 2000 picture'],
  ['an icon', Buffer.from('\0\0\x01\0\x01\0\x10\x10', 'latin1'), 'an icon'],
  ['PSD', Buffer.from('8BPS\0\x01', 'latin1'), 'a Photoshop document'],
])('names %s', async (_, bytes, found) => {
  await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining(found) });
});

it('reads AVIF whatever brand comes first', async () => {
  const avif = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } })
    .avif()
    .toBuffer();
  const renamed = Buffer.from(avif);
  renamed.write('mif1', 8, 'latin1');
  expect(renamed.subarray(16, renamed.readUInt32BE(0)).includes('avif')).toBe(true);
  expect((await decodeImage(renamed)).width).toBe(20);
});

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

it('finds an animation in the chunks of a PNG, not in its text', async () => {
  const png = await encodePng(noisePicture(5, 4));
  const withChunk = (added: Buffer): Buffer => Buffer.concat([png.subarray(0, 33), added, png.subarray(33)]);
  expect(await decodeImage(withChunk(chunk('tEXt', Buffer.from('Comment\0acTL of IDAT', 'latin1'))))).toEqual(noisePicture(5, 4));
  // One frame is a still picture.
  expect(await decodeImage(withChunk(chunk('acTL', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]))))).toEqual(noisePicture(5, 4));
  await expect(decodeImage(withChunk(chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))))).rejects.toMatchObject({
    message: expect.stringContaining('animated PNG'),
  });
});

it('refuses a JPEG whose scans are the bomb', async () => {
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .jpeg({ progressive: true })
    .toBuffer();
  const first = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  const last = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = jpeg.subarray(last, jpeg.length - 2);
  const repeated = Buffer.concat([jpeg.subarray(0, jpeg.length - 2), ...Array.from({ length: 200 }, () => scan), jpeg.subarray(-2)]);
  await expect(decodeImage(repeated)).rejects.toMatchObject({ message: expect.stringContaining('at most 100 scans') });
  // A preview in the metadata has scans of its own, which nobody decodes.
  const preview = Buffer.concat([Buffer.from([0xff, 0xe1, 0x03, 0x22]), Buffer.from('\xff\xda'.repeat(400), 'latin1')]);
  expect(first).toBeGreaterThan(2);
  expect((await decodeImage(Buffer.concat([jpeg.subarray(0, 2), preview, jpeg.subarray(2)]))).width).toBe(64);
});

/** A segment of a JPEG. */
function segment(marker: number, body: readonly number[]): Buffer {
  return Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body]);
}

/** A progressive JPEG of gray, whose scans say nothing in a few bytes, each of which costs a pass over all blocks. */
function emptyScans(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  // One code, a single 0: of a block without change, and of the end of 2^14 blocks with 14 bits for more.
  const table = (kind: number, symbol: number): Buffer => segment(0xc4, [kind << 4, 1, ...Array<number>(15).fill(0), symbol]);
  const scan = (first: number, last: number, bits: number): Buffer =>
    Buffer.concat([segment(0xda, [1, 1, 0, first, last, 0]), Buffer.alloc(Math.ceil(bits / 8))]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    segment(0xc2, [8, side >> 8, side & 255, side >> 8, side & 255, 1, 1, 0x11, 0]),
    table(0, 0),
    table(1, 0xe0),
    scan(0, 0, blocks),
    ...Array.from({ length: scans }, () => scan(1, 63, 15 * Math.ceil(blocks / 2 ** 14))),
    Buffer.from([0xff, 0xd9]),
  ]);
}

it('gives up on a picture that takes too long', { timeout: 300_000 }, async () => {
  expect((await decodeImage(emptyScans(64, 98))).data.every((value) => value === 128)).toBe(true);
  await expect(decodeImage(emptyScans(9992, 98), { maxSeconds: 1 })).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringMatching(/decoded within 1 s/u),
  });
  await expect(decodeImage(emptyScans(64, 1), { maxSeconds: 0.5 })).rejects.toMatchObject({ code: 'USAGE' });
});

it('takes what programs have at hand: ArrayBuffer, Blob, pixels of a canvas, any spelling of a file URL', async () => {
  const picture = noisePicture(5, 4);
  const png = new Uint8Array(await encodePng(picture));
  expect(await decodeImage(png.buffer)).toEqual(picture);
  expect(await decodeImage(new Blob([png]))).toEqual(picture);
  const canvas = Uint8ClampedArray.from({ length: 80 }, (_, i) => (i % 4 === 3 ? 7 : picture.data[Math.floor(i / 4) * 3 + (i % 4)]!));
  expect(await decodeImage({ width: 5, height: 4, data: canvas })).toEqual(picture);
  await expect(decodeImage({ width: 5, height: 5, data: canvas })).rejects.toMatchObject({
    message: expect.stringContaining('100 bytes of RGBA'),
  });
  await expect(decodeImage('file:/no/such/file.png')).rejects.toMatchObject({
    message: expect.stringMatching(/there is none at \/no\/such/),
  });
  await expect(decodeImage(new Response('x') as never)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('received Response'),
    hint: expect.stringContaining('await response.arrayBuffer()'),
  });
});

function floats({ data }: { readonly data: Float32Array }): string {
  return md5(new Uint8Array(data.buffer));
}

it('makes of a picture what a resize and a center crop make', async () => {
  for (const [width, height] of [
    [53, 40],
    [40, 53],
    [32, 32],
    [7, 300],
    [1, 1],
  ] as const) {
    const picture = noisePicture(width, height, 7);
    const whole = shortestEdgeSize(picture, 32);
    for (const cropRounding of ['torchvision', 'hf'] as const) {
      const expected = centerCrop(resize(picture, whole.width, whole.height, 'bicubic'), 32, 32, cropRounding);
      expect(md5((await clipCrop(picture, 32, { cropRounding })).data)).toBe(md5(expected.data));
      expect(floats(clipInput(picture, 32, { cropRounding }))).toBe(floats(toTensor(expected)));
    }
  }
});

/** MD5 of the middle that Pillow 13.0.0 and torchvision's rounding give, through a whole picture of 32 x 160000 and so on. */
it.each([
  [1, 5000, '171d7cf3dd97b80d86829229f76b86ef'],
  [5000, 1, 'bb9f10a2737585c2f64cf87f9f0ff1a1'],
  [1, 65_535, 'df3bdccaf2f1a2985fcef5e143306573'],
])('sees the middle of a strip of %i x %i', async (width, height, expected) => {
  expect(md5((await clipCrop(noisePicture(width, height), 32)).data)).toBe(expected);
});
