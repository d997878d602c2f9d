import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { openCheckpoint, writeTorchArchive, type TorchValue } from '../src/index.ts';
import { temporaryFolder } from './support/folder.ts';

const file = temporaryFolder();
const t = tensor('float32', [1]);

async function namesOf(value: { readonly [key: string]: TorchValue }): Promise<string[]> {
  await writeTorchArchive(file('nested.pth'), value);
  await using checkpoint = await openCheckpoint(file('nested.pth'));
  for (const [name, record] of checkpoint.tensors) expect(record.name).toBe(name);
  return [...checkpoint.tensors.keys()];
}

it('takes state_dict, model and module. off, also one inside the other', async () => {
  expect(await namesOf({ state_dict: { a: t }, epoch: 1, optimizer: { state: [t] } })).toEqual(['a']);
  expect(await namesOf({ model: { a: t }, optimizer: { state: [t] }, iteration: 5 })).toEqual(['a']);
  expect(await namesOf({ state_dict: { model: { 'module.a': t, 'module.b': t } } })).toEqual(['a', 'b']);
  expect(await namesOf({ 'module.a': t, 'module.b': t })).toEqual(['a', 'b']);
  expect(await namesOf({ module: { a: t }, optimizer: { state: [t] } })).toEqual(['a']);
});

it('keeps names that only look like wrappers', async () => {
  expect(await namesOf({ 'module.a': t, b: t })).toEqual(['module.a', 'b']);
  expect(await namesOf({ model: { a: t }, head: { b: t } })).toEqual(['model.a', 'head.b']);
  expect(await namesOf({ model: 'ViTamin-L', a: t })).toEqual(['a']);
  expect(await namesOf({ 'model.a': t })).toEqual(['model.a']);
});

it('joins nested dicts and lists by dots', async () => {
  expect(await namesOf({ heads: [{ w: t }, { w: t }], trunk: { stem: { w: t } } })).toEqual(['heads.0.w', 'heads.1.w', 'trunk.stem.w']);
});
