import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { easelFor } from '../src/easel.ts';
import { kinds } from '../src/kinds/catalog.ts';
import { boundsOf, dressFor, drawPlacement, place } from '../src/placement.ts';
import { Random } from '../src/random.ts';
import { renderScene, renderSingle } from '../src/index.ts';
import { compose } from '../src/compose.ts';
import { settings } from '../src/settings/catalog.ts';
import type { Zone } from '../src/settings/setting.ts';

const zone: Zone = { on: 'sky', phrase: 'in the sky', kind: 'hangs', area: [0, 0, 1, 1], near: 1, far: 1, weight: 1, kinds: [] };

it('draws every kind inside the bounds that are read back, in all its colors, patterns and poses', () => {
  const easel = easelFor(160, 160);
  for (const kind of kinds) {
    for (let seed = 0; seed < 6; seed++) {
      const random = new Random(seed, 'train', 'single');
      const placement = place(kind, dressFor(kind, random), zone, 80, 80, 96, random);
      const layer = easel.layer(boundsOf(placement), (c) => drawPlacement(c, placement, random))!;
      const alpha = (x: number, y: number): number => layer.rgba[(y * layer.width + x) * 4 + 3]!;
      let cut = 0;
      for (let x = 0; x < layer.width; x++) cut += alpha(x, 0) + alpha(x, layer.height - 1);
      for (let y = 0; y < layer.height; y++) cut += alpha(0, y) + alpha(layer.width - 1, y);
      expect({ kind: kind.name, seed, cut }).toEqual({ kind: kind.name, seed, cut: 0 });
    }
  }
});

it('draws every kind unlike every other', () => {
  const seen = new Set<string>();
  for (const kind of kinds) {
    const random = new Random(1, 'train', 'single');
    const placement = place(kind, { color: 'red', pattern: 'plain' }, zone, 32, 32, 44, random);
    const layer = easelFor(64, 64).layer({ left: 0, top: 0, right: 64, bottom: 64 }, (c) => drawPlacement(c, placement, random))!;
    seen.add(createHash('sha256').update(layer.rgba).digest('hex'));
  }
  expect(seen.size).toBe(65);
});

it('covers every pixel of every setting with stuff', () => {
  for (const maker of settings) {
    for (let seed = 0; seed < 6; seed++) {
      const random = new Random(seed, 'val', 'scene');
      const { data } = compose(maker(random), [], 96, 64, random);
      // An uncovered pixel stays black; no stuff is painted that dark.
      for (let i = 0; i < data.length; i += 3)
        if (data[i]! + data[i + 1]! + data[i + 2]! < 60) throw new Error(`bare pixel ${i / 3} in ${maker.name}, seed ${seed}`);
    }
  }
});

// The embedded models are trained on these pictures. A change of any drawing, setting or sentence changes their world: train again then.
// The words are compared exactly, the pictures by their mean, since rasterizers may differ in the last bit of an edge between processors.
it('is still the world that the embedded models were trained on', () => {
  const words = createHash('sha256');
  for (let seed = 0; seed < 50; seed++) {
    const { captions, questions, place: where } = renderScene(seed, { width: 128 });
    words.update(JSON.stringify([captions, questions, where]));
  }
  expect(words.digest('hex').slice(0, 16)).toBe('bcfaf234818c3410');
  const means = kinds.map((kind, seed) => {
    const { data } = renderSingle(seed, kind.name, { width: 64 }).picture;
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  });
  expect(means.reduce((sum, mean) => sum + mean, 0) / means.length).toBeCloseTo(162.868, 1);
});
