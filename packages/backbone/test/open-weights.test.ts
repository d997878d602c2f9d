import { open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { floatToHalf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import type { Identity } from '../src/load/identity.ts';
import { openModel, readModel } from '../src/load/open-model.ts';
import { openWeights } from '../src/load/weights/open-weights.ts';
import { formulaValues } from './formula.ts';
import { temporaryFolder } from './support/folder.ts';
import { renamed, TINY_SIZE, tinyWeights } from './support/tiny-model.ts';

const folder = temporaryFolder();
const weights = tinyWeights();
const visual = renamed(weights, (name) => (name.startsWith('visual.') ? name : undefined));
const heads = new Map([
  ['neck.conv.weight', formulaValues('neck', [4, 8])],
  ['roi_head.fc.weight', formulaValues('fc', [6, 4])],
]);

async function failure(work: Promise<unknown>): Promise<VitaminError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VitaminError);
  return error as VitaminError;
}

/** A detector's training file: meta, state_dict, and an optimizer that is larger than the rest. */
async function writeDetector(path: string, tower: ReadonlyMap<string, Tensor> = visual): Promise<void> {
  const state = [...renamed(tower, (name) => `backbone.${name}`), ...heads];
  const optimizer = { state: [{ step: 7, exp_avg: formulaValues('average', [4, 8]) }], param_groups: [{ lr: 1e-4 }] };
  await writeTorchArchive(path, { meta: { epoch: 3, CLASSES: ['cat'] }, state_dict: Object.fromEntries(state), optimizer });
}

it('hands a detector file out in parts: tower, heads; the optimizer is not there', async () => {
  await writeDetector(folder('detector.pth'));
  await writeSafetensors(folder('clip.safetensors'), weights);
  const cacheDir = folder('cache');
  await using opened = await openWeights(folder('detector.pth'), { cacheDir });
  expect([...opened.tensors.keys()].filter((name) => /optim|exp_avg/u.test(name))).toEqual([]);
  const model = await readModel(opened, { prefix: 'backbone.' });
  const neck = await opened.part('neck.');
  const others = await opened.part('');
  expect([...neck.weights.keys()]).toEqual(['conv.weight']);
  expect([...others.weights.keys()]).toEqual(['roi_head.fc.weight']);
  expect(opened.rest).toEqual([]);
  neck.expect(new Map([['conv.weight', [4, 8]]]));
  others.expect(new Map([['roi_head.fc.weight', [6, 4]]]));
  opened.check();

  const clip = await openModel(folder('clip.safetensors'), { cacheDir });
  expect(model.identity).toEqual({ tower: clip.identity.tower, head: clip.identity.head });
  const pixels = formulaValues('input', [1, 3, TINY_SIZE, TINY_SIZE]);
  await using detector = Backbone.from(model, { cacheDir, threads: 1 });
  await using alone = Backbone.from(clip, { cacheDir, threads: 1 });
  expect((await detector.embedPixels(pixels)).data).toEqual((await alone.embedPixels(pixels)).data);
});

it('tells what is missing, mismatched and unused over all parts at once', async () => {
  const tower = new Map(visual).set('visual.trunk.norm.weight', formulaValues('norm', [64]));
  tower.delete('visual.trunk.blocks.1.attn.qkv.bias');
  await writeDetector(folder('broken.pth'), tower);
  await using opened = await openWeights(folder('broken.pth'), { cacheDir: false });
  await readModel(opened);
  const neck = await opened.part('neck.');
  neck.expect(
    new Map([
      ['conv.weight', [4, 9]],
      ['conv.bias', [4]],
    ]),
  );
  let message = '';
  try {
    opened.check();
  } catch (error) {
    ({ message } = error as VitaminError);
  }
  expect(message.split('\n').map((line) => line.trim())).toEqual([
    'Expected weights that fit the model but found 5 problems:',
    'missing    backbone.visual.trunk.blocks.1.attn.qkv.bias: expected [192]',
    'mismatched neck.conv.weight: expected [4, 9], found [4, 8]',
    'missing    neck.conv.bias: expected [4]',
    'unused     backbone.visual.trunk.norm.weight',
    'unused     roi_head.fc.weight',
  ]);
});

it('takes a part from a second file, and compares what both hold', async () => {
  await writeDetector(folder('first.pth'));
  await writeTorchArchive(folder('heads.pth'), heads);
  await writeSafetensors(folder('clip2.safetensors'), weights);
  const other = new Map(weights).set('visual.trunk.blocks.2.mlp.w1.bias', formulaValues('other', [128]));
  await writeSafetensors(folder('other.safetensors'), other);
  const load = async (main: string, clip: string): Promise<Backbone['model']> => {
    await using opened = await openWeights({ '': folder(main), backbone: folder(clip) }, { cacheDir: false });
    const model = await readModel(opened, { prefix: 'backbone.' });
    (await opened.part('')).expect(new Map([...heads].map(([name, { shape }]) => [name, shape])));
    opened.check();
    return model;
  };
  const clip = await openModel(folder('clip2.safetensors'), { cacheDir: false });
  for (const main of ['first.pth', 'heads.pth']) {
    const model = await load(main, 'clip2.safetensors');
    expect(model.identity).toEqual(clip.identity);
    expect(model.text).toEqual(clip.text);
  }
  expect((await failure(load('first.pth', 'other.safetensors'))).message).toMatch(
    /found 1 problems:\n {2}differs {4}backbone\.visual\.trunk\.blocks\.2\.mlp\.w1\.bias: in .*first\.pth and .*other\.safetensors$/u,
  );
});

it.each([
  ['visual.trunk.blocks.2.mlp.w1.bias', 'tower'],
  ['visual.head.proj.weight', 'head'],
  ['visual.trunk.fc_norm.bias', 'head'],
  ['text.token_embedding.weight', 'text'],
] as const)('sees one changed byte of %s, anywhere, and only in its own part', async (name, part) => {
  await writeSafetensors(folder('whole.safetensors'), weights);
  const whole = (await openModel(folder('whole.safetensors'), { cacheDir: false })).identity;
  const { data, shape } = weights.get(name)!;
  for (const at of [1, Math.floor(data.length / 3), data.length - 1]) {
    const changed = Float32Array.from(data);
    changed[at]! += 1e-3;
    await writeSafetensors(folder('changed.safetensors'), new Map(weights).set(name, tensor('float32', shape, changed)));
    const { identity } = await openModel(folder('changed.safetensors'), { cacheDir: false });
    for (const field of ['tower', 'head', 'text'] as const) expect(identity[field] === whole[field]).toBe(field !== part);
  }
});

it('reads all bytes once, and again when the file is another, whatever its size and times say', async () => {
  const path = folder('remembered.safetensors');
  const cacheDir = folder('memory');
  await writeSafetensors(path, weights);
  const digests = async (): Promise<{ read: number; identity: Identity }> => {
    let read = 0;
    const { identity } = await openModel(path, { cacheDir, onProgress: ({ phase }) => (read += Number(phase === 'digest')) });
    return { read, identity };
  };
  const first = await digests();
  expect(first.read).toBeGreaterThan(0);
  expect(await digests()).toEqual({ ...first, read: 0 });
  const before = await stat(path);
  await using file = await open(path, 'r+');
  await file.write(new Uint8Array([1, 2, 3, 4]), 0, 4, before.size - 400);
  await file.sync();
  await utimes(path, before.atime, before.mtime);
  const second = await digests();
  expect(second.read).toBeGreaterThan(0);
  expect(second.identity).not.toEqual(first.identity);
  const [memory] = await readdir(folder('memory', 'digests'));
  await writeFile(folder('memory', 'digests', memory!), '{"schema":1');
  expect((await digests()).identity).toEqual(second.identity);
  await rm(cacheDir, { recursive: true });
  await writeFile(cacheDir, 'no folder');
  expect((await digests()).identity).toEqual(second.identity);
});

it('bytes are not read again because a graph has linked the file, but when they were changed since', async () => {
  const path = folder('linked.safetensors');
  const cacheDir = folder('linked-memory');
  await writeSafetensors(path, weights);
  const digestsRead = async (): Promise<number> => {
    let read = 0;
    await openModel(path, { cacheDir, onProgress: ({ phase }) => (read += Number(phase === 'digest')) });
    return read;
  };
  expect(await digestsRead()).toBeGreaterThan(0);
  const { ctimeNs } = await stat(path, { bigint: true });
  for (let size = 32; size <= 64; size += 32) {
    await using backbone = await Backbone.load(path, { cacheDir, threads: 1 });
    await backbone.windowMaps(tensor('float32', [1, 3, size, size]), { window: size, levels: ['final'] });
  }
  expect((await stat(path, { bigint: true })).ctimeNs).toBeGreaterThan(ctimeNs);
  expect(await digestsRead()).toBe(0);
  const { atime, mtime } = await stat(path);
  await utimes(path, atime, mtime);
  expect(await digestsRead()).toBeGreaterThan(0);
});

it.each([
  ['float32', Number.NaN],
  ['float32', Number.POSITIVE_INFINITY],
  ['float16', Number.NEGATIVE_INFINITY],
] as const)('refuses weights of %s that hold %s', async (dtype, value) => {
  const name = 'visual.head.proj.weight';
  const { shape, data } = weights.get(name)!;
  const values = Float32Array.from(data);
  values[values.length - 1] = value;
  const broken = dtype === 'float32' ? tensor('float32', shape, values) : tensor('float16', shape, Uint16Array.from(values, floatToHalf));
  await writeSafetensors(folder('nan.safetensors'), new Map<string, Tensor>(weights).set(name, broken));
  const { code, message } = await failure(openModel(folder('nan.safetensors'), { cacheDir: folder('nan-cache') }));
  expect(code).toBe('WEIGHTS_MISMATCH');
  expect(message).toMatch(/not finite visual\.head\.proj\.weight: holds NaN or infinities/u);
});
