import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resize, resizeAsync, resizeGray } from '../src/resize.ts';
import { mmdetSize } from '../src/sizes.ts';
import { formulaBytes, md5, noise, noisePicture, shared } from './helpers.ts';

/** MD5 of `cv2.resize(..., interpolation=cv2.INTER_LINEAR)` of `noisePicture(width, height)`. OpenCV 4.6.0 and 5.0.0 give the same bytes. */
const OPENCV: readonly (readonly [width: number, height: number, toWidth: number, toHeight: number, digest: string])[] = [
  [640, 427, 896, 598, '4fc63a7c336f32fbeea2dab3f91ae911'],
  [427, 640, 598, 896, '3bc23a18e6a409417cdd1b6717705f8d'],
  [1792, 1196, 896, 598, 'e8a990db0ab6c6acdbf8dae73a1a8cec'],
  [1792, 1196, 896, 600, 'c83a95f9758ea8450114b5789f3a3c5f'],
  [1201, 900, 896, 671, '3cc1ca762ee19c54399ed34174830390'],
  [1, 1, 7, 5, 'e9af33ec980146203915312a3aadfc7e'],
  [1, 500, 3, 3, '8c91f9fa7eb7ef7968ce449be094a175'],
  [500, 1, 3, 2, '4b50e0fb192b936d63d4b7b822d5ea7f'],
  [2, 2, 1, 1, 'f51496025255f58fadac1133086392ff'],
  [97, 89, 98, 88, 'ff4e61d731142a9ba2060b587bc57c46'],
  [5, 4, 300, 200, 'f4d1005dbbb0a9c30df54476d608df7f'],
  [64, 64, 64, 64, '38d319432919bbbebe8a31ca1b21f982'],
];

it.each(OPENCV)('resizes %i x %i to %i x %i as OpenCV does', async (width, height, toWidth, toHeight, digest) => {
  const picture = noisePicture(width, height);
  expect(md5(resize(picture, toWidth, toHeight, 'opencv-bilinear').data)).toBe(digest);
  expect(md5((await resizeAsync(picture, toWidth, toHeight, 'opencv-bilinear')).data)).toBe(digest);
});

it('resizes 400 pairs of sizes as OpenCV does, those that are exactly twice as large in one or both directions among them', () => {
  const sides = noise(4 * 400, 7).map((byte) => 1 + (byte % 90));
  const total = createHash('md5');
  for (let k = 0; k < 400; k++) {
    let [width, height, toWidth, toHeight] = sides.subarray(4 * k) as unknown as [number, number, number, number];
    if (k % 10 === 0) [toWidth, toHeight] = [2 * width, 2 * height];
    if (k % 10 === 1) [width, height] = [2 * toWidth, 2 * toHeight];
    if (k % 10 === 2) width = 2 * toWidth;
    if (k % 10 === 3) height = 2 * toHeight;
    total.update(resize(noisePicture(width, height), toWidth, toHeight, 'opencv-bilinear').data);
  }
  // One MD5 over the bytes of all results of OpenCV 4.6.0, and of 5.0.0.
  expect(total.digest('hex')).toBe('11a03afd524a445df659067012d6b5a8');
});

it('resizes one channel as it resizes each of three', () => {
  const gray = { width: 23, height: 17, data: noise(23 * 17) };
  const rgb = { width: 23, height: 17, data: Uint8Array.from({ length: 23 * 17 * 3 }, (_, i) => gray.data[Math.floor(i / 3)]!) };
  const channel = resize(rgb, 40, 9, 'opencv-bilinear').data.filter((_, i) => i % 3 === 2);
  expect(resizeGray(gray, 40, 9, 'opencv-bilinear').data).toEqual(channel);
});

/** Made by the programs that F-ViT runs on (OpenCV 4.6.0, mmdetection 2.25.3). */
const golden = join(shared, 'golden/heads/fvit_vectors.json');

it.skipIf(!existsSync(golden))('gives the golden bytes and sizes of the detection framework', async () => {
  const { resizeBilinearU8, rescaleSize } = JSON.parse(await readFile(golden, 'utf8')) as {
    resizeBilinearU8: { cases: { fromHW: [number, number]; toHW: [number, number]; sha256: string }[] };
    rescaleSize: { wh: [number, number]; newWH: [number, number] }[];
  };
  for (const { fromHW, toHW, sha256 } of resizeBilinearU8.cases) {
    const [height, width] = fromHW;
    const { data } = resize({ width, height, data: formulaBytes('vec.resize', height * width * 3) }, toHW[1], toHW[0], 'opencv-bilinear');
    expect(createHash('sha256').update(data).digest('hex'), `${fromHW.join()} to ${toHW.join()}`).toBe(sha256);
  }
  for (const { wh, newWH } of rescaleSize) {
    const { width, height } = mmdetSize({ width: wh[0], height: wh[1] }, 896, 896);
    expect([width, height]).toEqual(newWH);
  }
});
