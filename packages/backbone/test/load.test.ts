import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { type DType, floatToBfloat16, floatToHalf, type Tensor, tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { openModel, type OpenModelOptions } from '../src/load/open-model.ts';
import { resizePositionEmbedding } from '../src/pos-embed.ts';
import { formulaValues } from './formula.ts';
import { temporaryFolder } from './support/folder.ts';
import { declaredShapes, renamed, tinyImage, TINY_SIZE, tinyWeights, weightsFor } from './support/tiny-model.ts';

const folder = temporaryFolder();
const weights = tinyWeights();
const pixels = formulaValues('input', [1, 3, TINY_SIZE, TINY_SIZE]);
const withoutText = (name: string): string | undefined => (name.startsWith('visual.') ? name : undefined);

async function embedding(path: string, options: OpenModelOptions = {}): Promise<number[]> {
  await using backbone = await Backbone.load(path, { ...options, cacheDir: folder('cache'), threads: 1 });
  return [...(await backbone.embedPixels(pixels)).data];
}

async function failure(work: Promise<unknown>): Promise<VitaminError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VitaminError);
  return error as VitaminError;
}

it('reads one model from every layout and container, with one identity and one result', async () => {
  const custom = folder('custom.safetensors');
  const files: Record<string, { path: string; form: string }> = {
    custom: { path: custom, form: 'clip' },
    module: { path: folder('module.safetensors'), form: 'clip' },
    builtin: { path: folder('builtin.bin'), form: 'clip-builtin-text' },
    training: { path: folder('training.pt'), form: 'clip-builtin-text' },
    detector: { path: folder('detector.pth'), form: 'clip' },
  };
  const builtin = renamed(weights, (name) => name.replace(/^text\./u, ''));
  await writeSafetensors(custom, weights);
  await writeSafetensors(
    files['module']!.path,
    renamed(weights, (name) => `module.${name}`),
  );
  await writeTorchArchive(files['builtin']!.path, new Map([...builtin, ['attn_mask', formulaValues('mask', [77, 77])]]));
  const state = Object.fromEntries(renamed(builtin, (name) => `module.${name}`));
  await writeTorchArchive(files['training']!.path, { epoch: 3, name: 'run', state_dict: state });
  const detector = renamed(weights, (name) => `backbone.clip_model.${name}`);
  await writeTorchArchive(files['detector']!.path, {
    state_dict: Object.fromEntries([...detector, ['sem_seg_head.query', formulaValues('query', [4, 4])]]),
  });
  const reference = await openModel(custom);
  expect(reference.tower.id).toBe('vitamin-custom-32');
  expect(reference.tower.imageSize).toBe(TINY_SIZE);
  expect(reference.logitScale).toBeCloseTo(50, 4);
  const expected = await embedding(custom);
  expect(expected.some((value) => Math.abs(value) > 0.1)).toBe(true);
  for (const { path, form } of Object.values(files)) {
    const model = await openModel(path);
    expect(model.layout.form).toBe(form);
    expect(model.identity).toEqual(reference.identity);
    expect(model.text).toEqual(reference.text);
    expect(await embedding(path)).toEqual(expected);
  }
});

it('reads shards from a folder', async () => {
  const names = [...weights.keys()];
  const index: Record<string, string> = {};
  await mkdir(folder('sharded'));
  for (const [shard, part] of [names.slice(0, 60), names.slice(60)].entries()) {
    const file = `model-0000${shard + 1}-of-00002.safetensors`;
    await writeSafetensors(folder('sharded', file), new Map(part.map((name) => [name, weights.get(name)!])));
    for (const name of part) index[name] = file;
  }
  await writeFile(folder('sharded', 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: index }));
  await writeSafetensors(folder('whole.safetensors'), weights);
  const model = await openModel(folder('sharded'));
  expect(model.files).toHaveLength(2);
  expect(model.identity).toEqual((await openModel(folder('whole.safetensors'))).identity);
  expect(await embedding(folder('sharded'))).toEqual(await embedding(folder('whole.safetensors')));
});

it('reads an image tower alone, as timm writes it', async () => {
  const timm = renamed(weights, (name) => withoutText(name)?.replace('visual.head.proj', 'head').replace('visual.trunk.', ''));
  await writeSafetensors(folder('clip.safetensors'), weights);
  await writeTorchArchive(folder('timm.pth'), new Map([...timm, ['head.bias', tensor('float32', [32])]]));
  expect((await openModel(folder('timm.pth'))).layout.form).toBe('timm');
  expect(await embedding(folder('timm.pth'))).toEqual(await embedding(folder('clip.safetensors')));

  await writeTorchArchive(folder('classifier.pth'), new Map([...timm, ['head.bias', formulaValues('bias', [32])]]));
  expect((await failure(openModel(folder('classifier.pth')))).message).toMatch(/Expected head\.bias to be zero/u);

  timm.delete('head.weight');
  await writeSafetensors(folder('trunk.safetensors'), timm);
  await using trunk = await Backbone.load(folder('trunk.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  const { final } = await trunk.windowMaps(pixels, { levels: ['final'] });
  expect(final?.shape).toEqual([1, 64, 2, 2]);
  expect((await failure(trunk.embedPixels(pixels))).code).toBe('UNSUPPORTED');
  expect((await failure(trunk.vocabulary(['cat'], { cacheDir: false }))).message).toMatch(/text tower but .*trunk\.safetensors has none/u);
});

it.each<[DType, (value: number) => number]>([
  ['float16', floatToHalf],
  ['bfloat16', floatToBfloat16],
])('widens %s weights: the result is that of the rounded numbers', async (dtype, round) => {
  const narrow = new Map<string, Tensor>();
  for (const [name, { shape, data }] of weights) narrow.set(name, tensor(dtype, shape, Uint16Array.from(data, round)));
  await writeSafetensors(folder(`${dtype}.safetensors`), narrow);
  await writeSafetensors(folder(`${dtype}-wide.safetensors`), new Map([...narrow].map(([name, value]) => [name, toFloat32(value)])));
  const [left, right] = [await embedding(folder(`${dtype}.safetensors`)), await embedding(folder(`${dtype}-wide.safetensors`))];
  left.forEach((value, i) => expect(value).toBeCloseTo(right[i]!, 5));
  expect((await openModel(folder(`${dtype}.safetensors`))).logitScale).toBeCloseTo(50, 0);
});

it('lists every missing, mismatched and unused tensor at once', async () => {
  const broken = new Map(weights);
  broken.delete('visual.trunk.blocks.1.attn.qkv.bias');
  broken.delete('text.ln_final.weight');
  broken.set('visual.trunk.fc_norm.weight', formulaValues('norm', [63]));
  broken.set('visual.trunk.norm.weight', formulaValues('norm', [64]));
  broken.set('wild', formulaValues('wild', [2]));
  await writeSafetensors(folder('broken.safetensors'), broken);
  const { code, message } = await failure(openModel(folder('broken.safetensors')));
  expect(code).toBe('WEIGHTS_MISMATCH');
  expect(message.split('\n').map((line) => line.trim())).toEqual([
    'Expected weights that fit the model but found 5 problems:',
    'missing    visual.trunk.blocks.1.attn.qkv.bias: expected [192]',
    'mismatched visual.trunk.fc_norm.weight: expected [64], found [63]',
    'missing    text.ln_final.weight: expected [64]',
    'unused     visual.trunk.norm.weight',
    'unused     wild',
  ]);
});

it('refuses towers of two models, and what is no model', async () => {
  const mixed = new Map(weights);
  mixed.set('text.text_projection', formulaValues('other', [64, 48]));
  await writeSafetensors(folder('mixed.safetensors'), mixed);
  expect((await failure(openModel(folder('mixed.safetensors')))).message).toMatch(/images of 32 and texts of 48/u);
  await writeSafetensors(folder('other.safetensors'), { 'visual.conv1.weight': formulaValues('x', [4, 3, 2, 2]) });
  expect((await failure(openModel(folder('other.safetensors')))).code).toBe('MODEL_UNKNOWN');
  expect((await failure(openModel('./no-such-file.bin'))).code).toBe('INPUT_NOT_FOUND');
  const unknown = await failure(openModel('vitamin-huge'));
  expect(unknown.code).toBe('MODEL_UNKNOWN');
  expect(unknown.hint).toMatch(/nano, vitamin-small-224, .*vitamin-xlarge-384/u);
});

it('finds the size of a model without position embeddings: name, then configuration, then 256', async () => {
  const shapes = declaredShapes({ ...tinyImage, positions: false }, TINY_SIZE);
  const size = async (path: string, config?: object): Promise<number> => {
    await mkdir(dirname(folder(path)), { recursive: true });
    await writeSafetensors(folder(path), weightsFor(shapes));
    if (config) await writeFile(folder(dirname(path), 'preprocessor_config.json'), JSON.stringify(config));
    return (await openModel(folder(path))).tower.imageSize;
  };
  expect(await size('a/ViTamin-XL-384px/model.bin')).toBe(384);
  expect(await size('b/vitamin_xlarge_336.safetensors')).toBe(336);
  expect(await size('c/epoch_112.pt', { crop_size: 320, size: 320 })).toBe(320);
  expect(await size('d/model.pt', { size: { shortest_edge: 7 } })).toBe(256);
  expect(await size('e/model.pt')).toBe(256);
});

it('finds a model of the Hub in its cache, offline', async () => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const repo = folder('hub', 'models--me--Tiny-384px');
  await mkdir(`${repo}/snapshots/${commit}`, { recursive: true });
  await mkdir(`${repo}/blobs`);
  await mkdir(`${repo}/refs`);
  await writeFile(`${repo}/refs/main`, commit);
  await writeSafetensors(`${repo}/blobs/etag`, weights);
  await symlink('../../blobs/etag', `${repo}/snapshots/${commit}/pytorch_model.bin`);
  const options = { offline: true, hub: { cacheDir: folder('hub') } };
  expect((await openModel('hf:me/Tiny-384px', options)).tower.id).toBe('vitamin-custom-32');
  expect((await openModel('hf:me/Tiny-384px@main/pytorch_model.bin', options)).identity.tower).toMatch(/^[0-9a-f]{64}$/u);
  expect((await failure(openModel('vitamin-small-224', options))).code).toBe('OFFLINE');
});

it('leaves the position embedding out on request, and resizes it for other sizes', async () => {
  await writeSafetensors(folder('positions.safetensors'), weights);
  const zero = new Map(weights).set('visual.trunk.pos_embed', tensor('float32', [1, 4, 64]));
  await writeSafetensors(folder('zero.safetensors'), zero);
  const skipped = await embedding(folder('positions.safetensors'), { posEmbed: 'skip' });
  expect(skipped).toEqual(await embedding(folder('zero.safetensors')));
  expect(skipped).not.toEqual(await embedding(folder('positions.safetensors')));

  const larger = formulaValues('input', [1, 3, 48, 48]);
  const resized = resizePositionEmbedding(weights.get('visual.trunk.pos_embed')!, [2, 2], [3, 3]);
  await writeSafetensors(folder('resized.safetensors'), new Map(weights).set('visual.trunk.pos_embed', resized));
  await using native = await Backbone.load(folder('resized.safetensors'), { cacheDir: folder('cache'), threads: 1 });
  await using other = await Backbone.load(folder('positions.safetensors'), { cacheDir: folder('cache'), threads: 1, imageSize: 48 });
  expect([native.imageSize, other.imageSize, other.model.tower.imageSize]).toEqual([48, 48, TINY_SIZE]);
  expect((await other.embedPixels(larger)).data).toEqual((await native.embedPixels(larger)).data);
  expect((await failure(Backbone.load(folder('positions.safetensors'), { imageSize: 50 }))).code).toBe('USAGE');
});

it('has a model of its own', async () => {
  const model = await openModel('nano');
  expect(model.tower.id).toMatch(/^vitamin-nano-/u);
  expect(model.text?.vocabulary).toBe(49408);
});
