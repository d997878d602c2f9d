import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeLabelTiff } from '../src/label-tiff.ts';

/** A TIFF as libvips writes it. */
async function tiff(
  data: Uint8Array | Uint16Array,
  channels: 1 | 3,
  compression: 'none' | 'lzw' | 'deflate' = 'none',
): Promise<Uint8Array> {
  const image = sharp(data, { raw: { width: 3, height: data.length / 3 / channels, channels } });
  const space = channels === 3 ? 'srgb' : data instanceof Uint16Array ? 'grey16' : 'b-w';
  return await image.toColorspace(space).tiff({ compression }).toBuffer();
}

it('gives the numbers of gray files as they are', async () => {
  const wide = Uint16Array.of(0, 1, 255, 256, 846, 65_535);
  for (const compression of ['none', 'lzw', 'deflate'] as const) {
    expect(await decodeLabelTiff(await tiff(wide, 1, compression), 'a.tif')).toEqual({ width: 3, height: 2, data: wide });
  }
  const { data } = await decodeLabelTiff(await tiff(Uint8Array.of(0, 7, 255), 1), 'a.tif');
  expect([...data]).toEqual([0, 7, 255]);
});

it('refuses colors, damage and other files', async () => {
  await expect(decodeLabelTiff(await tiff(new Uint8Array(9), 3), 'a.tif')).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining('in a.tif but found 3 x 1, 3 channels of uchar, 1 pages') as string,
  });
  const whole = await tiff(new Uint16Array(300), 1);
  for (const bytes of [whole.subarray(0, 40), Buffer.from('II*\0 and nothing else')]) {
    await expect(decodeLabelTiff(bytes, 'a.tif')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  }
});
