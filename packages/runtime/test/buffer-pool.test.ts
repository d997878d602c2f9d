import { expect, it } from 'vitest';
import { BufferPool } from '../src/buffer-pool.ts';

it('gives a used buffer for an output of the same size, once, and never one of another size', () => {
  const pool = new BufferPool([8, 16]);
  const used = new ArrayBuffer(8);
  pool.give(used);
  expect(pool.take(16)).not.toBe(used);
  expect(pool.take(16).byteLength).toBe(16);
  expect(pool.take(8)).toBe(used);
  const fresh = pool.take(8);
  expect(fresh).not.toBe(used);
  expect(fresh.byteLength).toBe(8);
});

it('keeps as many buffers of a size as one run has outputs of it, and no more', () => {
  const pool = new BufferPool([8, 8, 16]);
  const given = Array.from({ length: 5 }, () => new ArrayBuffer(8));
  for (const buffer of given) pool.give(buffer);
  const taken = new Set(given.map(() => pool.take(8)));
  expect(given.filter((buffer) => taken.has(buffer))).toEqual(given.slice(0, 2));
  expect(taken.size).toBe(5);
});

it('keeps nothing of a size that no output has', () => {
  const pool = new BufferPool([8]);
  const stranger = new ArrayBuffer(24);
  pool.give(stranger);
  expect(pool.take(24)).not.toBe(stranger);
});
