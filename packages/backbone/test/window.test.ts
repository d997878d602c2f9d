import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { visitCounts, windowGrid, windowPositions, windowStarts } from '../src/window/grid.ts';
import { cropFrom, slideWindows } from '../src/window/slide-windows.ts';
import { collectRows, type MapRows, Stitcher } from '../src/window/stitcher.ts';

it('starts windows as the original does', () => {
  expect(windowStarts(896, 336, 168)).toEqual([0, 168, 336, 504, 560]);
  expect(windowStarts(1344, 336, 112)).toEqual([0, 112, 224, 336, 448, 560, 672, 784, 896, 1008]);
  expect(windowStarts(1344, 336, 336)).toEqual([0, 336, 672, 1008]);
  expect(windowStarts(96, 64, 24)).toEqual([0, 24, 32]);
  expect(windowStarts(112, 64, 24)).toEqual([0, 24, 48]);
  expect(windowStarts(336, 336, 168)).toEqual([0]);
});

it('starts aligned windows on cells, and pastes them where the published ones go', () => {
  expect(windowStarts(896, 336, 168, { align: 16 })).toEqual([0, 160, 336, 496, 560]);
  expect(windowStarts(896, 336, 168, { align: 16 }).map(cellOf)).toEqual(windowStarts(896, 336, 168).map(cellOf));
  expect(windowStarts(1344, 336, 112, { align: 16 })).toEqual(windowStarts(1344, 336, 112));
  expect(() => windowStarts(900, 336, 168, { align: 16 })).toThrow('differ by a multiple of 16');
});

function cellOf(start: number): number {
  return Math.floor(start / 16);
}

it('refuses pictures below the window, strides with gaps and senseless numbers', () => {
  expect(() => windowStarts(335, 336, 168)).toThrow('Expected a side of at least 336');
  expect(() => windowStarts(896, 336, 337)).toThrow('stride of at most 336');
  for (const bad of [0, -1, 1.5, Number.NaN]) expect(() => windowStarts(896, 336, bad)).toThrow('positive whole number');
});

it('counts the visits of stride 24 on 96 x 112 with the floor misalignment', () => {
  const { tops, lefts } = windowGrid(96, 112, 64, 24);
  const rows = visitCounts(tops, 64, 6, 16);
  const columns = visitCounts(lefts, 64, 7, 16);
  const visits = Array.from(rows, (row) => Array.from(columns, (column) => row * column));
  expect(visits).toEqual([
    [1, 2, 2, 3, 2, 1, 1],
    [2, 4, 4, 6, 4, 2, 2],
    [3, 6, 6, 9, 6, 3, 3],
    [3, 6, 6, 9, 6, 3, 3],
    [2, 4, 4, 6, 4, 2, 2],
    [1, 2, 2, 3, 2, 1, 1],
  ]);
});

/** A grid from a seed: sides, window and stride without any common divisor. */
function seededGrid(seed: number): ReturnType<typeof windowGrid> {
  const window = 16 * (1 + (seed % 4));
  return windowGrid(window + ((seed * 37) % 90), window + ((seed * 53) % 70), window, 1 + ((seed * 29) % window));
}

it.each([2, 4, 8, 16])('keeps constant maps constant and covers everything at stride %i', (stride) => {
  for (let seed = 1; seed < 30; seed++) {
    const grid = seededGrid(seed);
    const side = grid.window / stride;
    const { map, onRows } = collectRows(grid, 2, stride);
    map.data.fill(Number.NaN);
    const stitcher = new Stitcher(grid, { channels: 2, stride, onRows });
    const window = new Float32Array(2 * side * side).fill(3, 0, side * side).fill(-0.5, side * side);
    for (const _ of windowPositions(grid)) stitcher.add(window);
    stitcher.finish();
    const half = map.data.length / 2;
    expect(map.data.subarray(0, half).every((value) => value === 3)).toBe(true);
    expect(map.data.subarray(half).every((value) => value === -0.5)).toBe(true);
  }
});

it('equals a plain two-pass average', () => {
  const grid = windowGrid(96, 112, 64, 24);
  const values = windowPositions(grid).map((_, n) => Float32Array.from({ length: 3 * 16 }, (_unused, i) => Math.sin(n * 48 + i)));
  const sums = new Float32Array(3 * 6 * 7);
  const visits = new Float32Array(6 * 7);
  for (const { index, top, left } of windowPositions(grid)) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++) {
          const at = ((top >> 4) + y) * 7 + (left >> 4) + x;
          sums[c * 42 + at]! += values[index]![(c * 4 + y) * 4 + x]!;
          if (c === 0) visits[at]!++;
        }
      }
    }
  }
  const bands: MapRows[] = [];
  const { map, onRows } = collectRows(grid, 3, 16);
  const stitcher = new Stitcher(grid, {
    channels: 3,
    stride: 16,
    onRows: (rows) => {
      bands.push(rows);
      onRows(rows);
    },
  });
  for (const value of values) stitcher.add(value);
  stitcher.finish();
  expect(map.data).toEqual(sums.map((sum, i) => sum / visits[i % 42]!));
  expect(bands.map(({ top, rows }) => [top, rows])).toEqual([
    [0, 1],
    [1, 1],
    [2, 4],
  ]);
});

it('refuses missing, surplus and misshapen windows', () => {
  const grid = windowGrid(64, 96, 64, 32);
  const stitcher = new Stitcher(grid, { channels: 1, stride: 16, onRows: () => {} });
  expect(() => stitcher.add(new Float32Array(15))).toThrow('16 values');
  stitcher.add(new Float32Array(16));
  expect(() => stitcher.finish()).toThrow('Expected 2 windows but received 1');
  stitcher.add(new Float32Array(16));
  expect(() => stitcher.add(new Float32Array(16))).toThrow('one more');
  expect(() => new Stitcher(grid, { channels: 1, stride: 24, onRows: () => {} })).toThrow('multiple');
});

/** Pixels that say where they are. */
function coordinates(height: number, width: number): ReturnType<typeof tensor<'float32'>> {
  const data = Float32Array.from({ length: 3 * height * width }, (_, i) => i % 9973);
  return tensor('float32', [1, 3, height, width], data);
}

it('puts a picture together again from its windows, whatever the batch size', async () => {
  const pixels = coordinates(100, 130);
  const grid = windowGrid(100, 130, 48, 20);
  const total = windowPositions(grid).length;
  for (const batchSize of [1, 4, total, total + 3]) {
    const done: number[] = [];
    const maps = await slideWindows({
      grid,
      batchSize,
      crop: cropFrom(pixels, 48),
      run: async (batch) => {
        expect(batch.shape).toEqual([batchSize, 3, 48, 48]);
        return { pixels: batch };
      },
      onProgress: (event) => event.phase === 'run' && done.push(event.done),
    });
    expect(maps['pixels']).toEqual(pixels);
    expect(done.at(-1)).toBe(total);
  }
});

it.each([1, 2, 5])('runs windows of one color once, with equal results, in batches of %i', async (batchSize) => {
  const [height, width, window] = [96, 160, 32];
  const pixels = coordinates(height, width);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (y >= 48 || x >= 80) pixels.data[(c * height + y) * width + x] = c;
  }
  const grid = windowGrid(height, width, window, 16);
  const padding = windowPositions(grid).filter(({ top, left }) => top >= 48 || left >= 80).length;
  let windows = 0;
  /** A network that tells windows apart: each pixel, and the sum of all beside it. */
  const run = async (batch: Tensor<'float32'>): Promise<Record<string, Tensor>> => {
    windows += batch.shape[0]!;
    const sums = tensor('float32', [batchSize, 1, 2, 2]);
    const plane = 3 * window * window;
    for (let i = 0; i < batchSize; i++) {
      const sum = batch.data.subarray(i * plane, (i + 1) * plane).reduce((total, value) => total + value, 0);
      sums.data.fill(Math.sin(sum), i * 4, (i + 1) * 4);
    }
    return { pixels: batch, sums };
  };
  const crop = cropFrom(pixels, window);
  const once = await slideWindows({ grid, batchSize, crop, run });
  expect(once['pixels']).toEqual(pixels);
  const needed = windowPositions(grid).length - padding + 1;
  expect(windows).toBe(Math.ceil(needed / batchSize) * batchSize);

  const marked = pixels.data.slice();
  const all = await slideWindows({
    grid,
    batchSize,
    // The first pixel makes each window one of its own; the network below does not see it.
    crop: (position, target) => {
      cropFrom(tensor('float32', pixels.shape, marked), window)(position, target);
      target[0]! += 1;
    },
    run: async (batch) => {
      for (let i = 0; i < batchSize; i++) if (batch.data[i * 3 * window * window]! > 0) batch.data[i * 3 * window * window]! -= 1;
      return await run(batch);
    },
  });
  expect(all).toEqual(once);
});

it('gives rows away instead of keeping them, and stops between batches', async () => {
  const pixels = coordinates(96, 96);
  const grid = windowGrid(96, 96, 48, 24);
  let received = 0;
  const work = { grid, batchSize: 2, crop: cropFrom(pixels, 48) };
  const maps = await slideWindows({
    ...work,
    run: async (batch) => ({ pixels: batch }),
    onRows: { pixels: ({ top, rows }) => (received += top === received ? rows : Number.NaN) },
  });
  expect(maps).toEqual({});
  expect(received).toBe(96);

  const controller = new AbortController();
  let runs = 0;
  const run = async (batch: typeof pixels): Promise<Record<string, typeof pixels>> => {
    if (++runs === 2) controller.abort();
    return { pixels: batch };
  };
  await expect(slideWindows({ ...work, run, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(runs).toBe(2);
  await expect(slideWindows({ ...work, run: notAMap })).rejects.toThrow('"tokens"');
  await expect(slideWindows({ ...work, run: notAMap, batchSize: 0 })).rejects.toThrow('batch of 1');
});

async function notAMap(): Promise<Record<string, Tensor>> {
  return { tokens: tensor('float32', [2, 9, 8]) };
}
