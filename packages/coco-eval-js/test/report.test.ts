import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { Pictures } from '../src/cli/pictures.ts';
import { Progress } from '../src/cli/progress.ts';
import { nearest } from '../src/cli/suggest.ts';
import type { CrossClassImage } from '../src/cross-class/images.ts';
import { placeLabels } from '../src/report/labels.ts';
import { renderReport } from '../src/report/page.ts';
import type { ReportBox } from '../src/report/types.ts';
import { random } from './shared.ts';
import { worstImages } from '../src/report/worst-images.ts';

/** One class; every detection lies on the ground truth of its position, or on nothing. */
function image(imageId: number, objects: number, scores: readonly number[], right: readonly boolean[]): CrossClassImage {
  const iou = new Float64Array(scores.length * objects);
  right.forEach((hit, d) => hit && (iou[d * objects + d] = 1));
  return {
    imageId,
    dtIndexes: Int32Array.from(scores, (_, d) => 10 * imageId + d),
    dtCategories: new Float64Array(scores.length).fill(1),
    dtScores: Float64Array.from(scores),
    gtIndexes: Int32Array.from({ length: objects }, (_, g) => 100 * imageId + g),
    gtCategories: new Float64Array(objects).fill(1),
    iou,
    crowdCategories: new Float64Array(0),
    crowdIou: new Float64Array(0),
  };
}

it('judges images at the score of the best F1 and ranks by mistakes', () => {
  const images = [
    image(1, 2, [0.9, 0.8, 0.1], [true, true, false]), // perfect above 0.1
    image(2, 2, [0.9, 0.1], [true, false]), // one missed
    image(3, 1, [0.9, 0.8], [false, false]), // one missed, two wrong
  ];
  const { minScore, f1, images: worst } = worstImages(images, 2);
  // At 0.8: 3 right, 2 wrong, 2 missed; at 0.9: 2 right, 1 wrong, 3 missed.
  expect(minScore).toBe(0.8);
  expect(f1).toBeCloseTo(6 / 10, 12);
  expect(worst).toEqual([
    { imageId: 3, right: [], wrong: [30, 31], missed: [300] },
    { imageId: 2, right: [20], wrong: [], missed: [201] },
  ]);
});

it('draws a page from nothing but a headline, and escapes what it is given', () => {
  const html = renderReport({
    title: '"><script>alert(1)</script>',
    facts: ['a & b'],
    metrics: [{ name: 'AP', value: null }],
    summary: '<table>',
  });
  expect(html).not.toMatch(/<script>alert|<table>|a & b/);
  expect(html).toContain('–');
});

it('lets its own script run and no other', () => {
  const html = renderReport({ title: 't', facts: [], metrics: [], summary: '' });
  const own = html.match(/<script>([^]*)<\/script>/)![1]!;
  const hash = createHash('sha256').update(own).digest('base64');
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'"`);
});

it('large class lists can be searched and sorted, large matrices are cut to what can be read', () => {
  const labels = Array.from({ length: 300 }, (_, i) => `class ${i}`);
  const counts = new Float64Array(301 ** 2);
  counts[5 * 301 + 7] = 3;
  const rows = labels.map((name, i) => ({ name, value: i / 300, groundTruths: 1200 * i, detections: 1 }));
  const html = renderReport({
    title: 't',
    facts: [],
    metrics: [],
    classes: { valueName: 'AP', rows },
    confusion: { labels, counts, iouThr: 0.5 },
    summary: '',
  });
  expect(html.match(/data-name="class \d+"/g)).toHaveLength(300);
  expect(html).toContain('data-name="class 299" data-value="99.67" data-count="358800"');
  expect(html).toContain('placeholder="search 300 classes"');
  // The column is as wide as its longest number, which has no place to break.
  expect(html).toContain('style="--count:7ch"');
  expect(html).toContain('>358\u202F800</span>');
  expect(html).toContain('the 80 classes most often confused');
  expect(html).toContain('class 5 → class 7');
});

it('labels of a crowded picture stay inside it and clear of each other, mistakes first', () => {
  const r = random(4);
  const boxes = Array.from({ length: 60 }, (_, i): ReportBox => ({
    kind: i < 40 ? 'tp' : i < 50 ? 'fn' : 'fp',
    label: `class ${i}`,
    bbox: [r() * 600, r() * 440, 10 + r() * 60, 10 + r() * 60],
    ...(i % 2 === 0 && { score: r() }),
  }));
  const labels = placeLabels(boxes, 20, 640, 480);
  const shown = labels.flatMap((label, i) => (label === undefined ? [] : [{ ...label, i, right: label.x + 0.6 * 20 * label.text.length }]));
  expect(shown.length).toBeGreaterThan(20);
  for (const a of shown) {
    expect(a.x >= 0 && a.right <= 640 && a.y >= 16 && a.y <= 480).toBe(true);
    for (const b of shown) if (a.i < b.i) expect(a.x >= b.right || b.x >= a.right || Math.abs(a.y - b.y) >= 20).toBe(true);
  }
  const share = (from: number, to: number): number => labels.slice(from, to).filter(Boolean).length / (to - from);
  expect(share(40, 60)).toBeGreaterThan(share(0, 40));
  const worst = { title: 'tall.jpg', width: 440, height: 1320, tp: 40, fp: 10, fn: 10, boxes };
  const html = renderReport({ title: '', facts: [], metrics: [], worst: { minScore: 0.5, f1: 0.5, images: [worst] }, summary: '' });
  expect(html).toContain('style="font-size:63px"');
  expect(placeLabels([{ kind: 'fp', label: 'a word much wider than the picture', bbox: [0, 0, 9, 9] }], 20, 100, 100)).toEqual([undefined]);
});

it('suggests what is near and nothing else', () => {
  expect(nearest('pre-class', ['per-class', 'panoptic'])).toBe('per-class');
  expect(nearest('zzzzzz', ['per-class', 'panoptic'])).toBeUndefined();
});

it('progress stays away from short work, redraws a terminal, and leaves a clean line', () => {
  vi.useFakeTimers();
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  const progress = new Progress(stream, false);
  progress.step('matching', 1, 80);
  expect(stream.read()).toBeNull();
  vi.advanceTimersByTime(1200);
  progress.step('matching', 40, 80);
  progress.step('matching', 41, 80);
  progress.clear();
  expect(String(stream.read())).toBe('\r\u001b[Kmatching 50 %\r\u001b[K');
  vi.useRealTimers();
});

it('shows pictures that lie in the folder, whatever names say, and tells which are missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-pictures-'));
  const inside = join(folder, 'pictures');
  mkdirSync(join(inside, 'deep'), { recursive: true });
  const png = Buffer.from('89504e470d0a1a0a00000000', 'hex');
  for (const path of [join(inside, 'a.png'), join(inside, 'deep/b.png'), join(folder, 'secret.png')]) writeFileSync(path, png);
  writeFileSync(join(inside, 'text.jpg'), 'no picture');
  symlinkSync('../secret.png', join(inside, 'link.png'));
  const pictures = new Pictures(inside);
  const address = `data:image/png;base64,${png.toString('base64')}`;
  for (const name of ['a.png', 'deep/b.png', 'val2017/a.png', './deep/../a.png']) expect(await pictures.read(name)).toBe(address);
  expect(pictures.remark()).toBeUndefined();
  for (const name of ['../secret.png', join(folder, 'secret.png'), 'link.png', 'text.jpg', 'none.png', 'deep', 'a\u0000.png'])
    expect(await pictures.read(name)).toBeUndefined();
  expect(pictures.remark()).toMatch(/^7 pictures of the page not shown: .* \(first: \.\.\/secret\.png\)$/);
  rmSync(folder, { recursive: true });
  const shown = { title: 'one', width: 10, height: 10, tp: 0, fp: 1, fn: 0, boxes: [], picture: address };
  const html = renderReport({ title: 't', facts: [], metrics: [], summary: '', worst: { minScore: 0, f1: 0, images: [shown] } });
  expect(html).toContain(`<image href="${address}" width="10" height="10">`);
});

it('gives wide letters more room', () => {
  const boxes = ['猫猫猫猫', 'MMMM'].map((label): ReportBox => ({ kind: 'fp', label, bbox: [0, 10, 90, 10] }));
  const [, second] = placeLabels([boxes[0]!, { ...boxes[1]!, bbox: [36, 10, 50, 10] }], 10, 100, 22);
  // Four squares of 10.5 end at 42, so the next label has no place beside them in the same row.
  expect(second?.y).not.toBe(placeLabels([boxes[0]!], 10, 100, 22)[0]!.y);
});
