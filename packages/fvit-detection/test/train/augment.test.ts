import { expect, it } from 'vitest';
import { flipped, randomCrop, type TrueScene } from '../../src/index.ts';
import { random } from '../support/random.ts';

/** A picture whose bytes tell where they come from, with two boxes filled by their masks. */
function scene(): TrueScene {
  const [width, height] = [40, 30];
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [Math.floor(i / 3) % width, Math.floor(i / (3 * width)), 7][i % 3]!,
  );
  const boxes = new Float32Array([2, 3, 12, 9, 25, 10, 39, 29]);
  const masks = [0, 1].map((j) => {
    const [x1, y1, x2, y2] = boxes.subarray(4 * j, 4 * j + 4) as unknown as [number, number, number, number];
    const inside = (x: number, y: number): boolean => x >= x1 && x < x2 && y >= y1 && y < y2;
    return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => Number(inside(i % width, Math.floor(i / width)))) };
  });
  return { picture: { width, height, data }, boxes, classes: Int32Array.of(5, 6), masks };
}

it('a crop moves pixels, boxes and masks together', () => {
  const next = random(1);
  for (let i = 0; i < 50; i++) {
    const { picture, boxes, classes, masks } = randomCrop(scene(), { width: 16, height: 20 }, next);
    expect([picture.width, picture.height]).toEqual([16, 20]);
    const [left, top] = [picture.data[0]!, picture.data[1]!];
    for (const [j, kind] of classes.entries()) {
      const whole = kind === 5 ? [2, 3, 12, 9] : [25, 10, 39, 29];
      const clipped = whole.map((side, k) => Math.min(Math.max(side - (k % 2 === 0 ? left : top), 0), k % 2 === 0 ? 16 : 20));
      expect([...boxes.subarray(4 * j, 4 * j + 4)]).toEqual(clipped);
      expect(masks![j]!.data.reduce((a, b) => a + b, 0)).toBe((clipped[2]! - clipped[0]!) * (clipped[3]! - clipped[1]!));
    }
  }
});

it('boxes outside are dropped, and a picture that fits stays whole', () => {
  const corner = randomCrop({ ...scene(), masks: undefined }, { width: 8, height: 8 }, () => 0);
  expect([...corner.classes]).toEqual([5]);
  const whole = scene();
  expect(randomCrop(whole, { width: 64, height: 64 }, () => 0.9)).toBe(whole);
});

it('a flip is undone by another', () => {
  const once = flipped(scene());
  expect([...once.boxes]).toEqual([28, 3, 38, 9, 1, 10, 15, 29]);
  expect(once.picture.data[0]).toBe(39);
  const twice = flipped(once);
  expect(twice).toEqual(scene());
});
