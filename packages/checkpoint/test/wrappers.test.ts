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

it('leaves the state of a training out: the layouts of mmcv and of Detectron2', async () => {
  const optimizer = { state: [{ exp_avg: t, exp_avg_sq: t, step: t }], param_groups: [{ lr: 1e-4, params: [0] }] };
  const meta = { epoch: 3, config: 'model = dict()', CLASSES: ['cat', 'dog'] };
  const mmcv = { meta, state_dict: { 'backbone.a': t, 'neck.bn.num_batches_tracked': tensor('int64', []) }, optimizer };
  expect(await namesOf(mmcv)).toEqual(['backbone.a', 'neck.bn.num_batches_tracked']);
  const detectron = { model: { 'backbone.a': t }, trainer: { iteration: 9, _trainer: { iteration: 9, optimizer } }, iteration: 9 };
  expect(await namesOf(detectron)).toEqual(['backbone.a']);
  const older = { model: { 'module.backbone.a': t }, optimizer, scheduler: { last_epoch: 9 }, iteration: 9 };
  expect(await namesOf(older)).toEqual(['backbone.a']);
});

it('keeps names that only look like wrappers', async () => {
  expect(await namesOf({ 'module.a': t, b: t })).toEqual(['module.a', 'b']);
  expect(await namesOf({ model: { a: t }, head: { b: t } })).toEqual(['model.a', 'head.b']);
  expect(await namesOf({ model: { a: t }, trainable_head: { b: t } })).toEqual(['model.a', 'trainable_head.b']);
  expect(await namesOf({ model: 'ViTamin-L', a: t })).toEqual(['a']);
  expect(await namesOf({ 'model.a': t })).toEqual(['model.a']);
});

it('joins nested dicts and lists by dots', async () => {
  expect(await namesOf({ heads: [{ w: t }, { w: t }], trunk: { stem: { w: t } } })).toEqual(['heads.0.w', 'heads.1.w', 'trunk.stem.w']);
});
