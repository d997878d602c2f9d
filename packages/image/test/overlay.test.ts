import { readdir } from 'node:fs/promises';
import { GlobalFonts } from '@napi-rs/canvas';
import { encodeMask, UNLABELED, type Instance, type Mask } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { fitText, measuringContext } from '../src/canvas.ts';
import { drawOverlay } from '../src/draw-overlay.ts';
import { instanceMap } from '../src/instance-map.ts';
import { placeNames, type NameWish } from '../src/name-places.ts';
import { inkOn, labelColor, shade } from '../src/palette.ts';
import type { Picture } from '../src/picture.ts';
import { regions } from '../src/region-centers.ts';
import { md5, noise, noisePicture } from './helpers.ts';

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

it('writes in a color that reads on any label color and its shades', () => {
  for (let i = 0; i < 3 * 256; i++) {
    const color = shade(labelColor(Math.floor(i / 3)), i);
    const [dark, light] = [luminance(inkOn(color)), luminance(color)].toSorted((a, b) => a - b);
    expect((light! + 0.05) / (dark! + 0.05)).toBeGreaterThan(4.5); // WCAG AA
  }
});

it.each([
  ['latin', 'Wiii'],
  ['latin-ext', 'Łőş'],
  ['vietnamese', 'ắộữ'],
  ['greek', 'Ωμέγα'],
  ['cyrillic', 'Жук'],
  ['cyrillic-ext', 'Ҥҕ'],
  ['devanagari', 'हिन्दी'],
])('brings its own letters: %s', (script, text) => {
  const context = measuringContext(20);
  expect(GlobalFonts.has(`Vitamin Noto Sans ${script}`)).toBe(true);
  // Advance widths of Noto Sans SemiBold at 20 pixels, which no fallback font shares.
  const shown = context.measureText(text).width;
  context.font = `20px "Vitamin Noto Sans ${script}"`;
  expect(context.measureText(text).width).toBe(shown);
  expect(shown).toBeGreaterThan(15);
});

it('ships no font that it does not use', async () => {
  const fonts = await readdir(new URL('../fonts', import.meta.url));
  const registered = fonts.filter((file) => file.endsWith('.woff2')).map((file) => /^noto-sans-(.+)-600\.woff2$/.exec(file)?.[1]);
  measuringContext(20);
  expect(registered).toHaveLength(7);
  for (const script of registered) expect(GlobalFonts.has(`Vitamin Noto Sans ${script}`)).toBe(true);
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
  const drawn = drawOverlay(picture, { instances: [{ box: [100, 120, 150, 100], label: 'cat', score: 0.9 }] });
  expect([drawn.width, drawn.height, md5(picture.data)]).toEqual([400, 300, before]);
  expect(pixel(drawn, 175, 170)).toEqual([90, 90, 90]);
  expect(pixel(drawn, 101, 170)).toEqual([...labelColor(0)]);
  expect(pixel(drawn, 20, 20)).toEqual([90, 90, 90]);
  // The plate lies above the box and holds dark letters on the label's color.
  expect(count(drawn, labelColor(0), 95, 95, 250, 118)).toBeGreaterThan(300);
  expect(count(drawn, [0, 0, 0], 95, 95, 250, 118)).toBeGreaterThan(30);
});

it('gives one label one color through all layers, by its place among the labels, and takes given colors', () => {
  const instances = [
    { box: [10, 100, 100, 100], label: 'dog', score: 0.5 },
    { box: [200, 100, 100, 100], label: 'cat', score: 0.5 },
    { box: [400, 100, 100, 100], label: 'dog', score: 0.5 },
    { box: [10, 300, 100, 100], label: 'sky', score: 0.5 },
  ] as const;
  const drawn = drawOverlay(flat(640, 480, 0), { instances }, { labels: ['sky', 'cat'] });
  expect(pixel(drawn, 11, 150)).toEqual([...labelColor(2)]);
  expect(pixel(drawn, 401, 150)).toEqual([...labelColor(2)]);
  expect(pixel(drawn, 201, 150)).toEqual([...labelColor(1)]);
  expect(pixel(drawn, 11, 350)).toEqual([...labelColor(0)]);
  const labelMap = { width: 640, height: 480, data: new Uint8Array(640 * 480).fill(1).fill(0, 320 * 640) };
  const both = drawOverlay(flat(640, 480, 0), { labelMap, instances }, { labels: ['sky', 'dog'], opacity: 1, names: false });
  expect(pixel(both, 320, 470)).toEqual(pixel(both, 11, 350));
  const own = drawOverlay(flat(640, 480, 0), { instances }, { color: (label) => (label === 'sky' ? [1, 200, 3] : [9, 9, 9]) });
  expect(pixel(own, 11, 350)).toEqual([1, 200, 3]);
});

/** Things at random places, some of them larger than the picture, some beyond it. */
function wishes(total: number, kinds: number, width: number, height: number): NameWish[] {
  const bytes = noise(total * 4, total);
  return Array.from({ length: total }, (_, i) => {
    const [x, y, w, h] = bytes.subarray(i * 4) as unknown as [number, number, number, number];
    const box = [(x / 200 - 0.1) * width, (y / 200 - 0.1) * height, (w / 600) ** 2 * width * 3, (h / 600) ** 2 * height * 3] as const;
    return { label: `thing ${i % kinds}`, score: '0.50', color: [0, 0, 0], style: 'plate', box };
  });
}

it.each([
  [3, 3, 640, 480],
  [60, 10, 640, 480],
  [500, 5, 640, 480],
  [300, 300, 500, 375],
  [80, 8, 5000, 40],
  [40, 40, 4000, 3000],
  [20, 20, 320, 18],
])('places names of %i things of %i kinds on %i x %i inside, and never one upon another', (total, kinds, width, height) => {
  const placed = placeNames(wishes(total, kinds, width, height), { width, height });
  expect(placed.length).toBeGreaterThan(0);
  for (const [i, a] of placed.entries()) {
    expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height).toBe(true);
    for (const b of placed.slice(0, i)) {
      const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect(apart, `${a.text} on ${b.text}`).toBe(true);
    }
  }
  // However much there is, most of the picture can be seen.
  expect(placed.reduce((sum, name) => sum + name.width * name.height, 0)).toBeLessThan(0.4 * width * height);
  if (kinds <= 10 && height > 100) expect(new Set(placed.map(({ label }) => label)).size).toBe(kinds);
});

it('draws hundreds of boxes and leaves the picture to be seen', () => {
  const instances = wishes(1500, 6, 640, 480).map(({ label, box }): Instance => ({ label, score: 0.5, box }));
  const small = instances.filter(({ box }) => box![2] < 60 && box![3] < 60);
  expect(small.length).toBeGreaterThan(200);
  expect(count(drawOverlay(flat(640, 480, 91), { instances: small }), [91, 91, 91])).toBeGreaterThan(0.4 * 640 * 480);
});

it('explains below what found no room, and nothing otherwise', () => {
  const box = [0, 0, 300, 12] as const;
  const few = drawOverlay(flat(400, 300, 9), { instances: [{ label: 'cat', score: 1, box: [50, 50, 100, 100] }] });
  expect(few.height).toBe(300);
  const crowd = Array.from({ length: 40 }, (_, i): Instance => ({ label: `kind ${i}`, score: 1, box }));
  expect(drawOverlay(flat(400, 300, 9), { instances: crowd }).height).toBeGreaterThan(400);
  expect(drawOverlay(flat(400, 300, 9), { instances: crowd }, { legend: false }).height).toBe(300);
  const long = [{ label: 'a description that is much longer than any plate in a picture of this size may be', score: 1, box }];
  expect(drawOverlay(flat(400, 300, 9), { instances: long }).height).toBeGreaterThan(310);
  const strip = drawOverlay(flat(20, 900, 9), { instances: [{ label: 'cat', score: 1, box }] });
  expect([strip.width, strip.height > 900]).toEqual([320, true]);
});

it.each([
  [64, 64, 320],
  [8, 8, 320],
  [1, 1, 320],
  [200, 10, 400],
  [320, 5, 320],
  [5000, 40, 5000],
])('draws on a picture of %i x %i', (width, height, expected) => {
  const data = new Uint8Array(width * height);
  const box = [-5, -5, width * 3, height * 3] as const;
  const mask = encodeMask(new Uint8Array(width * height).fill(1), width, height);
  const drawn = drawOverlay(noisePicture(width, height), {
    instances: [{ box, mask, label: 'a rather long label for a small picture', score: 1 }],
  });
  expect(drawn.width).toBe(expected);
  const labels = drawOverlay(noisePicture(width, height), { labelMap: { width, height, data } }, { labels: ['grass'] });
  expect(labels.width).toBe(expected);
});

/** The mask of some columns of a picture. */
function columns(width: number, height: number, from: number, to: number): Mask {
  const inside = (_: unknown, i: number): number => (i % width >= from && i % width < to ? 1 : 0);
  return encodeMask(Uint8Array.from({ length: width * height }, inside), width, height);
}

it('lays smaller masks on larger ones', () => {
  const instances = [
    { label: 'small', score: 1, mask: columns(6, 2, 1, 2) },
    { label: 'boxed', score: 1, box: [0, 0, 6, 2] as const },
    { label: 'large', score: 1, mask: columns(6, 2, 0, 4) },
  ];
  const none = UNLABELED;
  expect([...instanceMap(flat(6, 2, 0), instances).data]).toEqual([2, 0, 2, 2, none, none, 2, 0, 2, 2, none, none]);
});

it('paints masks, borders them, and leaves the rest of the picture alone', () => {
  const drawn = drawOverlay(
    flat(400, 300, 100),
    { instances: [{ label: 'cat', score: 0.7, mask: columns(400, 300, 0, 100) }] },
    { names: false, legend: false },
  );
  expect(pixel(drawn, 50, 150)).toEqual(labelColor(0).map((value) => Math.trunc(0.45 * 100 + 0.55 * value + 0.5)));
  expect(pixel(drawn, 99, 150)).toEqual([255, 255, 255]);
  expect(count(drawn, [100, 100, 100], 101)).toBe(299 * 300);
});

it('paints things in shades of their color, stuff in its own, and pixels of no segment not at all', () => {
  const ids = [1, 2, 3, 9];
  const map = { width: 400, height: 300, data: Uint8Array.from({ length: 400 * 300 }, (_, i) => ids[Math.floor((i % 400) / 100)]!) };
  const segment = { score: 1, area: 30_000, box: [0, 0, 100, 300] } as const;
  const segments = [
    { ...segment, id: 1, label: 'cat', isThing: true },
    { ...segment, id: 2, label: 'cat', isThing: true },
    { ...segment, id: 3, label: 'sky', isThing: false },
    { ...segment, id: 4, label: 'not in the map', isThing: true },
  ];
  const drawn = drawOverlay(flat(400, 300, 100), { panoptic: { map, segments } }, { opacity: 1 });
  expect(pixel(drawn, 50, 20)).toEqual([...labelColor(0)]);
  expect(pixel(drawn, 150, 20)).not.toEqual(pixel(drawn, 50, 20));
  expect(pixel(drawn, 250, 20)).toEqual([...labelColor(1)]);
  expect(pixel(drawn, 350, 20)).toEqual([100, 100, 100]);
  // The name of stuff is white, that of a thing dark on its plate.
  expect(count(drawn, [255, 255, 255], 210, 100, 290, 200)).toBeGreaterThan(10);
  expect(count(drawn, [0, 0, 0], 10, 100, 90, 200)).toBeGreaterThan(10);
  expect(drawn.height).toBeGreaterThan(320); // shares of the picture in the legend
});

it('refuses boxes, masks and instances that cannot be drawn', () => {
  for (const instance of [
    { label: 'x', score: 1, box: [0, 0, Number.NaN, 4] as const },
    { label: 'x', score: 1, mask: encodeMask(new Uint8Array(80), 8, 10) },
    { label: 'x', score: 1, mask: { size: [9, 9] as const, counts: Uint32Array.of(80, 2) } },
    { label: 'x', score: 1 },
  ]) {
    expect(() => drawOverlay(flat(9, 9, 0), { instances: [instance] })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }
});

it('finds areas and deepest points', () => {
  const data = new Uint8Array(20 * 10).fill(3);
  for (let y = 2; y < 7; y++) data.fill(9, y * 20 + 11, y * 20 + 16);
  const [big, small] = regions({ width: 20, height: 10, data });
  expect(big).toMatchObject({ label: 3, area: 175, depth: 5 });
  expect(regions({ width: 21, height: 7, data: new Uint8Array(147) })).toEqual([
    { label: 0, area: 147, x: 10, y: 3, depth: 4, box: [0, 0, 21, 7] },
  ]);
  expect(small).toEqual({ label: 9, area: 25, x: 13, y: 4, depth: 3, box: [11, 2, 5, 5] });
});

it('paints labels, leaves pixels without a label alone and explains the colors below', () => {
  const picture = flat(400, 300, 100);
  const data = new Uint8Array(400 * 300).fill(255);
  for (let y = 0; y < 300; y++) data.fill(y < 150 ? 0 : 1, y * 400, y * 400 + 200);
  const drawn = drawOverlay(picture, { labelMap: { width: 400, height: 300, data } }, { labels: ['sky', 'road'], names: false });
  expect(drawn.width).toBe(400);
  expect(drawn.height).toBeGreaterThan(330);
  expect(pixel(drawn, 300, 100)).toEqual([100, 100, 100]);
  expect(pixel(drawn, 50, 100)).toEqual(labelColor(0).map((value) => Math.trunc(0.45 * 100 + 0.55 * value + 0.5)));
  expect(pixel(drawn, 50, 149)).toEqual([255, 255, 255]);
  expect(count(drawn, labelColor(0), 0, 300)).toBeGreaterThan(60);
  expect(count(drawn, labelColor(1), 0, 300)).toBeGreaterThan(60);
  const named = drawOverlay(picture, { labelMap: { width: 400, height: 300, data } }, { labels: ['sky', 'road'], legend: false });
  expect([named.width, named.height]).toEqual([400, 300]);
  expect(count(named, [255, 255, 255], 60, 60, 140, 100)).toBeGreaterThan(15);
});

it('takes 16-bit labels, labels without names, and 200 labels at once', () => {
  const data = Uint16Array.from({ length: 400 * 200 }, (_, i) => 1000 + (Math.floor(i / 400 / 20) * 20 + Math.floor((i % 400) / 20)));
  const drawn = drawOverlay(flat(400, 200, 60), { labelMap: { width: 400, height: 200, data } });
  expect(drawn.height).toBeGreaterThan(200 + 40 * 20);
});

it('draws what a damaged map or a hostile label asks for, in bounds', () => {
  const data = Uint16Array.from({ length: 300 * 220 }, (_, i) => i % 65_535);
  const drawn = drawOverlay(flat(300, 220, 60), { labelMap: { width: 300, height: 220, data } });
  expect(drawn.height).toBeGreaterThan(2000);
  expect(drawn.height).toBeLessThan(12_000);
  const label = 'x'.repeat(100_000_000);
  expect(drawOverlay(flat(400, 300, 0), { instances: [{ label, score: 1, box: [-1e9, -1e9, 2e9, 2e9] }] }).width).toBe(400);
});

it('refuses maps that do not fit the picture', () => {
  const map = { width: 4, height: 3, data: new Uint8Array(12) };
  expect(() => drawOverlay(flat(3, 4, 0), { labelMap: map })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => drawOverlay(flat(4, 3, 0), { labelMap: { ...map, data: new Uint8Array(11) } })).toThrow(
    expect.objectContaining({ code: 'USAGE' }),
  );
  expect(() => drawOverlay(flat(4, 3, 0), { panoptic: { map, segments: [] } }, { opacity: 2 })).toThrow(
    expect.objectContaining({ code: 'USAGE' }),
  );
});
