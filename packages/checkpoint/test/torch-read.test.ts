import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { toFloat32 } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { openCheckpoint } from '../src/index.ts';
import { temporaryFolder } from './support/folder.ts';
import { openBytes, readBytes } from './support/memory-source.ts';
import { protocol4, trainingCheckpoint } from './support/torch-files.data.ts';
import { tensorPickle, torchBytes } from './support/zip-bytes.ts';

const file = temporaryFolder();
const shared = process.env['VITAMIN_SHARED']!;

it('reads what PyTorch 2.4.1 wrote: wrappers, OrderedDict with state, views, every dtype', async () => {
  await writeFile(file('checkpoint.pt'), Buffer.from(trainingCheckpoint, 'base64'));
  await using checkpoint = await openCheckpoint(file('checkpoint.pt'));
  expect(checkpoint.format).toBe('torch');
  const values: Record<string, unknown> = {};
  for (const name of checkpoint.tensors.keys()) {
    const { dtype, shape, data } = await checkpoint.read(name);
    values[name] = [dtype, shape, [...data]];
  }
  expect(values).toEqual({
    base: ['float32', [12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    view: ['float32', [2, 3], [2, 3, 4, 5, 6, 7]],
    transposed: ['float32', [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
    bf16: ['bfloat16', [3], [0x3fc0, 0xc010, 0x7f62]], // 1.5, -2.25, 3e38
    half: ['float16', [2, 1], [0x3800, 0xfbff]], // 0.5, -65504
    ids: ['int64', [1, 3], [1n, -2n, 1n << 40n]],
    scalar: ['float32', [], [Math.fround(4.6052)]],
    flag: ['bool', [2], [1, 0]],
    param: ['float32', [2], [1, 1]],
    f64: ['float64', [1], [1 / 3]],
    i32: ['int32', [1], [7]],
    i16: ['int16', [1], [-7]],
    i8: ['int8', [1], [-8]],
    u8: ['uint8', [1], [250]],
    empty: ['float32', [0, 3], []],
    expanded: ['float32', [3], [2.5, 2.5, 2.5]],
  });
  expect({ ...checkpoint.metadata }).toEqual({
    epoch: 3,
    name: 'vit',
    lr: 5e-4,
    done: true,
    none: null,
    'optimizer.param_groups.0.lr': 0.1,
    'optimizer.param_groups.0.betas.0': 0.9,
    'optimizer.param_groups.0.betas.1': 0.98,
    'size.0': 2,
    'size.1': 3,
    dtype: 'torch.float32',
    big: 2n ** 70n,
  });
});

it('gives absolute offsets: the bytes at a record are the tensor', async () => {
  await writeFile(file('offsets.pt'), Buffer.from(trainingCheckpoint, 'base64'));
  await using checkpoint = await openCheckpoint(file('offsets.pt'));
  const { base, view, transposed } = Object.fromEntries(checkpoint.tensors);
  // Three views into one storage.
  expect(view!.offset - base!.offset).toBe(8);
  expect(transposed).toMatchObject({ offset: base!.offset, byteLength: 48, strides: [1, 4] });
  expect(base!.strides).toBeUndefined();
  const handle = await open(view!.file);
  const bytes = new Float32Array(6);
  await handle.read(new Uint8Array(bytes.buffer), 0, view!.byteLength, view!.offset);
  await handle.close();
  expect([...bytes]).toEqual([2, 3, 4, 5, 6, 7]);
});

it('reads pickle protocol 4 (frames, memoize, stack globals)', async () => {
  const { tensors, metadata } = await openBytes(Buffer.from(protocol4, 'base64'));
  expect([...tensors.keys()]).toEqual(['a.weight', 'a.ids']);
  expect([...metadata]).toEqual([
    ['step', 2 ** 40],
    ['tag', new Uint8Array([1, 2])],
  ]);
  expect([...(await readBytes(Buffer.from(protocol4, 'base64'))).get('a.weight')!.data]).toEqual([0, 1, 2, 3, 4, 5]);
});

it('reads a lone tensor, under the name of the file', async () => {
  const pickle = tensorPickle({ shape: [2], strides: [1], elements: 2 })
    .replace('}U\x01t', '')
    .replace(/Rs\.$/, 'R.');
  const storage = new Uint8Array(new Float32Array([1, 2]).buffer);
  await writeFile(file('queries.pth'), torchBytes(pickle, [storage]));
  await using checkpoint = await openCheckpoint(file('queries.pth'));
  expect([...(await checkpoint.read('queries')).data]).toEqual([1, 2]);
});

const artifact = resolve(shared, 'data/artifacts/coco_text_embeddings_vitamin_l_336.pt');
it.skipIf(!existsSync(artifact))("reads the text embeddings that ViTamin's authors published (skipped without shared data)", async () => {
  await using checkpoint = await openCheckpoint(artifact);
  expect(checkpoint.tensors.size).toBe(81);
  expect([...checkpoint.tensors.keys()].slice(0, 3)).toEqual(['person', 'bicycle', 'car']);
  const offsets = [...checkpoint.tensors.values()].map(({ offset }) => offset);
  // Columns of one [768, 81] matrix: neighbors lie one float apart and step over 81.
  expect(offsets.map((offset) => offset - offsets[0]!)).toEqual(offsets.map((_, i) => 4 * i));
  for (const { name, shape, strides } of checkpoint.tensors.values()) {
    expect([shape, strides]).toEqual([[768], [81]]);
    const { data } = toFloat32(await checkpoint.read(name));
    expect(Math.hypot(...data)).toBeCloseTo(1, 5);
  }
});
