import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { beforeAll, describe, expect, it } from 'vitest';
import { Backbone } from '../src/backbone/backbone.ts';
import { openModel, type OpenModelOptions } from '../src/load/open-model.ts';
import { type PooledViTConfig, pooledViTHead, pooledViTTrunk } from '../src/models/pooled-vit.ts';
import { textTower } from '../src/models/text-tower.ts';
import { formulaValues } from './formula.ts';
import { temporaryFolder } from './support/folder.ts';
import { formulaWeight } from './support/formula-model.ts';

const folder = temporaryFolder();
const SIZE = 56;
const CONTEXT = 8;
const image: PooledViTConfig = {
  width: 64,
  layers: 2,
  heads: 2,
  hidden: 160,
  patch: 14,
  embedDim: 64,
  eps: 1e-6,
  patchBias: true,
  classToken: false,
  preNorm: false,
  poolHeads: 2,
  projection: false,
};
const pixels = formulaValues('input', [1, 3, SIZE, SIZE]);
const tokens = { ids: tensor('int32', [1, CONTEXT], Int32Array.from([7, 40, 3, 1, 0, 0, 0, 0])), eot: Int32Array.of(3) };

/** open_clip's names and formula weights. */
function openClipWeights(): Map<string, Tensor<'float32'>> {
  const graph = new Graph('shapes');
  const { root, declared } = new Parameters(graph);
  const trunk = root.at('visual').at('trunk');
  const { blocks } = pooledViTTrunk(trunk, graph.input('image', 'float32', [1, 3, SIZE, SIZE]), image);
  pooledViTHead(trunk, blocks.at(-1)!.out, image);
  const text = { width: 64, heads: 2, layers: 1, embedDim: 64, vocabulary: 50, context: CONTEXT, projection: 'biased' } as const;
  textTower(root.at('text'), graph.input('ids', 'int32', [1, CONTEXT]), graph.input('ends', 'int32', [1]), text);
  const all = new Map([...declared].map(([name, shape]) => [name, formulaWeight(name, shape)]));
  all.set('logit_scale', tensor('float32', [1], new Float32Array([Math.log(110)])));
  return all.set('logit_bias', tensor('float32', [1], new Float32Array([-16])));
}

/** Parts of a tensor along its first axis, in thirds of it. */
function thirds({ shape, data }: Tensor<'float32'>): Tensor<'float32'>[] {
  const [rows, size] = [shape[0]! / 3, data.length / 3];
  return [0, 1, 2].map((i) => tensor('float32', [rows, ...shape.slice(1)], data.slice(i * size, (i + 1) * size)));
}

/** The names of transformers' SiglipModel: q, k and v apart in blocks and together in the pool, positions without a leading axis. */
function transformersNames(all: ReadonlyMap<string, Tensor<'float32'>>): Map<string, Tensor<'float32'>> {
  const out = new Map<string, Tensor<'float32'>>();
  for (const [name, value] of all) {
    const own = name
      .replace('visual.trunk.patch_embed.proj', 'vision_model.embeddings.patch_embedding')
      .replace('visual.trunk.pos_embed', 'vision_model.embeddings.position_embedding.weight')
      .replace('visual.trunk.blocks', 'vision_model.encoder.layers')
      .replace('visual.trunk.norm', 'vision_model.post_layernorm')
      .replace('visual.trunk.attn_pool.latent', 'vision_model.head.probe')
      .replace('visual.trunk.attn_pool.proj', 'vision_model.head.attention.out_proj')
      .replace('visual.trunk.attn_pool.norm', 'vision_model.head.layernorm')
      .replace('visual.trunk.attn_pool', 'vision_model.head')
      .replace('text.token_embedding', 'text_model.embeddings.token_embedding')
      .replace('text.positional_embedding', 'text_model.embeddings.position_embedding.weight')
      .replace('text.transformer.resblocks', 'text_model.encoder.layers')
      .replace('text.ln_final', 'text_model.final_layer_norm')
      .replace('text.text_projection', 'text_model.head')
      .replace(/\.(?:ln_|norm)([12])\./u, '.layer_norm$1.')
      .replace(/\.attn\.(?:out_)?proj\./u, '.self_attn.out_proj.')
      .replace('c_fc', 'fc1')
      .replace('c_proj', 'fc2');
    const packed = /^(.*\.)attn\.(?:qkv\.|in_proj_)(weight|bias)$/u.exec(own);
    const pool = /^vision_model\.head\.(?:q|kv)\.(weight|bias)$/u.exec(own)?.[1];
    if (packed) thirds(value).forEach((part, i) => out.set(`${packed[1]}self_attn.${'qkv'[i]}_proj.${packed[2]}`, part));
    else if (own.endsWith('vision_model.embeddings.position_embedding.weight')) out.set(own, { ...value, shape: value.shape.slice(1) });
    else if (pool === undefined) out.set(own, value);
    else {
      const [q, kv] = ['q', 'kv'].map((part) => all.get(`visual.trunk.attn_pool.${part}.${pool}`)!.data) as [Float32Array, Float32Array];
      out.set(
        `vision_model.head.attention.in_proj_${pool}`,
        tensor('float32', [192, ...value.shape.slice(1)], Float32Array.of(...q, ...kv)),
      );
    }
  }
  return out;
}

async function written(name: string, tensors: ReadonlyMap<string, Tensor>): Promise<string> {
  const path = folder(`${name}.safetensors`);
  await writeSafetensors(path, tensors);
  return path;
}

async function embeddings(path: string, options: OpenModelOptions = {}): Promise<Float32Array[]> {
  await using backbone = await Backbone.load(path, { ...options, cacheDir: folder('cache'), threads: 1 });
  const { dense } = await backbone.wholeMaps(formulaValues('wide', [1, 3, 70, 98]), { levels: ['dense'] });
  const found = [await backbone.embedPixels(pixels), await backbone.embedTokens(tokens), dense!];
  return found.map(({ data }) => Float32Array.from(data));
}

function difference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe('SigLIP 2 under the names of transformers', () => {
  const weights = openClipWeights();
  const names = transformersNames(weights);
  let openClip: string;
  let transformers: string;
  beforeAll(async () => {
    openClip = await written('open-clip', weights);
    transformers = await written('transformers', names);
  });

  it('has the names of SiglipModel', () => {
    const expected = ['attention.in_proj_bias', 'attention.in_proj_weight', 'attention.out_proj.bias', 'attention.out_proj.weight'];
    const rest = ['layernorm.bias', 'layernorm.weight', 'mlp.fc1.bias', 'mlp.fc1.weight', 'mlp.fc2.bias', 'mlp.fc2.weight', 'probe'];
    const head = 'vision_model.head.';
    const found = [...names.keys()].filter((name) => name.startsWith(head)).map((name) => name.slice(head.length));
    expect(found.toSorted()).toEqual([...expected, ...rest]);
    expect(names.get('vision_model.embeddings.position_embedding.weight')?.shape).toEqual([16, 64]);
    expect(names.has('text_model.encoder.layers.0.self_attn.out_proj.weight')).toBe(true);
  });

  it('gives what the same weights give under the names of open_clip', async () => {
    const reference = await embeddings(openClip, { hints: { activation: 'geluTanh' } });
    const found = await embeddings(transformers);
    for (const [i, values] of found.entries()) expect(difference(values, reference[i]!)).toBeLessThan(2e-5);
    const exact = await embeddings(openClip);
    expect(difference(exact[0]!, reference[0]!)).toBeGreaterThan(1e-4); // timm's activation is another
    const stated = await embeddings(transformers, { hints: { activation: 'gelu' } });
    for (const [i, values] of stated.entries()) expect(difference(values, exact[i]!)).toBeLessThan(2e-5);
  });

  it('has the same sizes, scale and preprocessing', async () => {
    const [a, b] = await Promise.all([openClip, transformers].map((path) => openModel(path)));
    expect(b!.layout).toMatchObject({ family: 'siglip2', form: 'transformers' });
    expect(b!.config).toMatchObject({ imageSize: SIZE, image, text: { ...a!.text, separate: true } });
    expect([b!.logitScale, b!.logitBias]).toEqual([a!.logitScale, -16]);
    expect(b!.logitScale).toBeCloseTo(110, 3);
    expect([b!.tower.id, b!.tower.edge, b!.recipe]).toEqual([a!.tower.id, a!.tower.edge, a!.recipe]);
  });

  it('opens an image tower alone, as SiglipVisionModel saves it', async () => {
    const path = await written('vision', new Map([...names].filter(([name]) => name.startsWith('vision_model.'))));
    const [alone, whole] = [await openModel(path), await openModel(transformers)];
    expect(alone.text).toBeUndefined();
    expect([alone.identity.tower, alone.identity.head]).toEqual([whole.identity.tower, whole.identity.head]);
  });
});
