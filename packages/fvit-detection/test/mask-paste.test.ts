import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMask, encodeMask } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { pasteMask } from '../src/mask-paste.ts';

/** -0.5 to 0.5, from the 32-bit generator that a name seeds (FNV-1a). */
function formula(name: string): () => number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

function formulaMask(name: string, side: number): Float32Array {
  const next = formula(name);
  return Float32Array.from({ length: side * side }, () => 1 / (1 + Math.exp(-Math.fround(8 * next()))));
}

/** The value at one pixel as the definition of grid_sample has it, in float64. */
function sampled(mask: Float32Array, side: number, box: readonly number[], x: number, y: number): number {
  const place = (at: number, from: number, to: number): number => ((((at + 0.5 - from) / (to - from)) * 2 - 1 + 1) * side - 1) / 2;
  const at = (i: number, j: number): number => (i >= 0 && i < side && j >= 0 && j < side ? mask[j * side + i]! : 0);
  const [u, v] = [place(x, box[0]!, box[2]!), place(y, box[1]!, box[3]!)];
  const [i, j] = [Math.floor(u), Math.floor(v)];
  const [fx, fy] = [u - i, v - j];
  return (at(i, j) * (1 - fx) + at(i + 1, j) * fx) * (1 - fy) + (at(i, j + 1) * (1 - fx) + at(i + 1, j + 1) * fx) * fy;
}

it('keeps the pixels that a plain grid sample keeps', () => {
  const next = formula('boxes');
  const wrong: string[] = [];
  let compared = 0;
  for (let k = 0; k < 60; k++) {
    const width = 1 + Math.floor((next() + 0.5) * 70);
    const height = 1 + Math.floor((next() + 0.5) * 50);
    const [x1, y1] = [next() * 1.6 * width + width / 2, next() * 1.6 * height + height / 2].map(Math.fround) as [number, number];
    const box = [x1, y1, Math.fround(x1 + (next() + 0.51) * 80), Math.fround(y1 + (next() + 0.51) * 60)] as const;
    const side = k % 3 === 0 ? 1 + (k % 7) : 28;
    const mask = formulaMask(`mask ${k}`, side);
    const pasted = pasteMask(mask, { box, width, height });
    const bitmap = decodeMask(pasted);
    expect(pasted).toEqual(encodeMask(bitmap, width, height)); // the run lengths are the canonical ones
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = sampled(mask, side, box, x, y);
        if (Math.abs(value - 0.5) < 1e-4) continue; // float32 may fall on either side
        if (bitmap[y * width + x] !== (value >= 0.5 ? 1 : 0)) wrong.push(`case ${k} at ${x}, ${y}: ${value}`);
        compared++;
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(30_000);
});

it('fills the box of a mask of ones, and the whole picture when the box is the picture', () => {
  const ones = new Float32Array(28 * 28).fill(1);
  expect([...pasteMask(ones, { box: [0, 0, 7, 5], width: 7, height: 5 }).counts]).toEqual([0, 35]);
  expect([...pasteMask(ones, { box: [2, 1, 4, 5], width: 7, height: 5 }).counts]).toEqual([11, 4, 1, 4, 15]);
  expect([...pasteMask(ones, { box: [2, 0, 4, 5], width: 7, height: 5 }).counts]).toEqual([10, 10, 15]);
  expect([...pasteMask(ones, { box: [5, 0, 90, 5], width: 7, height: 5 }).counts]).toEqual([25, 10]);
});

it('gives an empty mask for boxes beyond the picture and for masks of nothing', () => {
  const ones = new Float32Array(4).fill(1);
  expect([...pasteMask(ones, { box: [-20, -20, -5, -5], width: 7, height: 5 }).counts]).toEqual([35]);
  expect([...pasteMask(ones, { box: [50, 2, 60, 4], width: 7, height: 5 }).counts]).toEqual([35]);
  expect([...pasteMask(new Float32Array(4), { box: [0, 0, 7, 5], width: 7, height: 5 }).counts]).toEqual([35]);
  // Without extent, and the wrong way round.
  expect(decodeMask(pasteMask(ones, { box: [3, 2, 3, 2], width: 7, height: 5 }))).toHaveLength(35);
  expect([...pasteMask(ones, { box: [6, 4, 1, 1], width: 7, height: 5 }).counts]).toEqual([35]);
});

it('refuses what is no mask, no box or no picture', () => {
  const ones = new Float32Array(4).fill(1);
  for (const run of [
    () => pasteMask(new Float32Array(5), { box: [0, 0, 1, 1], width: 7, height: 5 }),
    () => pasteMask(new Float32Array(0), { box: [0, 0, 1, 1], width: 7, height: 5 }),
    () => pasteMask(ones, { box: [0, 0, Number.NaN, 1], width: 7, height: 5 }),
    () => pasteMask(ones, { box: [0, 0, 1, 1], width: 7.5, height: 5 }),
  ]) {
    expect(run).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }
});

/** Made by mmdetection 2.25.3. */
const shared = join(process.env['VITAMIN_SHARED']!, 'data');
const file = join(shared, 'golden/heads/fvit_vectors.json');

it.skipIf(!existsSync(file))('pastes the golden mask to the same pixels', async () => {
  const { paste } = JSON.parse(await readFile(file, 'utf8')) as {
    paste: {
      imageHW: [number, number];
      mask: { samples: Record<string, number> };
      cases: { box: [number, number, number, number]; area: number; sumX: number; sumY: number }[];
    };
  };
  const [height, width] = paste.imageHW;
  const mask = formulaMask('vec.paste', 28);
  for (const [i, value] of Object.entries(paste.mask.samples)) expect(mask[Number(i)]).toBeCloseTo(value, 6);
  for (const golden of paste.cases) {
    const found = { area: 0, sumX: 0, sumY: 0 };
    decodeMask(pasteMask(mask, { box: golden.box, width, height })).forEach((inside, i) => {
      found.area += inside;
      found.sumX += inside * (i % width);
      found.sumY += inside * Math.floor(i / width);
    });
    expect(golden).toMatchObject(found);
  }
});
