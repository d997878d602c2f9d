import { expect, it } from 'vitest';
import { clipInput } from '../src/clip-input.ts';
import { centerCrop, crop, LLAVA_PAD_COLOR, pad, padToSquare } from '../src/geometry.ts';
import { CLIP_NORMALIZATION, CLIP_NORMALIZATION_255, toTensor } from '../src/normalize.ts';
import { detectron2Size, mmdetSize, shortestEdgeSize } from '../src/sizes.ts';
import { md5, noisePicture } from './helpers.ts';

it.each([
  // torchvision 0.19's Resize(336).
  [640, 427, 503, 336],
  [427, 640, 336, 503],
  [500, 375, 448, 336],
  [333, 500, 336, 504],
  [1999, 37, 18_153, 336],
])('sizes %i x %i by the shortest edge to %i x %i', (width, height, toWidth, toHeight) => {
  expect(shortestEdgeSize({ width, height }, 336)).toEqual({ width: toWidth, height: toHeight });
});

it.each([
  // mmdetection 2.25's keep_ratio resize to (896, 896).
  [640, 480, 896, 672],
  [640, 427, 896, 598],
  [640, 426, 896, 596],
  [500, 375, 896, 672],
  [640, 360, 896, 504],
  [480, 640, 672, 896],
])('sizes %i x %i as mmdetection to %i x %i', (width, height, toWidth, toHeight) => {
  expect(mmdetSize({ width, height }, 896, 896)).toEqual({ width: toWidth, height: toHeight });
});

it('sizes as detectron2: the shorter side, unless the longer one binds', () => {
  expect(detectron2Size({ width: 640, height: 480 }, 1344, 1344)).toEqual({ width: 1344, height: 1008 });
  expect(detectron2Size({ width: 480, height: 640 }, 800, 1333)).toEqual({ width: 800, height: 1067 });
  expect(detectron2Size({ width: 2000, height: 500 }, 800, 1333)).toEqual({ width: 1333, height: 333 });
  expect(detectron2Size({ width: 5000, height: 1 }, 1344, 1344)).toEqual({ width: 1344, height: 1 });
});

it('crops the center with the rounding that is asked for', () => {
  for (const [leftover, torchvision, hf] of [
    [0, 0, 0],
    [1, 0, 0],
    [2, 1, 1],
    [3, 2, 1],
    [5, 2, 2],
    [7, 4, 3],
  ] as const) {
    const picture = {
      width: 4 + leftover,
      height: 2,
      data: Uint8Array.from({ length: (4 + leftover) * 6 }, (_, i) => Math.floor(i / 3) % (4 + leftover)),
    };
    expect(centerCrop(picture, 4, 2, 'torchvision').data[0]).toBe(torchvision);
    expect(centerCrop(picture, 4, 2, 'hf').data[0]).toBe(hf);
  }
});

it('cuts out again what it padded', () => {
  const picture = noisePicture(13, 7);
  expect(crop(pad(picture, 20, 31, [1, 2, 3], 5, 9), 5, 9, 13, 7)).toEqual(picture);
  const padded = pad(picture, 20, 31, [1, 2, 3]);
  expect(crop(padded, 0, 0, 13, 7)).toEqual(picture);
  for (const [x, y] of [
    [13, 0],
    [19, 30],
    [0, 7],
  ] as const) {
    expect([...crop(padded, x, y, 1, 1).data]).toEqual([1, 2, 3]);
  }
});

it('pads to a square with the picture in the middle', () => {
  const wide = padToSquare(noisePicture(10, 7), LLAVA_PAD_COLOR);
  expect([wide.width, wide.height]).toEqual([10, 10]);
  expect(crop(wide, 0, 1, 10, 7)).toEqual(noisePicture(10, 7));
  expect([...wide.data.subarray(0, 3)]).toEqual([122, 116, 104]);
  expect(crop(padToSquare(noisePicture(7, 10), LLAVA_PAD_COLOR), 1, 0, 7, 10)).toEqual(noisePicture(7, 10));
});

it('refuses rectangles outside the picture', () => {
  const picture = noisePicture(10, 7);
  for (const run of [
    () => crop(picture, 0, 0, 11, 7),
    () => crop(picture, -1, 0, 5, 5),
    () => crop(picture, 0.5, 0, 5, 5),
    () => centerCrop(picture, 8, 8, 'hf'),
    () => pad(picture, 9, 9, [0, 0, 0]),
    () => pad(picture, 10, 7, [0, 0, 0], 1, 0),
  ]) {
    expect(run).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }
});

it('gives CLIP the bits that open_clip gives', () => {
  // image_transform(32, is_train=False) of open_clip 3.3.0 with torchvision 0.19.1 and Pillow 11.3.0: MD5 of the float32 values, and some of them.
  const wide = clipInput(noisePicture(53, 40, 7), 32);
  expect(wide.shape).toEqual([3, 32, 32]);
  expect([0, 1, 500, 1024].map((i) => wide.data[i])).toEqual([
    -0.42001041769981384, 0.3245093822479248, 0.7332652807235718, 0.3489905297756195,
  ]);
  expect(md5(new Uint8Array(wide.data.buffer))).toBe('0a836a0f7a25ed6e8cd050edfb821e27');
  expect(md5(new Uint8Array(clipInput(noisePicture(40, 53, 7), 32).data.buffer))).toBe('79a0ef9fa51b339e4d82db0ac59ad4d1');
});

it('normalizes every byte to the bits that mmcv and detectron2 give', () => {
  // imnormalize of mmcv 1.7.0 (OpenCV 4.6.0) of the bytes 0 to 255 in all three channels, channels first: MD5 of the float32 values. (x - mean) / std of
  // float32 NumPy, as detectron2 has it, is the same.
  const ramp = { width: 256, height: 1, data: Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)) };
  const { data } = toTensor(ramp, { normalization: CLIP_NORMALIZATION_255 });
  expect(md5(new Uint8Array(data.buffer))).toBe('da3bf468b3150b6f3578f3b51411fe29');
});

it('fills a canvas before or after normalization', () => {
  const picture = noisePicture(3, 2);
  const options = { normalization: CLIP_NORMALIZATION_255, canvas: { width: 5, height: 4 } };
  const after = toTensor(picture, { ...options, canvas: { ...options.canvas, fill: 'zeroAfter' } });
  const before = toTensor(picture, { ...options, canvas: { ...options.canvas, fill: 'zeroBefore' } });
  const plain = toTensor(picture, { normalization: CLIP_NORMALIZATION_255 });
  expect(after.shape).toEqual([3, 4, 5]);
  // What a black pixel becomes, from the FC-CLIP configuration.
  const black = [-1.7922626, -1.7520971, -1.4802198];
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) {
        const at = channel * 20 + y * 5 + x;
        const inside = x < 3 && y < 2;
        expect(after.data[at]).toBe(inside ? plain.data[channel * 6 + y * 3 + x] : 0);
        expect(before.data[at]).toBeCloseTo(inside ? plain.data[channel * 6 + y * 3 + x]! : black[channel]!, 5);
      }
    }
  }
});

it('writes into a batch and nowhere else', () => {
  const picture = noisePicture(3, 2);
  const batch = new Float32Array(60).fill(9);
  const tensor = toTensor(picture, { into: { data: batch, offset: 18 }, canvas: { width: 3, height: 2, fill: 'zeroAfter' } });
  expect(tensor.data).toEqual(toTensor(picture, { normalization: CLIP_NORMALIZATION }).data);
  expect(batch.subarray(18, 36)).toEqual(tensor.data);
  expect(batch.every((value, i) => (i >= 18 && i < 36) || value === 9)).toBe(true);
  expect(() => toTensor(picture, { into: { data: batch, offset: 43 } })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => toTensor(picture, { into: { data: batch, offset: -1 } })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => toTensor(picture, { canvas: { width: 2, height: 2, fill: 'zeroAfter' } })).toThrow(
    expect.objectContaining({ code: 'USAGE' }),
  );
});
