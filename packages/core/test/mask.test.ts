import { expect, it } from 'vitest';
import { decodeMask, encodeMask, maskColumns, unlabeledIn } from '../src/index.ts';

/** Blobs and single pixels: runs of every length, masks that begin or end inside. */
function bitmap(width: number, height: number, seed: number): Uint8Array {
  let state = seed;
  let value = 0;
  return Uint8Array.from({ length: width * height }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (state >>> 29 === 0) value = 1 - value;
    return value;
  });
}

/** The definition: the columns one below the other, and the lengths of equal runs; the first one is outside. */
function runLengths(pixels: Uint8Array, width: number, height: number): number[] {
  let columns = '';
  for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) columns += pixels[y * width + x];
  return `0${columns}`.match(/0+|1+/g)!.map((run, i) => run.length - (i === 0 ? 1 : 0));
}

it.each([
  [1, 1],
  [7, 5],
  [5, 64],
  [33, 1],
  [1, 33],
  [40, 30],
])('gives the run lengths of COCO for %i x %i and reads them again', (width, height) => {
  for (let seed = 1; seed < 20; seed++) {
    const pixels = bitmap(width, height, seed);
    const mask = encodeMask(pixels, width, height);
    expect(mask.size).toEqual([height, width]);
    expect([...mask.counts]).toEqual(runLengths(pixels, width, height));
    expect(decodeMask(mask)).toEqual(pixels);
  }
});

it('cuts runs into columns', () => {
  // 3 wide, 2 high: outside 1, inside 4, outside 1.
  expect([...maskColumns({ size: [2, 3], counts: Uint32Array.of(1, 4) })]).toEqual([
    [0, 1, 2],
    [1, 0, 2],
    [2, 0, 1],
  ]);
  expect([...maskColumns({ size: [2, 3], counts: Uint32Array.of(0, 0, 2, 0, 4) })]).toEqual([]);
  expect([...decodeMask({ size: [0, 3], counts: Uint32Array.of(0, 0) })]).toEqual([]);
});

it('refuses masks that do not fit', () => {
  for (const run of [
    () => encodeMask(new Uint8Array(5), 2, 3),
    () => encodeMask(new Uint8Array(0), -1, 0),
    () => decodeMask({ size: [2, 3], counts: Uint32Array.of(3, 4) }),
    () => decodeMask({ size: [1e6, 1e6], counts: Uint32Array.of(1, 1) }),
    () => decodeMask({ size: [0, 3], counts: Uint32Array.of(0, 1) }),
    () => decodeMask({ size: [1.5, 2], counts: Uint32Array.of(3) }),
  ]) {
    expect(run).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }
});

it('knows the mark for no label of both kinds of map', () => {
  expect(unlabeledIn({ width: 1, height: 1, data: new Uint8Array(1) })).toBe(255);
  expect(unlabeledIn({ width: 1, height: 1, data: new Uint16Array(1) })).toBe(65_535);
});
