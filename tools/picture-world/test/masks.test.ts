import { expect, it } from 'vitest';
import { decodeRle, maskToPolygons, Random, renderScene, rleString } from '../src/index.ts';
import { encodeRle } from '../src/rle.ts';

/** Even-odd filling at the pixel centers; several polygons are united. */
function rasterize(polygons: readonly (readonly number[])[], width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (const ring of polygons) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let odd = false;
        for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
          const [xi, yi, xj, yj] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!];
          if (yi > y + 0.5 !== yj > y + 0.5 && x + 0.5 < ((xj - xi) * (y + 0.5 - yi)) / (yj - yi) + xi) odd = !odd;
        }
        if (odd) mask[y * width + x] = 1;
      }
    }
  }
  return mask;
}

it('codes run lengths as pycocotools does', () => {
  // pycocotools 2.0.11: mask.encode of the same masks.
  const small = new Uint8Array([0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1]);
  const rle = encodeRle(small, 5, 4, 1, [0, 0, 5, 4]);
  expect(rle.size).toEqual([4, 5]);
  expect(rleString(rle.counts)).toBe('431N0052');
  const large = new Uint8Array(90 * 120);
  for (let y = 3; y < 100; y++) for (let x = 10; x < 80; x++) large[y * 90 + x] = y >= 40 && y < 60 && x >= 30 && x < 50 ? 0 : 1;
  expect(rleString(encodeRle(large, 90, 120, 1, [10, 3, 70, 97]).counts)).toBe(
    'cU1Q3g000000000000000000000000000000000000000TNM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33MM33i10000000000000000000000000000000000000000000000000000000000]U1',
  );
});

it('codes the same runs whatever box is searched, and decodes them', () => {
  const random = new Random(3, 'train', 'scene');
  for (let round = 0; round < 200; round++) {
    const [width, height] = [random.integer(1, 9), random.integer(1, 9)];
    const mask = Uint8Array.from({ length: width * height }, () => (random.chance(0.5) ? 1 : 0));
    const whole = encodeRle(mask, width, height, 1, [0, 0, width, height]);
    expect(decodeRle(whole)).toEqual(mask);
    const inside = [...mask.keys()].filter((i) => mask[i] === 1);
    if (inside.length === 0) continue;
    const [xs, ys] = [inside.map((i) => i % width), inside.map((i) => Math.floor(i / width))];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    expect(encodeRle(mask, width, height, 1, [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1])).toEqual(whole);
  }
});

it('outlines any mask exactly: parts, holes, islands in holes, corners that touch', () => {
  const random = new Random(4, 'train', 'scene');
  for (let round = 0; round < 300; round++) {
    const [width, height] = [random.integer(1, 10), random.integer(1, 10)];
    const density = random.range(0.2, 0.9);
    const mask = Uint8Array.from({ length: width * height }, () => (random.chance(density) ? 1 : 0));
    const polygons = maskToPolygons(mask, width, height);
    expect(rasterize(polygons, width, height)).toEqual(mask);
    for (const ring of polygons) expect(ring.length).toBeGreaterThanOrEqual(8);
  }
});

it('outlines the things of scenes exactly', () => {
  for (let seed = 0; seed < 12; seed++) {
    for (const { mask, box } of renderScene(seed, { width: 64 }).things) {
      const pixels = decodeRle(mask);
      expect(rasterize(maskToPolygons(pixels, 64, 64, box), 64, 64)).toEqual(pixels);
    }
  }
});
