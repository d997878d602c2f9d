import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@vitamin-vlm/backbone';
import { writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { encodePng } from '@vitamin-vlm/image';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectFinite, identityProjector, openProjector, randomNumbers, TokenMaker, tokensHash } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'));
});
afterAll(() => rm(folder, { recursive: true }));

const model = await openModel('nano');
const width = model.tower.levels.find(({ name }) => name === 'final')!.channels;

function layers(names: readonly [string, string], input = width, output = 24): [string, Tensor<'float32'>][] {
  const random = randomNumbers(1);
  const make = (...shape: number[]): Tensor<'float32'> => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return tensor(
      'float32',
      shape,
      Float32Array.from({ length: size }, () => random() - 0.5),
    );
  };
  return [
    [`${names[0]}.weight`, make(output, input)],
    [`${names[0]}.bias`, make(output)],
    [`${names[1]}.weight`, make(output, output)],
    [`${names[1]}.bias`, make(output)],
  ];
}

const picture = (seed: number) => {
  const random = randomNumbers(seed);
  return { width: 40, height: 30, data: Uint8Array.from({ length: 3600 }, () => random() * 256) };
};

it('every name that LLaVA and transformers give a projector is the same projector', async () => {
  const files: [string, readonly [string, string]][] = [
    ['mm_projector.bin', ['model.mm_projector.0', 'model.mm_projector.2']],
    ['non_lora_trainables.bin', ['base_model.model.model.mm_projector.0', 'base_model.model.model.mm_projector.2']],
    ['hf.safetensors', ['multi_modal_projector.linear_1', 'multi_modal_projector.linear_2']],
  ];
  const identities = new Set<string>();
  for (const [file, names] of files) {
    const path = join(folder, file);
    const tensors = [...layers(names), ['model.norm.weight', tensor('float32', [2])] as const];
    await (file.endsWith('.bin') ? writeTorchArchive(path, tensors) : writeSafetensors(path, tensors));
    const { config, identity } = await openProjector(path, { cacheDir: false });
    expect(config).toEqual({ type: 'mlp2x_gelu', depth: 2, input: width, output: 24 });
    identities.add(identity);
  }
  expect(identities.size).toBe(1);
});

it('what does not fit is refused with both numbers', async () => {
  const path = join(folder, 'wide.bin');
  await writeTorchArchive(path, layers(['mm_projector.0', 'mm_projector.2'], 7));
  const wide = await openProjector(path, { cacheDir: false });
  expect(() => new TokenMaker(model, wide)).toThrow(new RegExp(`for the ${width} numbers of .* but .*wide.bin takes 7`, 'u'));
  expect(() => new TokenMaker(model, identityProjector(width), { layer: -99 })).toThrow(/layer from -\d+ to -1 but received -99/u);
  await writeTorchArchive(join(folder, 'none.bin'), { x: tensor('float32', [1]) });
  await expect(openProjector(join(folder, 'none.bin'), { cacheDir: false })).rejects.toThrow(/Expected a projector .* but found none/u);
  const [first, ...rest] = layers(['mm_projector.0', 'mm_projector.2']);
  first![1].data[5] = Number.NaN;
  await writeTorchArchive(join(folder, 'nan.bin'), [first!, ...rest]);
  await expect(openProjector(join(folder, 'nan.bin'), { cacheDir: false })).rejects.toThrow(/not finite mm_projector.0.weight/u);
});

it('tokens of a picture: made once, named by content, streamed past a broken one', async () => {
  await using maker = new TokenMaker(model, await openProjector(join(folder, 'mm_projector.bin'), { cacheDir: false }));
  const tokens = await maker.tokens(picture(1));
  const side = model.tower.imageSize / 16;
  expect([tokens.tokens, tokens.hidden, tokens.grid]).toEqual([side * side, 24, { height: side, width: side }]);
  expect(tokens.recipe).toMatchObject({ rule: 'pad', layer: -2, finalNorm: false, padding: 'mean' });
  expect(await maker.tokens(picture(1))).toBe(tokens);
  expect(await maker.tokens(await encodePng(picture(1)))).toBe(tokens);
  const other = await maker.tokens(picture(2));
  expect(tokensHash(other)).not.toBe(tokensHash(tokens));
  expect(tokensHash({ ...tokens, identity: { ...tokens.identity, tower: 'x' } })).not.toBe(tokensHash(tokens));
  const results = [];
  for await (const { tokens: found, error } of maker.stream([picture(1), new Uint8Array(9), picture(2)]))
    results.push(error?.code ?? found?.hidden);
  expect(results).toEqual([24, 'INPUT_UNREADABLE', 24]);
});

it('layers and the final norm are readings of their own', async () => {
  const norms = new Set<string>();
  for (const options of [{ layer: -1 }, { layer: -2 }, { layer: -3 }, { layer: -2, finalNorm: true }]) {
    await using maker = new TokenMaker(model, identityProjector(width), options);
    const { data } = await maker.tokens(picture(1));
    norms.add(data.data.subarray(0, 4).join());
  }
  expect(norms.size).toBe(4);
});

it('numbers that are not finite never leave', () => {
  const data = new Float32Array(6);
  data[4] = Number.POSITIVE_INFINITY;
  expect(() => expectFinite(tensor('float32', [2, 3], data), 'visual tokens')).toThrow(/found Infinity at token 1, number 1/u);
});
