import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { type FamiliarKind, type Familiarity, loadFamiliarity, openModel, saveFamiliarity, strangeness } from '../src/index.ts';
import { locate } from '../src/load/locate.ts';
import { temporaryFolder } from './support/folder.ts';

const folder = temporaryFolder();
const identity = { tower: 'a'.repeat(64) };
const vector = (...values: number[]): ReturnType<typeof tensor<'float32'>> => tensor('float32', [values.length], Float32Array.from(values));
/** Embeddings around (1, 0, 0), along the second axis; and others near (0, 0, 1). */
const familiarity: Familiarity = {
  identity,
  kinds: [
    { mean: vector(1, 0, 0), directions: tensor('float32', [1, 3], Float32Array.of(0, 1, 0)), limit: 0.5 },
    { mean: vector(0, 0, 1), directions: tensor('float32', [1, 3], Float32Array.of(0, 1, 0)), limit: 0.1 },
  ],
};
const [{ mean, directions }] = familiarity.kinds as [FamiliarKind, FamiliarKind];

it('is how far an embedding of length one is from the nearest mean, but for the familiar directions, in limits', () => {
  expect(strangeness(vector(5, 0, 0), familiarity)).toBe(0);
  expect(strangeness(vector(0, 0, 3), familiarity)).toBe(0);
  expect(strangeness(vector(0, 2, 0), familiarity)).toBeCloseTo(2, 6);
  expect(strangeness(vector(3, 4, 0), familiarity)).toBeCloseTo(0.8, 6);
  expect(strangeness(vector(0, 4, 3), familiarity)).toBeCloseTo(Math.hypot(1, 0.6) / 0.5, 6);
  expect(strangeness(vector(-1, 0, 0), familiarity)).toBeCloseTo(4, 6);
  expect(() => strangeness(vector(1, 0), familiarity)).toThrow('Expected 3 numbers but received 2');
});

it('is kept in a small file, of one model', async () => {
  await saveFamiliarity(folder('f.safetensors'), familiarity);
  expect(await loadFamiliarity(folder('f.safetensors'), identity)).toEqual(familiarity);
  await expect(loadFamiliarity(folder('f.safetensors'), { tower: 'b'.repeat(64) })).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
});

it.each([
  ['without its limits', { '0.mean': mean, '0.directions': directions }, { identity: JSON.stringify(identity) }],
  ['with a limit of 0', { '0.mean': mean, '0.directions': directions }, { identity: JSON.stringify(identity), limits: '[0]' }],
  ['without an identity', { '0.mean': mean, '0.directions': directions }, { limits: '[1]' }],
  ['of other shapes', { '0.mean': mean, '0.directions': mean }, { identity: JSON.stringify(identity), limits: '[1]' }],
])('is refused %s', async (name, tensors, metadata) => {
  await writeSafetensors(folder(name), tensors, metadata);
  await expect(loadFamiliarity(folder(name), identity)).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
});

it('comes with the embedded model, and is of that model', async () => {
  const [{ path }, { identity: own }] = [await locate('nano/familiarity.safetensors'), await openModel('nano')];
  const { kinds } = await loadFamiliarity(path, own);
  expect(kinds.map((kind) => [kind.mean.shape, kind.directions.shape])).toEqual(Array.from({ length: 2 }, () => [[128], [16, 128]]));
  expect(kinds.every(({ limit }) => limit < 1)).toBe(true);
});
