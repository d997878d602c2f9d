import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@vitamin-vlm/backbone';
import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bridge, openProjector, randomNumbers, TokenMaker, writeSentencePieceModel } from '../src/index.ts';
import { smallVocabulary } from './vocabulary.ts';

// llava-v1.5-7b as it is published: two shards with their index, projector inside, tables of angles that nobody reads, and no tower: that is
// openai/clip-vit-large-patch14-336 in transformers' names. Every name is the published one; layers are 2 instead of 32 and 24, widths 32 and 64.
const WORDS = 300;
const [HIDDEN, INNER, WIDTH, SIDE] = [32, 48, 64, 56];
const cells = (SIDE / 14) ** 2;

const layer = (i: number): [string, number[]][] => [
  [`model.layers.${i}.self_attn.q_proj.weight`, [HIDDEN, HIDDEN]],
  [`model.layers.${i}.self_attn.k_proj.weight`, [HIDDEN, HIDDEN]],
  [`model.layers.${i}.self_attn.v_proj.weight`, [HIDDEN, HIDDEN]],
  [`model.layers.${i}.self_attn.o_proj.weight`, [HIDDEN, HIDDEN]],
  [`model.layers.${i}.self_attn.rotary_emb.inv_freq`, [4]],
  [`model.layers.${i}.mlp.gate_proj.weight`, [INNER, HIDDEN]],
  [`model.layers.${i}.mlp.up_proj.weight`, [INNER, HIDDEN]],
  [`model.layers.${i}.mlp.down_proj.weight`, [HIDDEN, INNER]],
  [`model.layers.${i}.input_layernorm.weight`, [HIDDEN]],
  [`model.layers.${i}.post_attention_layernorm.weight`, [HIDDEN]],
];
const shards: Readonly<Record<string, [string, number[]][]>> = {
  'pytorch_model-00001-of-00002.bin': [['model.embed_tokens.weight', [WORDS, HIDDEN]], ...layer(0)],
  'pytorch_model-00002-of-00002.bin': [
    ...layer(1),
    ['model.norm.weight', [HIDDEN]],
    ['model.mm_projector.0.weight', [HIDDEN, WIDTH]],
    ['model.mm_projector.0.bias', [HIDDEN]],
    ['model.mm_projector.2.weight', [HIDDEN, HIDDEN]],
    ['model.mm_projector.2.bias', [HIDDEN]],
    ['lm_head.weight', [WORDS, HIDDEN]],
  ],
};
const config = {
  architectures: ['LlavaLlamaForCausalLM'],
  model_type: 'llava',
  hidden_size: HIDDEN,
  intermediate_size: INNER,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  vocab_size: WORDS,
  max_position_embeddings: 512,
  mm_vision_tower: 'openai/clip-vit-large-patch14-336',
  mm_projector_type: 'mlp2x_gelu',
  mm_vision_select_layer: -2,
  mm_vision_select_feature: 'patch',
  mm_use_im_start_end: false,
  mm_use_im_patch_token: false,
  image_aspect_ratio: 'pad',
};

/** Blocks of CLIPModel's towers. */
const block = (tower: string, i: number): [string, number[]][] =>
  ['q_proj', 'k_proj', 'v_proj', 'out_proj']
    .flatMap((name): [string, number[]][] => [
      [`self_attn.${name}.weight`, [WIDTH, WIDTH]],
      [`self_attn.${name}.bias`, [WIDTH]],
    ])
    .concat([
      ['layer_norm1.weight', [WIDTH]],
      ['layer_norm1.bias', [WIDTH]],
      ['mlp.fc1.weight', [4 * WIDTH, WIDTH]],
      ['mlp.fc1.bias', [4 * WIDTH]],
      ['mlp.fc2.weight', [WIDTH, 4 * WIDTH]],
      ['mlp.fc2.bias', [WIDTH]],
      ['layer_norm2.weight', [WIDTH]],
      ['layer_norm2.bias', [WIDTH]],
    ])
    .map(([name, shape]) => [`${tower}.encoder.layers.${i}.${name}`, shape]);
const clip: [string, number[]][] = [
  ['logit_scale', []],
  ['text_model.embeddings.token_embedding.weight', [WORDS, WIDTH]],
  ['text_model.embeddings.position_embedding.weight', [77, WIDTH]],
  ...block('text_model', 0),
  ['text_model.final_layer_norm.weight', [WIDTH]],
  ['text_model.final_layer_norm.bias', [WIDTH]],
  ['vision_model.embeddings.class_embedding', [WIDTH]],
  ['vision_model.embeddings.patch_embedding.weight', [WIDTH, 3, 14, 14]],
  ['vision_model.embeddings.position_embedding.weight', [cells + 1, WIDTH]],
  ['vision_model.pre_layrnorm.weight', [WIDTH]],
  ['vision_model.pre_layrnorm.bias', [WIDTH]],
  ...block('vision_model', 0),
  ...block('vision_model', 1),
  ['vision_model.post_layernorm.weight', [WIDTH]],
  ['vision_model.post_layernorm.bias', [WIDTH]],
  ['visual_projection.weight', [32, WIDTH]],
  ['text_projection.weight', [32, WIDTH]],
];

let folder: string;
const at = (...parts: string[]): string => join(folder, ...parts);

function filled(list: readonly [string, number[]][], seed: number): [string, Tensor][] {
  const random = randomNumbers(seed);
  return list.map(([name, shape]) => {
    const scale = shape.length > 1 ? Math.sqrt(12 / sizeOf(shape.slice(1))) : 0.2;
    const offset = shape.length < 2 && name.endsWith('weight') ? 1 : 0;
    const data = Float32Array.from({ length: sizeOf(shape) }, () => offset + scale * (random() - 0.5));
    return [name, tensor('float32', shape, data)];
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-layout-'));
  await mkdir(at('llava-v1.5-7b'));
  for (const [i, [file, list]] of Object.entries(shards).entries()) await writeTorchArchive(at('llava-v1.5-7b', file), filled(list, i + 1));
  const weight_map = Object.fromEntries(Object.entries(shards).flatMap(([file, list]) => list.map(([name]) => [name, file])));
  await writeFile(at('llava-v1.5-7b', 'pytorch_model.bin.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  await writeFile(at('llava-v1.5-7b', 'config.json'), JSON.stringify(config));
  await writeFile(at('llava-v1.5-7b', 'tokenizer.model'), writeSentencePieceModel(smallVocabulary('a', 'b', 'c')));
  await mkdir(at('clip'));
  const ids = tensor('int64', [1, cells + 1]);
  await writeTorchArchive(at('clip', 'pytorch_model.bin'), [...filled(clip, 9), ['vision_model.embeddings.position_ids', ids]]);
  await writeFile(
    at('clip', 'config.json'),
    JSON.stringify({
      model_type: 'clip',
      vision_config: { hidden_act: 'quick_gelu', num_attention_heads: 1 },
      text_config: { num_attention_heads: 1 },
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const picture = { width: 70, height: 40, data: Uint8Array.from({ length: 3 * 70 * 40 }, (_, i) => (i * 37) % 256) };

it('loads llava-v1.5-7b with its tower from its own file, and sees as its configuration says', async () => {
  const cacheDir = at('cache');
  const parts = { tower: at('clip'), llm: at('llava-v1.5-7b'), cacheDir, threads: 1, execution: 'inline' } as const;
  await using bridge = await Bridge.load(parts);
  expect(bridge.recipe).toMatchObject({ layer: -2, rule: 'pad', size: SIDE });
  const { data, tokens, hidden, grid } = await bridge.tokens(picture);
  expect([tokens, hidden, grid]).toEqual([cells, HIDDEN, { height: SIDE / 14, width: SIDE / 14 }]); // the class token is dropped
  const tower = await openModel(at('clip'), { cacheDir });
  const { config: found } = tower;
  expect([found.family, found.family === 'vit' && found.image.activation, tower.layout.form]).toEqual(['vit', 'quickGelu', 'transformers']);
  const projector = await openProjector(at('llava-v1.5-7b'), { cacheDir });
  await using same = new TokenMaker(tower, projector, { layer: -2, rule: 'pad' });
  expect((await same.tokens(picture)).data).toEqual(data);
  await using last = new TokenMaker(tower, projector, { layer: -1, rule: 'pad' });
  expect((await last.tokens(picture)).data).not.toEqual(data);
  let answer = '';
  for await (const text of bridge.ask(await bridge.tokens(picture), 'abc?', { maxTokens: 4 })) answer += text;
  expect(typeof answer).toBe('string');
});

it('names what a shard lacks', async () => {
  const file = 'pytorch_model-00002-of-00002.bin';
  const short = shards[file]!.filter(([name]) => name !== 'model.norm.weight');
  await writeTorchArchive(at('llava-v1.5-7b', file), filled(short, 2));
  await expect(Bridge.load({ tower: at('clip'), llm: at('llava-v1.5-7b'), cacheDir: at('cache') })).rejects.toThrow(/model\.norm\.weight/u);
});
