import { type ImageGeometry } from '@vitamin-vlm/backbone';
import { decodeMask, type Tensor, tensor } from '@vitamin-vlm/core';
import { SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import {
  axisTaps,
  boxOf,
  EncodedMasks,
  MaskReader,
  panopticCandidates,
  panopticMap,
  roundHalfEven,
  semanticMap,
  solidMask,
  sumClasses,
} from '../src/index.ts';
import { random } from './support/random.ts';

const noTurn = (): undefined => undefined;
const pool = new SessionPool({ threads: 1, execution: 'inline' });
const sumOf = sumClasses(pool);
afterAll(() => pool.close());

const isThing = (index: number): boolean => index % 2 === 0;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** PyTorch's bilinear `interpolate` of one axis. */
function stretch(line: readonly number[], to: number): number[] {
  return Array.from({ length: to }, (_, d) => {
    const at = Math.max((d + 0.5) * (line.length / to) - 0.5, 0);
    const low = Math.floor(at);
    const high = Math.min(low + 1, line.length - 1);
    return line[low]! * (1 - (at - low)) + line[high]! * (at - low);
  });
}

const QUERIES = 12;
const CANVAS = 64;

/** Smooth masks of 16 × 16 cells, some sharp, some faint. */
function masksOf(width: number, height: number, seed = 3): { maskLogits: Tensor<'float32'>; geometry: ImageGeometry } {
  const next = random(seed);
  const maskLogits = tensor('float32', [QUERIES, 16, 16]);
  for (let query = 0; query < QUERIES; query++) {
    const [x, y, size, sharp] = [next() * 16, next() * 16, 2 + next() * 6, 1 + next() * 8];
    for (let i = 0; i < 256; i++) {
      const distance = Math.hypot((i % 16) - x, Math.floor(i / 16) - y);
      maskLogits.data[query * 256 + i] = sharp * (size - distance) + (next() - 0.5);
    }
  }
  const scale = CANVAS / Math.max(width, height);
  const region = {
    left: 0,
    top: 0,
    width: Math.max(1, Math.floor(width * scale + 0.5)),
    height: Math.max(1, Math.floor(height * scale + 0.5)),
  };
  return { maskLogits, geometry: { width, height, inputWidth: CANVAS, inputHeight: CANVAS, region } };
}

/** Bilinear `interpolate` of a map. */
const both = (map: number[][], h: number, w: number): number[][] => {
  const wide = map.map((line) => stretch(line, w));
  const tall = wide[0]!.map((_, x) =>
    stretch(
      wide.map((line) => line[x]!),
      h,
    ),
  );
  return Array.from({ length: h }, (_, y) => tall.map((column) => column[y]!));
};

/** The same by the definition: enlarge to the canvas, cut, enlarge to the picture; everything held whole. */
function byDefinition({ maskLogits, geometry: { width, height } }: ReturnType<typeof masksOf>): number[][] {
  const scale = CANVAS / Math.max(width, height);
  const [rows, columns] = [Math.max(1, roundHalfEven(height * scale)), Math.max(1, roundHalfEven(width * scale))];
  return Array.from({ length: QUERIES }, (_, query) => {
    const map = Array.from({ length: 16 }, (__, y) => [...maskLogits.data.subarray(query * 256 + y * 16, query * 256 + (y + 1) * 16)]);
    const kept = both(map, CANVAS, CANVAS)
      .slice(0, rows)
      .map((line) => line.slice(0, columns));
    return both(kept, height, width).flat();
  });
}

function probabilitiesOf(classes: number, seed = 5): Float32Array {
  const next = random(seed);
  const rows = Array.from({ length: QUERIES }, () => {
    const row = Array.from({ length: classes + 1 }, () => next() ** 3);
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((value) => value / sum);
  });
  return Float32Array.from(rows.flat());
}

const sizes: [number, number][] = [
  [37, 53],
  [90, 60],
  [8, 8],
  [1, 1],
  [200, 13],
  [3, 190],
];

describe.each(sizes)('a picture of %i x %i', (width, height) => {
  const masks = masksOf(width, height);
  const reader = new MaskReader(masks.maskLogits, masks.geometry);
  const whole = byDefinition(masks);
  const pixels = width * height;

  it('is cut into tiles that cover each pixel once, with logits between the bounds of the tile and as the two resizes give them', () => {
    const seen = new Uint8Array(pixels);
    const out = new Float64Array(reader.tilePixels);
    for (const tile of reader.columns.flat()) {
      for (let query = 0; query < QUERIES; query++) {
        reader.read(query, tile, out);
        const [least, most] = [reader.least(query, tile), reader.most(query, tile)];
        for (let i = 0; i < tile.width * tile.height; i++) {
          const at = (tile.top + Math.floor(i / tile.width)) * width + tile.left + (i % tile.width);
          if (query === 0) seen[at]!++;
          expect(Math.abs(out[i]! - whole[query]![at]!)).toBeLessThan(1e-9);
          expect(out[i]! >= least - 1e-9 && out[i]! <= most + 1e-9).toBe(true);
        }
      }
    }
    expect(seen.every((count) => count === 1)).toBe(true);
  });

  it('has the semantic labels of the definition, and none where the sum is too small', async () => {
    const classes = 7;
    const probabilities = probabilitiesOf(classes);
    const sums = Array.from({ length: pixels }, (_, i) =>
      Array.from({ length: classes }, (__, k) =>
        whole.reduce((sum, logits, q) => sum + probabilities[q * (classes + 1) + k]! * sigmoid(logits[i]!), 0),
      ),
    );
    const best = sums.map((row) => row.indexOf(Math.max(...row)));
    const map = await semanticMap(reader, probabilities, classes + 1, { threshold: 0, turn: noTurn, sum: sumOf });
    expect([...map.data]).toEqual(best);
    const threshold = Math.max(...sums.map((row) => Math.max(...row))) * 0.6;
    const some = await semanticMap(reader, probabilities, classes + 1, { threshold, turn: noTurn, sum: sumOf });
    expect([...some.data]).toEqual(best.map((label, i) => (sums[i]![label]! >= threshold ? label : 65_535)));
  });

  it('has the segments of the definition', async () => {
    const columns = 5;
    const probabilities = probabilitiesOf(columns - 1, 9);
    for (const [score, overlap] of [
      [0, 0.8],
      [0.3, 0.3],
      [0, 0],
      [1, 0],
    ] as const) {
      const kept = panopticCandidates(probabilities, columns, score);
      const areas = await new EncodedMasks(masks).areas(noTurn);
      const found = await panopticMap(reader, kept, areas, { isThing, overlap, turn: noTurn });
      const winners = Array.from({ length: pixels }, (_, i) => {
        const values = kept.map(({ query, score: strength }) => strength * sigmoid(whole[query]![i]!));
        return values.indexOf(Math.max(...values));
      });
      const map = new Uint16Array(pixels);
      const stuff = new Map<number, number>();
      let last = 0;
      for (const [place, { query, class: index }] of kept.entries()) {
        const won = winners.filter((winner) => winner === place).length;
        const full = whole[query]!.filter((logit) => logit >= 0).length;
        const region = winners.flatMap((winner, i) => (winner === place && whole[query]![i]! >= 0 ? [i] : []));
        if (won === 0 || full === 0 || region.length === 0 || won / full < overlap) continue;
        const id = (isThing(index) ? undefined : stuff.get(index)) ?? ++last;
        if (!isThing(index)) stuff.set(index, id);
        for (const i of region) map[i] = id;
      }
      expect([...found.map.data]).toEqual([...map]);
      expect(found.segments.map(({ id }) => id)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
      for (const { id, area, box } of found.segments) {
        const inside = [...map.keys()].filter((i) => map[i] === id);
        const [xs, ys] = [inside.map((i) => i % width), inside.map((i) => Math.floor(i / width))];
        expect(area).toBe(inside.length);
        expect(box).toEqual([
          Math.min(...xs),
          Math.min(...ys),
          Math.max(...xs) - Math.min(...xs) + 1,
          Math.max(...ys) - Math.min(...ys) + 1,
        ]);
      }
    }
  });

  it('has the masks of the definition, with area, sureness and box', async () => {
    for (const [query, logits] of whole.entries()) {
      const { mask, area, sureness } = await solidMask(reader, query, noTurn);
      const inside = logits.flatMap((logit, i) => (logit > 0 ? [i] : []));
      expect([...decodeMask(mask)]).toEqual(logits.map((logit) => Number(logit > 0)));
      expect(area).toBe(inside.length);
      expect(sureness).toBeCloseTo(inside.reduce((sum, i) => sum + sigmoid(logits[i]!), 0) / (inside.length + 1e-6), 9);
      if (area === 0) expect(boxOf(mask)).toEqual([0, 0, 0, 0]);
      else expect(boxOf(mask)[0]).toBe(Math.min(...inside.map((i) => i % width)));
    }
  });
});

it('sums again in float64 where float32 leaves open which class is first, and takes the first of equal ones', async () => {
  const { maskLogits, geometry } = masksOf(40, 30, 8);
  // Classes 1 and 2 are equal, class 3 leads both by less than float32 can tell in their sum.
  const row = [0.1, 0.2, 0.2, 0.2 * (1 + 2 ** -22), 0.3];
  const probabilities = Float32Array.from(Array.from({ length: QUERIES }, () => row).flat());
  const labels = async (): Promise<Uint16Array> => {
    const calls: number[] = [];
    const map = await semanticMap(new MaskReader(maskLogits, geometry), probabilities, 5, {
      threshold: 0,
      turn: noTurn,
      sum: async (feeds) => {
        const found = await sumOf(feeds);
        calls.push(...found.rivals.filter((rivals) => rivals > 1));
        return found;
      },
    });
    expect(calls.length).toBeGreaterThan(0);
    return map.data;
  };
  expect(new Set(await labels())).toEqual(new Set([3]));
  for (let i = 3; i < probabilities.length; i += 5) probabilities[i] = probabilities[i - 1]!;
  expect(new Set(await labels())).toEqual(new Set([1]));
});

it('is right for masks so faint that their sums are near the end of float32', async () => {
  const maskLogits = tensor('float32', [2, 4, 4], new Float32Array(32).fill(-24).fill(-24.001, 16));
  const geometry = { width: 8, height: 8, inputWidth: 16, inputHeight: 16, region: { left: 0, top: 0, width: 16, height: 16 } };
  const probabilities = Float32Array.of(0.5, 0.4, 0.1, 0.4, 0.5, 0.1);
  const { data } = await semanticMap(new MaskReader(maskLogits, geometry), probabilities, 3, { threshold: 0, turn: noTurn, sum: sumOf });
  expect(new Set(data)).toEqual(new Set([0]));
});

it('rounds halves to the even neighbor, as Python does', () => {
  expect([0.5, 1.5, 2.5, 2.4999, 3.7, 1008].map(roundHalfEven)).toEqual([0, 2, 2, 2, 4, 1008]);
});

it('reads at most four cells of an axis for a pixel, with weights that sum to 1', () => {
  for (const [cells, canvas, kept, pixels] of [
    [336, 1344, 1008, 480],
    [336, 1344, 1344, 6000],
    [336, 1344, 90, 200],
    [336, 1344, 1344, 8],
    [1, 4, 4, 3],
  ] as const) {
    const { starts, weights, span } = axisTaps({ cells, canvas, kept, pixels });
    expect(span).toBeLessThanOrEqual(4);
    for (let i = 0; i < pixels; i++) {
      expect(starts[i]! >= 0 && starts[i]! + span <= cells).toBe(true);
      expect(weights.subarray(i * span, (i + 1) * span).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
  }
});
