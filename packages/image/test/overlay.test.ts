import { GlobalFonts } from '@napi-rs/canvas';
import { expect, it } from 'vitest';
import { fitText, measuringContext } from '../src/canvas.ts';
import { drawBoxes } from '../src/draw-boxes.ts';
import { drawLabelMap } from '../src/draw-label-map.ts';
import { inkOn, labelColor } from '../src/palette.ts';
import type { Picture } from '../src/picture.ts';
import { regions } from '../src/region-centers.ts';
import { md5, noisePicture } from './helpers.ts';

function flat(width: number, height: number, value: number): Picture {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

function pixel({ width, data }: Picture, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

/** Pixels of exactly one color in a rectangle. */
function count(picture: Picture, color: readonly number[], x0 = 0, y0 = 0, x1 = picture.width, y1 = picture.height): number {
  let found = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (pixel(picture, x, y).every((value, i) => value === color[i])) found++;
  return found;
}

it('has 256 colors that never repeat; the first 200 are well apart', () => {
  const all = Array.from({ length: 256 }, (_, i) => labelColor(i));
  expect(new Set(all.map(String)).size).toBe(256);
  let nearest = Infinity;
  for (let i = 0; i < 200; i++)
    for (let j = 0; j < i; j++) nearest = Math.min(nearest, Math.hypot(...all[i]!.map((value, c) => value - all[j]![c]!)));
  expect(nearest).toBeGreaterThan(20);
  expect(labelColor(256)).toEqual(labelColor(0));
  expect([labelColor(0), labelColor(1), labelColor(2)]).toEqual([
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
  ]);
});

/** Relative luminance, WCAG 2. */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

it('writes in a color that reads on any label color', () => {
  for (let i = 0; i < 256; i++) {
    const [dark, light] = [luminance(inkOn(labelColor(i))), luminance(labelColor(i))].toSorted((a, b) => a - b);
    expect((light! + 0.05) / (dark! + 0.05)).toBeGreaterThan(4.5); // WCAG AA
  }
});

it('brings its own letters', () => {
  const context = measuringContext(20);
  expect(GlobalFonts.has('Vitamin Noto Sans latin')).toBe(true);
  // Advance widths of Noto Sans SemiBold at 20 pixels, which no fallback font shares.
  const own = context.measureText('Wiiii').width;
  context.font = '20px "Vitamin Noto Sans latin"';
  expect(context.measureText('Wiiii').width).toBe(own);
  context.font = '20px "Vitamin Noto Sans cyrillic"';
  const cyrillic = context.measureText('Жук').width;
  expect(measuringContext(20).measureText('Жук').width).toBe(cyrillic);
});

it('shortens what does not fit', () => {
  const context = measuringContext(16);
  expect(fitText(context, 'cat', 500)).toBe('cat');
  const short = fitText(context, 'a very long label with many words', 100);
  expect(short).toMatch(/^a very.*…$/);
  expect(context.measureText(short).width).toBeLessThanOrEqual(100);
  expect(fitText(context, 'cat', 1)).toBe('…');
});

it('draws a box in its color around, not in, what it marks', () => {
  const picture = flat(400, 300, 90);
  const before = md5(picture.data);
  const drawn = drawBoxes(picture, [{ box: [100, 120, 150, 100], label: 'cat', score: 0.9 }]);
  expect([drawn.width, drawn.height, md5(picture.data)]).toEqual([400, 300, before]);
  expect(pixel(drawn, 175, 170)).toEqual([90, 90, 90]);
  expect(pixel(drawn, 101, 170)).toEqual([...labelColor(0)]);
  expect(pixel(drawn, 20, 20)).toEqual([90, 90, 90]);
  // The plate lies above the box and holds dark letters on the label's color.
  expect(count(drawn, labelColor(0), 95, 95, 250, 118)).toBeGreaterThan(300);
  expect(count(drawn, [0, 0, 0], 95, 95, 250, 118)).toBeGreaterThan(30);
});

it('gives one label one color, and takes given colors', () => {
  const drawn = drawBoxes(flat(640, 480, 0), [
    { box: [10, 100, 100, 100], label: 'dog' },
    { box: [200, 100, 100, 100], label: 'cat' },
    { box: [400, 100, 100, 100], label: 'dog' },
    { box: [10, 300, 100, 100], label: 'sky', color: [1, 200, 3] },
  ]);
  expect(pixel(drawn, 11, 150)).toEqual([...labelColor(0)]);
  expect(pixel(drawn, 401, 150)).toEqual([...labelColor(0)]);
  expect(pixel(drawn, 201, 150)).toEqual([...labelColor(1)]);
  expect(pixel(drawn, 11, 350)).toEqual([1, 200, 3]);
});

it('keeps plates inside the picture and apart from each other', () => {
  const boxes = Array.from({ length: 4 }, (_, i) => ({ box: [300, 2, 90, 60] as const, label: `thing ${i}`, score: 0.5 }));
  const drawn = drawBoxes(flat(400, 300, 40), boxes);
  for (let i = 0; i < 4; i++) expect(count(drawn, labelColor(i))).toBeGreaterThan(200);
});

it.each([
  [64, 64, 320],
  [1, 1, 320],
  [200, 10, 400],
  [320, 5, 320],
])('draws on a picture of %i x %i', (width, height, expected) => {
  const drawn = drawBoxes(noisePicture(width, height), [
    { box: [-5, -5, width * 3, height * 3], label: 'a rather long label for a small picture', score: 1 },
  ]);
  expect(drawn.width).toBe(expected);
  const labels = drawLabelMap(noisePicture(width, height), { width, height, data: new Uint8Array(width * height) }, ['grass']);
  expect(labels.width).toBe(expected);
});

it('refuses boxes that are not numbers', () => {
  expect(() => drawBoxes(flat(9, 9, 0), [{ box: [0, 0, Number.NaN, 4], label: 'x' }])).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

it('finds areas and deepest points', () => {
  const data = new Uint8Array(20 * 10).fill(3);
  for (let y = 2; y < 7; y++) data.fill(9, y * 20 + 11, y * 20 + 16);
  const [big, small] = regions({ width: 20, height: 10, data });
  expect(big).toMatchObject({ label: 3, area: 175, depth: 5 });
  expect(regions({ width: 21, height: 7, data: new Uint8Array(147) })).toEqual([{ label: 0, area: 147, x: 10, y: 3, depth: 4 }]);
  expect(small).toEqual({ label: 9, area: 25, x: 13, y: 4, depth: 3 });
});

it('paints labels, leaves ignored pixels alone and explains the colors below', () => {
  const picture = flat(400, 300, 100);
  const data = new Uint8Array(400 * 300).fill(255);
  for (let y = 0; y < 300; y++) data.fill(y < 150 ? 0 : 1, y * 400, y * 400 + 200);
  const drawn = drawLabelMap(picture, { width: 400, height: 300, data }, ['sky', 'road'], { ignore: 255, names: false });
  expect(drawn.width).toBe(400);
  expect(drawn.height).toBeGreaterThan(330);
  expect(pixel(drawn, 300, 100)).toEqual([100, 100, 100]);
  expect(pixel(drawn, 50, 100)).toEqual(labelColor(0).map((value) => Math.trunc(0.45 * 100 + 0.55 * value + 0.5)));
  expect(pixel(drawn, 50, 149)).toEqual([255, 255, 255]);
  expect(count(drawn, labelColor(0), 0, 300)).toBeGreaterThan(60);
  expect(count(drawn, labelColor(1), 0, 300)).toBeGreaterThan(60);
  const named = drawLabelMap(picture, { width: 400, height: 300, data }, ['sky', 'road'], { ignore: 255, legend: false });
  expect([named.width, named.height]).toEqual([400, 300]);
  expect(count(named, [255, 255, 255], 60, 60, 140, 100)).toBeGreaterThan(15);
});

it('takes 16-bit labels, labels without names, and 200 labels at once', () => {
  const data = Uint16Array.from({ length: 400 * 200 }, (_, i) => 1000 + (Math.floor(i / 400 / 20) * 20 + Math.floor((i % 400) / 20)));
  const drawn = drawLabelMap(flat(400, 200, 60), { width: 400, height: 200, data }, []);
  expect(drawn.height).toBeGreaterThan(200 + 40 * 20);
});

it('refuses maps that do not fit the picture', () => {
  const map = { width: 4, height: 3, data: new Uint8Array(12) };
  expect(() => drawLabelMap(flat(3, 4, 0), map, [])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => drawLabelMap(flat(4, 3, 0), { ...map, data: new Uint8Array(11) }, [])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => drawLabelMap(flat(4, 3, 0), map, [], { opacity: 2 })).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
