import { expect, it } from 'vitest';
import { preparePicture, squarePicture } from '../src/index.ts';

const picture = { width: 3, height: 1, data: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255]) };

it('pads with the mean color, or cuts the middle out', async () => {
  const padded = await squarePicture(picture, 3, 'pad');
  expect([...padded.data.subarray(0, 9)]).toEqual([122, 116, 104, 122, 116, 104, 122, 116, 104]);
  expect(padded.data.subarray(9, 18)).toEqual(picture.data);
  expect([...(await squarePicture(picture, 1, 'square')).data]).toEqual([0, 255, 0]);
  expect((await preparePicture(picture, 16, 'pad')).shape).toEqual([3, 16, 16]);
});

it('refuses strips whose square would not fit into memory', async () => {
  const strip = { width: 100_000, height: 1, data: new Uint8Array(300_000) };
  await expect(squarePicture(strip, 336, 'pad')).rejects.toThrow(/at most 268435456 pixels but received 100000 x 1/u);
  await expect(squarePicture(strip, 336, 'square')).rejects.toThrow(/received 100000 x 1/u);
});
