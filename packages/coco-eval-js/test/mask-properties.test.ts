import { describe, expect, it } from 'vitest';
import { CocoEvalError } from '../src/errors.ts';
import { bboxToRle, polygonsToRle, segmentationToRle, uncompressedToRle } from '../src/mask/from-shapes.ts';
import { maskIou } from '../src/mask/iou.ts';
import { mergeMasks } from '../src/mask/merge.ts';
import { decodeMask, encodeMask, maskArea, maskToBbox } from '../src/mask/rle.ts';
import { formatRleString, parseRleString, toRleObject } from '../src/mask/rle-string.ts';
import { rleToPolygons } from '../src/mask/to-polygons.ts';
import type { Rle, Segmentation } from '../src/mask/types.ts';
import { Rasterizer } from '../src/mask/rasterize.ts';
import { random } from './shared.ts';

function randomMask(r: () => number, height: number, width: number, density: number): Uint8Array {
  return Uint8Array.from({ length: height * width }, () => Number(r() < density));
}

describe('masks', () => {
  it('any mask survives encoding, its string, its polygons and both layouts', () => {
    const r = random(1);
    for (let i = 0; i < 400; i++) {
      const [height, width] = [1 + Math.floor(r() * 14), 1 + Math.floor(r() * 14)];
      const pixels = randomMask(r, height, width, [0, 0.2, 0.5, 0.8, 1][i % 5]!);
      const rle = encodeMask(pixels, height, width);
      expect(decodeMask(rle)).toEqual(pixels);
      expect(encodeMask(decodeMask(rle, 'column'), height, width, 'column')).toEqual(rle);
      expect(parseRleString(formatRleString(rle), height, width)).toEqual(rle);
      expect(segmentationToRle(toRleObject(rle), 1, 1)).toEqual(rle);
      expect(maskArea(rle)).toBe(pixels.reduce((a, b) => a + b, 0));
      expect(decodeMask(polygonsToRle(rleToPolygons(rle), height, width))).toEqual(pixels);
    }
  });

  it('a hole stays a hole, pieces stay apart', () => {
    const ring = encodeMask(Uint8Array.of(1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1), 4, 4);
    const polygons = rleToPolygons(ring);
    expect(polygons.length).toBe(2);
    expect(decodeMask(polygonsToRle(polygons, 4, 4))).toEqual(decodeMask(ring));
  });

  it('merge and IoU agree with counting pixels, also for runs of length 0', () => {
    const r = random(2);
    for (let i = 0; i < 300; i++) {
      const [height, width] = [1 + Math.floor(r() * 9), 1 + Math.floor(r() * 9)];
      const [a, b] = [randomMask(r, height, width, r()), randomMask(r, height, width, r())];
      const [left, right] = [withEmptyRuns(encodeMask(a, height, width), r), encodeMask(b, height, width)];
      const union = a.map((v, p) => v | b[p]!);
      const shared = a.map((v, p) => v & b[p]!);
      expect(decodeMask(mergeMasks([left, right]))).toEqual(union);
      expect(decodeMask(mergeMasks([left, right], true))).toEqual(shared);
      const [u, s] = [union, shared].map((m) => m.reduce((x, y) => x + y, 0));
      expect(maskIou([left], [right], [false])[0]).toBe(s === 0 ? 0 : s! / u!);
      expect(maskToBbox(left)).toEqual(maskToBbox(encodeMask(a, height, width)));
    }
  });

  it('masks that no file should hold end in an error, and nothing large is allocated', () => {
    const bad: [() => unknown, string][] = [
      [() => polygonsToRle([[0, 0, NaN, 1, 1, 1]], 9, 9), 'BAD_MASK'],
      [() => polygonsToRle([[0, 0, Infinity, 1, 1, 1]], 9, 9), 'BAD_MASK'],
      [() => polygonsToRle([[0, 0, 2e9, 1, 1, 1]], 9, 9), 'BAD_MASK'],
      [() => polygonsToRle([[0, 0, 1, 0, 1, 1]], 1e6, 1e6), 'LIMIT'],
      [() => bboxToRle([0, 0, NaN, 1], 9, 9), 'BAD_MASK'],
      [() => bboxToRle([], 9, 9), 'BAD_MASK'],
      [() => uncompressedToRle([1, -1], 9, 9), 'BAD_MASK'],
      [() => uncompressedToRle([1, 1e9], 9, 9), 'BAD_MASK'],
      [() => decodeMask({ size: [2 ** 20, 2 ** 20], counts: Uint32Array.of(1) }), 'LIMIT'],
      [() => decodeMask({ size: [2, 2], counts: Uint32Array.of(3, 3) }), 'BAD_MASK'],
      [() => parseRleString('n', 5, 6), 'BAD_MASK'],
      [() => parseRleString('P', 5, 6), 'BAD_MASK'],
      [() => parseRleString('oooooooooooooooo0', 5, 6), 'BAD_MASK'],
      [() => parseRleString('O', 5, 6), 'BAD_MASK'],
      [() => encodeMask(new Uint8Array(3), 2, 2), 'BAD_MASK'],
      [() => maskIou([], [{ size: [1, 1], counts: Uint32Array.of(1) }], []), 'USAGE'],
      [() => segmentationToRle(null as unknown as Segmentation, 5, 5), 'BAD_MASK'],
      [() => segmentationToRle({ size: [5], counts: 'n0' }, 5, 5), 'BAD_MASK'],
    ];
    for (const [run, code] of bad) {
      expect(run).toThrow(CocoEvalError);
      expect(run).toThrow(expect.objectContaining({ code }) as CocoEvalError);
    }
    const zigzag = Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? (i % 4 === 0 ? 0 : 16_000) : i % 100));
    expect(() => polygonsToRle([zigzag], 100, 16_000)).toThrow(/column crossings/);
  });

  it('short runs leave background, huge polygons are clipped, degenerate parts are dropped', () => {
    expect(maskArea(polygonsToRle([[-1e8, -1e8, 1e8, -1e8, 1e8, 1e8, -1e8, 1e8]], 30, 40))).toBe(1200);
    expect([...decodeMask({ size: [2, 2], counts: Uint32Array.of(1, 1) }, 'column')]).toEqual([0, 1, 0, 0]);
    expect(maskArea(polygonsToRle([[1, 1, 5, 5], []], 9, 9))).toBe(0);
    expect(maskArea(polygonsToRle([], 9, 9))).toBe(0);
  });
});

/** The same mask with runs of length 0 strewn in. */
function withEmptyRuns(rle: Rle, r: () => number): Rle {
  const counts = [...rle.counts].flatMap((count) => {
    const part = Math.floor(r() * (count + 1));
    return r() < 0.3 ? [part, 0, count - part] : [count];
  });
  return { size: rle.size, counts: Uint32Array.from(counts) };
}

it('polygons whose number is the bomb end in an error, whatever their own size', () => {
  const rasterizer = new Rasterizer();
  const triangle = [0, 0, 65536, 1, 0, 3];
  const draw = rasterizer.fill.bind(rasterizer, triangle, 0, triangle.length, 4096, 65536);
  const often = (): void => {
    for (let i = 0; i < 1000; i++) draw();
  };
  expect(often).toThrow(expect.objectContaining({ code: 'LIMIT' }) as Error);
  // As many of an ordinary size are none.
  const usual = new Rasterizer();
  const square = usual.fill.bind(usual, [10, 10, 200, 10, 200, 100, 10, 100], 0, 8, 480, 640);
  for (let i = 0; i < 100_000; i++) square();
});
