import { describe, expect, it } from 'vitest';
import { MaskRuns } from '../src/mask/runs.ts';
import { readStored, RunWriter, type StoredRuns } from '../src/mask/stored-runs.ts';
import { random } from './shared.ts';

const shared = (n: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * n));

function randomMask(r: () => number): MaskRuns {
  const mask = new MaskRuns();
  mask.clear(1 + Math.floor(r() * 600), 1 + Math.floor(r() * 600));
  const pixels = mask.height * mask.width;
  for (let at = Math.floor(r() * 9); at < pixels; at += 1 + Math.floor(r() * pixels * 0.01)) {
    const end = Math.min(pixels, at + Math.floor(r() * 40));
    mask.push(at, end);
    at = end;
  }
  mask.finish();
  return mask;
}

describe('stored runs', () => {
  it('gives every mask back that one of two threads stored, and no other', () => {
    const r = random(31);
    const [place, count] = [shared(2 * 3000), shared(1)];
    const writers = [new RunWriter(place, count), new RunWriter(place, count)];
    const masks = Array.from({ length: 3000 }, () => randomMask(r));
    masks.forEach((mask, i) => i % 7 !== 3 && expect(writers[Number(r() < 0.5)]!.add(i, mask)).toBe(true));
    const blocks: Int32Array[] = [];
    for (const writer of writers) for (const [number, block] of writer.blocks()) blocks[number] = block;
    const stored: StoredRuns = { place, blocks };
    const out = new MaskRuns();
    masks.forEach((mask, i) => {
      expect(readStored(stored, i, out)).toBe(i % 7 !== 3);
      if (i % 7 === 3) return;
      const { ends, ...rest } = out;
      const { ends: wanted, ...fields } = mask;
      expect(rest).toEqual(fields);
      expect(ends.subarray(0, 2 * out.length).every((end, k) => end === wanted[k])).toBe(true);
    });
    // What was read is the reader's own: writing to it must not change the store.
    readStored(stored, 0, out);
    out.ends.fill(7);
    readStored(stored, 0, out);
    expect(out.ends.subarray(0, 2 * out.length)).toEqual(masks[0]!.ends.subarray(0, 2 * out.length));
  });

  it('ends when all blocks are taken, and leaves out what does not fit in one', () => {
    const [place, count] = [shared(4), shared(1)];
    const huge = new MaskRuns();
    huge.clear(2 ** 14, 2 ** 14);
    for (let at = 0; at < 2 ** 21; at += 2) huge.push(at, at + 1);
    huge.finish();
    const writer = new RunWriter(place, count);
    expect(writer.add(0, huge)).toBe(true);
    expect(readStored({ place, blocks: [] }, 0, new MaskRuns())).toBe(false);
    count[0] = 64;
    expect(writer.add(1, randomMask(random(1)))).toBe(false);
  });
});
