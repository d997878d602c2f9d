import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { baseKinds, decodeRle, kinds, renderScene, renderSingle, type Scene } from '../src/index.ts';

const sizes = [
  { width: 128, height: 128 },
  { width: 160, height: 96 },
  { width: 72, height: 120 },
];

function each(count: number, check: (scene: Scene) => void): void {
  for (let seed = 0; seed < count; seed++) check(renderScene(seed, sizes[seed % sizes.length]));
}

function hash(scene: Scene): string {
  const { picture, semantic, panoptic, ...rest } = scene;
  return createHash('sha256').update(picture.data).update(semantic).update(panoptic).update(JSON.stringify(rest)).digest('hex');
}

it('gives masks, areas and boxes that agree with the panoptic and semantic maps', () => {
  each(30, ({ picture: { width, height }, things, semantic, panoptic }) => {
    for (const thing of things) {
      const mask = decodeRle(thing.mask);
      let [area, left, top, right, bottom] = [0, width, height, 0, 0];
      for (let i = 0; i < mask.length; i++) {
        if ((mask[i] === 1) !== (panoptic[i] === thing.segmentId)) throw new Error(`pixel ${i} of ${thing.category}`);
        if (mask[i] === 0) continue;
        const [x, y] = [i % width, Math.floor(i / width)];
        area++;
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
        if (semantic[i] !== thing.categoryId) throw new Error(`semantic ${semantic[i]} in ${thing.category}`);
      }
      expect(thing.area).toBe(area);
      expect(thing.box).toEqual([left, top, right - left, bottom - top]);
      expect(thing.mask.counts.reduce((sum, count) => sum + count, 0)).toBe(width * height);
      expect(thing.visible).toBeGreaterThanOrEqual(0.35);
      expect(thing.visible).toBeLessThanOrEqual(1);
    }
  });
});

it('labels every pixel, with segments that are unique and complete', () => {
  each(30, ({ things, stuff, semantic, panoptic }) => {
    const segments = new Map([...things, ...stuff].map((segment) => [segment.segmentId, segment]));
    expect(segments.size).toBe(things.length + stuff.length);
    const areas = new Map<number, number>();
    for (let i = 0; i < panoptic.length; i++) {
      const id = panoptic[i]!;
      areas.set(id, (areas.get(id) ?? 0) + 1);
      if (segments.get(id)?.categoryId !== semantic[i]) throw new Error(`pixel ${i}: segment ${id}, category ${semantic[i]}`);
    }
    expect(areas.has(0)).toBe(false);
    expect(areas.size).toBe(segments.size);
    for (const [id, segment] of segments) expect(areas.get(id)).toBe(segment.area);
  });
});

it('is a pure function of seed and options, whatever was drawn before', () => {
  const first = [5, 6, 7].map((seed) => hash(renderScene(seed, { width: 96 })));
  renderScene(99, { width: 200, height: 50 });
  renderSingle(3, 'dog', { width: 96 });
  expect([7, 6, 5].map((seed) => hash(renderScene(seed, { width: 96 }))).toReversed()).toEqual(first);
  expect(hash(renderScene(5 + 2 ** 40, { width: 96 }))).not.toBe(first[0]);
});

it('draws no scene and no single thing of one split in the other', () => {
  const train = new Set<string>();
  for (let seed = 0; seed < 80; seed++) train.add(hash(renderScene(seed, { width: 48 })).slice(0, 20));
  expect(train.size).toBe(80);
  for (let seed = 0; seed < 80; seed++) expect(train.has(hash(renderScene(seed, { width: 48, split: 'val' })).slice(0, 20))).toBe(false);
  expect(renderSingle(1, 'cat', { width: 48 }).picture.data).not.toEqual(renderSingle(1, 'cat', { width: 48, split: 'val' }).picture.data);
});

it('shows every kind, several colors and patterns, occlusion and crowds', () => {
  const [seen, colors, patterns] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let [hidden, crowds] = [0, 0];
  for (let seed = 0; seed < 400; seed++) {
    for (const thing of renderScene(seed, { width: 64 }).things) {
      seen.add(thing.category);
      colors.add(thing.color);
      patterns.add(thing.pattern);
      if (thing.visible < 0.9) hidden++;
      if (thing.crowd) crowds++;
    }
  }
  expect(seen.size).toBe(65);
  expect(colors.size).toBe(11);
  expect(patterns.size).toBe(5);
  expect(hidden).toBeGreaterThan(50);
  expect(crowds).toBeGreaterThan(10);
});

it('keeps to the kinds and the number of things asked for', () => {
  for (let seed = 0; seed < 60; seed++) {
    const { things } = renderScene(seed, { width: 64, kinds: baseKinds, maxThings: 3 });
    expect(things.filter((thing) => !thing.crowd).length).toBeLessThanOrEqual(3);
    for (const thing of things) expect(baseKinds).toContain(thing.category);
  }
});

it('draws single things of the kind asked for, large and in the frame', () => {
  kinds.forEach((kind, seed) => {
    const { thing, captions } = renderSingle(seed, kind.name, { width: 96 });
    expect(thing.category).toBe(kind.name);
    expect(Math.max(thing.box[2], thing.box[3])).toBeGreaterThan(36);
    expect(captions.every((caption) => caption.length > 0)).toBe(true);
  });
});

it('refuses what cannot be drawn', () => {
  const refused = expect.objectContaining({ code: 'USAGE' });
  for (const seed of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => renderScene(seed)).toThrow(refused);
  for (const width of [31, 4097, 64.5]) expect(() => renderScene(0, { width })).toThrow(refused);
  expect(() => renderScene(0, { height: 0 })).toThrow(refused);
  expect(() => renderScene(0, { kinds: ['dragon'] })).toThrow(/dragon/);
  expect(() => renderScene(0, { kinds: [] })).toThrow(refused);
  expect(() => renderScene(0, { maxThings: 0 })).toThrow(refused);
  expect(() => renderSingle(0, 'dragon')).toThrow(/dragon/);
});
