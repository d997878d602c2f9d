import { mkdir, writeFile } from 'node:fs/promises';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { openModel, type OpenModelOptions } from '../src/load/open-model.ts';
import { formulaValues } from './formula.ts';
import { temporaryFolder } from './support/folder.ts';
import { digest } from './support/formula-model.ts';
import { renamed } from './support/tiny-model.ts';
import { tinyViT, vitWeights } from './support/tiny-vit.ts';

const folder = temporaryFolder();
const SIZE = 56;
const config = tinyViT;
const input = tensor(
  'float32',
  [1, 3, SIZE, SIZE],
  formulaValues('input', [1, 3, SIZE, SIZE]).data.map((u) => 4 * u),
);

const weights = vitWeights(config);

async function embedding(path: string, options: OpenModelOptions = {}): Promise<Tensor<'float32'>> {
  await using backbone = await Backbone.load(path, { ...options, cacheDir: folder('cache'), threads: 1 });
  return await backbone.embedPixels(input);
}

async function written(name: string, tensors: ReadonlyMap<string, Tensor>): Promise<string> {
  const path = folder(`${name}.safetensors`);
  await writeSafetensors(path, tensors);
  return path;
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(2e-5);
}

/** [a, b] -> [b, a] */
function transposed({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  const [rows, columns] = shape as [number, number];
  return tensor(
    'float32',
    [columns, rows],
    data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}

/** transformers' names: q, k and v apart, projections the other way round. */
function transformersNames(all: ReadonlyMap<string, Tensor<'float32'>>): Map<string, Tensor<'float32'>> {
  const out = new Map<string, Tensor<'float32'>>();
  for (const [name, value] of all) {
    const own = name
      .replace(/^visual\.transformer\.resblocks/u, 'vision_model.encoder.layers')
      .replace(/^transformer\.resblocks/u, 'text_model.encoder.layers')
      .replace(/\.ln_([12])\./u, '.layer_norm$1.')
      .replace('.attn.', '.self_attn.')
      .replace('c_fc', 'fc1')
      .replace('c_proj', 'fc2')
      .replace('visual.conv1', 'vision_model.embeddings.patch_embedding')
      .replace('visual.class_embedding', 'vision_model.embeddings.class_embedding')
      .replace('visual.positional_embedding', 'vision_model.embeddings.position_embedding.weight')
      .replace('visual.ln_pre', 'vision_model.pre_layrnorm')
      .replace('visual.ln_post', 'vision_model.post_layernorm')
      .replace(/^token_embedding/u, 'text_model.embeddings.token_embedding')
      .replace(/^positional_embedding$/u, 'text_model.embeddings.position_embedding.weight')
      .replace(/^ln_final/u, 'text_model.final_layer_norm');
    const packed = /^(.*)in_proj_(weight|bias)$/u.exec(own);
    if (packed) {
      const third = value.data.length / 3;
      for (const [i, part] of ['q', 'k', 'v'].entries()) {
        const shape = [value.shape[0]! / 3, ...value.shape.slice(1)];
        out.set(`${packed[1]}${part}_proj.${packed[2]}`, tensor('float32', shape, value.data.slice(i * third, (i + 1) * third)));
      }
    } else if (own === 'visual.proj') out.set('visual_projection.weight', transposed(value));
    else if (own === 'text_projection') out.set('text_projection.weight', transposed(value));
    else out.set(own, value);
  }
  return out.set('vision_model.embeddings.position_ids', tensor('float32', [1, 17]));
}

/** timm's names of the image tower. */
function timmNames(all: ReadonlyMap<string, Tensor<'float32'>>): Map<string, Tensor<'float32'>> {
  const visual = renamed(all, (name) => (name.startsWith('visual.') ? name.slice('visual.'.length) : undefined));
  const out = renamed(visual, (name) =>
    name
      .replace('transformer.resblocks', 'blocks')
      .replace(/\.ln_([12])\./u, '.norm$1.')
      .replace('attn.in_proj_', 'attn.qkv.')
      .replace('attn.out_proj', 'attn.proj')
      .replace('c_fc', 'fc1')
      .replace('c_proj', 'fc2')
      .replace('conv1', 'patch_embed.proj')
      .replace('ln_pre', 'norm_pre')
      .replace('ln_post', 'norm'),
  );
  const take = (name: string): Tensor<'float32'> => {
    const value = out.get(name)!;
    out.delete(name);
    return value;
  };
  out.set('cls_token', tensor('float32', [1, 1, 64], take('class_embedding').data));
  out.set('pos_embed', tensor('float32', [1, 17, 64], take('positional_embedding').data));
  out.set('head.weight', transposed(take('proj')));
  return out.set('head.bias', tensor('float32', [32]));
}

describe('ViT of CLIP', () => {
  it.each([
    ['gelu', [-0.587919, 1.186126, -2.206409, 0.734769, -0.821486, -1.611535]],
    ['quickGelu', [-0.587788, 1.185716, -2.216925, 0.725256, -0.819902, -1.603271]],
  ] as const)('gives what open_clip 3.3 gives, with %s', async (activation, expected) => {
    expectClose(digest(await embedding(await written(activation, weights), { hints: { activation } })), expected);
  });

  it('reads one model from every layout', async () => {
    const hints = { activation: 'quickGelu' } as const;
    const reference = await embedding(await written('open-clip', weights), { hints });
    const scalars = ['input_resolution', 'context_length', 'vocab_size'].map((name) => [name, tensor('float32', [])] as const);
    const files = {
      openai: new Map([...weights, ...scalars]),
      transformers: transformersNames(weights),
      timm: timmNames(weights),
    };
    for (const [form, tensors] of Object.entries(files)) {
      const path = await written(form, tensors);
      expect((await openModel(path)).layout.form).toBe(form);
      // OpenAI's archives and transformers' defaults say the activation themselves.
      expectClose((await embedding(path, form === 'timm' ? { hints } : {})).data, reference.data);
    }
  });

  it('takes the activation and the heads from a configuration beside the weights', async () => {
    const path = folder('configured', 'open_clip_model.safetensors');
    await mkdir(folder('configured'));
    await writeSafetensors(path, weights);
    const stated = { model_cfg: { quick_gelu: true, vision_cfg: { width: 64, head_width: 16 }, text_cfg: { heads: 4 } } };
    await writeFile(
      folder('configured', 'open_clip_config.json'),
      JSON.stringify({ ...stated, preprocess_cfg: { resize_mode: 'squash' } }),
    );
    const { config: found, text, tower, identity } = await openModel(path);
    expect(found.image).toMatchObject({ heads: 4, activation: 'quickGelu' });
    expect(text?.heads).toBe(4);
    expect(tower.edge).toBe('both');
    const plain = await openModel(await written('plain', weights));
    expect(plain.config.image).toMatchObject({ heads: 2, activation: 'gelu' });
    expect(identity.tower).not.toBe(plain.identity.tower); // the same weights, but not the same tower
    await writeFile(folder('configured', 'open_clip_config.json'), '{"model_cfg":{"quick_gelu":"yes","vision_cfg":[],"text_cfg":null}');
    expect((await openModel(path)).config).toEqual(plain.config);
  });

  it('runs at other sizes, and knows CLIPA by what it lacks', async () => {
    const path = await written('sizes', weights);
    await using backbone = await Backbone.load(path, { cacheDir: folder('cache'), threads: 1 });
    const pixels = formulaValues('wide', [1, 3, 70, 98]);
    const maps = await backbone.wholeMaps(pixels, { levels: ['final', 'dense'] });
    expect([maps['final']!.shape, maps['dense']!.shape]).toEqual([
      [1, 64, 5, 7],
      [1, 32, 5, 7],
    ]);
    const clipa = await openModel(await written('clipa', vitWeights({ ...config, preNorm: false, pool: 'mean' })));
    expect(clipa.tower).toMatchObject({ id: 'vit-64x2-14-56-clipa', resize: 'bilinear', edge: 'both' });
    expect(clipa.text).toMatchObject({ bidirectional: true, pool: 'last' });
  });

  it('says what was looked for when there is no tower', async () => {
    const path = await written('other', new Map([['features.0.weight', tensor('float32', [4])]]));
    await expect(openModel(path)).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      hint: expect.stringContaining('CLIP ViT (visual.class_embedding)'),
    });
  });
});
