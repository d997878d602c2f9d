import { expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset, Result } from '../src/coco/types.ts';
import { BoundaryFinder, boundaryWidth } from '../src/mask/boundary.ts';
import { MaskRuns } from '../src/mask/runs.ts';
import { hasData, random, readJson, whyNot } from './shared.ts';

function runsOf(pixels: Uint8Array, height: number, width: number): MaskRuns {
  const runs = new MaskRuns();
  runs.clear(height, width);
  for (let i = 0; i < pixels.length; i++) if (pixels[i]) runs.push(i, i + 1);
  runs.finish();
  return runs;
}

function pixelsOf({ ends, length, height, width }: MaskRuns): Uint8Array {
  const pixels = new Uint8Array(height * width);
  for (let r = 0; r < length; r++) pixels.fill(1, ends[2 * r], ends[2 * r + 1]);
  return pixels;
}

/** By the letter: a pixel is inside when all pixels of the square around it are in the mask; outside of the image nothing is. */
function plainBoundary(pixels: Uint8Array, height: number, width: number): Uint8Array {
  const d = boundaryWidth(height, width);
  const isIn = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && pixels[x * height + y] === 1;
  return pixels.map((pixel, i) => {
    if (!pixel) return 0;
    const [x, y] = [Math.floor(i / height), i % height];
    for (let dx = -d; dx <= d; dx++) for (let dy = -d; dy <= d; dy++) if (!isIn(x + dx, y + dy)) return 1;
    return 0;
  });
}

it('has a width of 2 % of the diagonal', () => {
  // faster-coco-eval 1.8.0: round(0.02 sqrt(h^2 + w^2) - 1e-10), at least 1.
  expect([boundaryWidth(480, 640), boundaryWidth(10, 10), boundaryWidth(1080, 1920), boundaryWidth(15, 20)]).toEqual([16, 1, 44, 1]);
  expect(boundaryWidth(0, 75)).toBe(1);
  expect(boundaryWidth(60, 45)).toBe(1);
});

it('is what an erosion by a square takes away, in every kind of mask', () => {
  const finder = new BoundaryFinder();
  const out = new MaskRuns();
  const r = random(5);
  for (let n = 0; n < 150; n++) {
    // Diagonals of up to 200 pixels: widths of 1 to 4.
    const [height, width] = [1 + Math.floor(r() * 120), 1 + Math.floor(r() * 160)];
    const pixels = new Uint8Array(height * width);
    for (let k = Math.floor(r() * 5); k >= 0; k--) {
      const [x, y] = [Math.floor(r() * width), Math.floor(r() * height)];
      const [w, h] = [Math.ceil(r() * width), Math.ceil(r() * height)];
      for (let i = x; i < Math.min(width, x + w); i++)
        pixels.fill(n % 3 === 0 ? 1 : Number(r() < 0.97), i * height + y, i * height + Math.min(height, y + h));
    }
    if (n % 10 === 0) pixels.fill(1);
    if (n % 7 === 0) for (let i = 0; i < pixels.length; i++) if (r() < 0.01) pixels[i] = 0;
    finder.find(runsOf(pixels, height, width), out);
    const wanted = plainBoundary(pixels, height, width);
    expect(Buffer.from(pixelsOf(out)).equals(Buffer.from(wanted))).toBe(true);
    expect(out.area).toBe(wanted.reduce((sum, pixel) => sum + pixel, 0));
  }
});

it('bounds the columns of all masks together', () => {
  const wide = new MaskRuns();
  wide.clear(1, 2 ** 28);
  wide.push(0, 2 ** 28);
  wide.finish();
  const finder = new BoundaryFinder();
  Object.defineProperty(wide, 'right', { value: 2 ** 31 });
  expect(() => finder.find(wide, new MaskRuns())).toThrow(/^Expected masks of at most 1073741824 columns/);
});

it.skipIf(!hasData)(`equals faster-coco-eval${whyNot}`, () => {
  const dataset = readJson('coco-mini/annotations/instances_val2017.json') as Dataset;
  const results = readJson('golden/mini_val_dets_segm.json') as Result[];
  const { stats, metrics } = evaluate(dataset, results, { iouType: 'boundary' });
  // faster-coco-eval 1.8.0, COCOeval_faster(..., 'boundary').stats
  const wanted = [
    0.15579396460161166, 0.3978645740828862, 0.08401068031697387, 0.3005869757912529, 0.24048716179729746, 0.04895712122771007,
    0.12409017232759224, 0.22832342981921241, 0.23295177523984723, 0.3679341838716839, 0.30178148364849133, 0.07277355623100304,
  ];
  stats.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 12));
  expect(metrics['AP']).toBe(stats[0]);
  // Of crowd regions the masks alone count, and a mask that is its own boundary has the IoU of masks.
  expect(evaluate(dataset, results, { iouType: 'segm' }).metrics['AP']).toBeGreaterThan(stats[0]!);
});
