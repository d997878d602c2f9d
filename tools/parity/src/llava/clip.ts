import { join } from 'node:path';
import { type OpenedModel, openModel, type ViTConfig, vitTrunk } from '@vitamin-vlm/backbone';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { Graph, Parameters, type Value } from '@vitamin-vlm/graph';
import {
  causalVisibility,
  Decoder,
  embedPrompt,
  generateIds,
  languageHead,
  llamaLayers,
  openLlama,
  openProjector,
  preparePicture,
  ropeTable,
  TokenMaker,
} from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import { runGraph } from '../fvit/run-graph.ts';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { formulaPicture } from './picture.ts';
import { llavaTensor, writeFolderConfig, writeProjector } from './weights.ts';

/** Side of the square that CLIP's smallest tower sees. */
const SIZE = 56;
const TOWER = 'vision_tower.';
const PICTURES = ['image1', 'image2'];
/** Last tokens whose logits are compared. */
const LAST = 4;

/** Pictures as CLIP's tower sees them, [3, 56, 56] each. */
export async function clipPixels(images: Golden): Promise<Tensor<'float32'>[]> {
  const pixels: Tensor<'float32'>[] = [];
  for (const name of PICTURES) {
    const [width, height] = [images.at(name, 'width').takeNumber(), images.at(name, 'height').takeNumber()];
    pixels.push(await preparePicture(formulaPicture(images.at(name, 'generator').takeText(), width, height), SIZE, 'pad'));
  }
  return pixels;
}

/** CLIP's tower in transformers' names: hidden states, and the features of the layers that LLaVA may take. */
export async function compareClip(
  golden: Golden,
  pixels: readonly Tensor<'float32'>[],
  tower: OpenedModel,
  context: GoldenContext,
): Promise<void> {
  const batch = tensor('float32', [pixels.length, 3, SIZE, SIZE]);
  pixels.forEach(({ data }, i) => batch.data.set(data, i * data.length));
  golden.at('clipNano.pixels').tensor(batch);
  const { config } = tower;
  if (config.family !== 'vit') throw new VitaminError('USAGE', `Expected a ViT but found ${tower.tower.id}`);
  const states = await hiddenStates(tower, config.image, batch, context);
  states.forEach((state, i) => golden.at(`clipNano.hiddenStates${i}`).tensor(state));
  const path = join(context.folder, 'clip-projector.bin');
  await writeProjector(path, 'linear', [config.image.width, config.image.width], '');
  const projector = await openProjector(path, { cacheDir: join(context.folder, 'cache') });
  for (const layer of [-1, -2]) {
    await using maker = new TokenMaker(tower, projector, { layer });
    const rows: Tensor<'float32'>[] = [];
    for (const { data } of pixels) rows.push((await maker.project(tensor('float32', [1, 3, SIZE, SIZE], data))).features);
    golden.at(`clipNano.select${layer}`).tensor(tokensOf(rows));
  }
}

/** [1, C, h, w] of N pictures -> [N, h·w, C] */
function tokensOf(maps: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const [, channels = 0, height = 0, width = 0] = maps[0]!.shape;
  const cells = height * width;
  const out = tensor('float32', [maps.length, cells, channels]);
  for (const [n, { data }] of maps.entries()) {
    for (let i = 0; i < data.length; i++) out.data[n * data.length + i] = data[(i % channels) * cells + Math.floor(i / channels)]!;
  }
  return out;
}

async function hiddenStates(
  { weights }: OpenedModel,
  config: ViTConfig,
  batch: Tensor<'float32'>,
  { folder, threads }: GoldenContext,
): Promise<Tensor<'float32'>[]> {
  const graph = new Graph('hidden states');
  const { root } = new Parameters(graph, { weights });
  const { start, blocks } = vitTrunk(root.at('visual'), graph.input('image', 'float32', batch.shape), config);
  const values = [start, ...blocks.map(({ out }) => out)];
  const named = Object.fromEntries(values.map((value, i): [string, Value] => [`${i}`, value]));
  const found = await runGraph(graph, named, { image: batch }, { threads, cacheDir: join(folder, 'cache') });
  return values.map((_, i) => found[`${i}`]!);
}

/** LLaVA with CLIP's tower, all of it in one file as transformers has it. */
export async function compareClipRun(
  golden: Golden,
  run: Golden,
  pixels: Tensor<'float32'>,
  ids: readonly number[],
  prefix: string,
  context: GoldenContext,
): Promise<void> {
  const folder = join(context.folder, 'llava-hf');
  const names = golden.at('hfTensorNames').value as Record<string, readonly number[]>;
  const config = run.at('config').value as Record<string, number>;
  const [rows] = names['language_model.lm_head.weight'] as [number];
  await writeFolderConfig(folder, { ...config, vocab_size: rows });
  const vocabulary = config['vocab_size']!;
  const tensors = Object.entries(names).map(([name, shape]) => [name, hfTensor(name, shape, vocabulary, prefix)] as const);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  golden.at('hfTransformersVersion').takeText();

  const cacheDir = join(context.folder, 'cache');
  const tower = await openModel(folder, { prefix: TOWER, cacheDir });
  const [projector, model] = [await openProjector(folder, { cacheDir }), await openLlama(folder, { cacheDir })];
  const taken = [...tower.weights.keys(), ...projector.weights.keys(), ...model.weights.keys()].length;
  golden.at('hfTensorNames').equal(taken === Object.keys(names).length ? names : {});
  golden.at('hfMissingKeys').equal([]); // a missing one would have been refused
  await using sessions = new SessionPool({ threads: context.threads, cacheDir });
  await using maker = new TokenMaker(tower, projector, { sessions });
  const decoder = new Decoder(model, sessions);
  const { tokens } = await maker.project(tensor('float32', [1, ...pixels.shape], pixels.data));
  const prompt = await embedPrompt(decoder, [...ids], [tokens]);
  const [length, hidden] = prompt.shape as [number, number];
  golden.at('length').equal(length);

  const graph = new Graph('logits');
  const { root } = new Parameters(graph, { weights: model.weights });
  const embeddings = graph.input('embeddings', 'float32', [1, length, hidden]);
  const positions = graph.input('positions', 'int64', [1, length]);
  const places = { positions, visible: causalVisibility(positions, positions), rope: ropeTable(graph, model.config, length) };
  const { norm } = llamaLayers(root.at('model'), embeddings, model.config, places);
  const feeds = {
    embeddings: tensor('float32', [1, length, hidden], prompt.data),
    positions: tensor(
      'int64',
      [1, length],
      BigInt64Array.from({ length }, (_, i) => BigInt(i)),
    ),
  };
  const found = await runGraph(graph, { logits: languageHead(root, norm, model.config) }, feeds, { threads: context.threads, cacheDir });
  const last = tensor('float32', [1, LAST, vocabulary]);
  for (let i = 0; i < LAST; i++) {
    const from = (length - LAST + i) * rows;
    last.data.set(found['logits']!.data.subarray(from, from + vocabulary), i * vocabulary);
  }
  golden.at('logitsLast4').tensor(last);
  const answer = [1]; // the id of a beginning, which the original gives out too
  const count = (golden.at('greedy24').value as number[]).length - 1;
  for await (const id of generateIds(decoder, prompt, { maxTokens: count, eos: [2] })) answer.push(id);
  golden.at('greedy24').equal(answer);
  // Between the two layouts of the original program, in float64. Here both read the same numbers, so nothing is left of it.
  golden.at('hfLlavaLogitsMaxAbsDiff').numbers([0], 1);
}

/** The same numbers as in LLaVA's own names; the rows of tokens that only transformers has are zero. */
function hfTensor(name: string, shape: readonly number[], vocabulary: number, prefix: string): Tensor<'float32'> {
  const own = name
    .replace(TOWER, '')
    .replace('language_model.', '')
    .replace(/^multi_modal_projector\.linear_(\d)\./u, (_, n: string) => `model.mm_projector.${2 * (Number(n) - 1)}.`);
  if (!/embed_tokens|lm_head/u.test(own)) return llavaTensor(own, shape, prefix);
  const known = llavaTensor(own, [vocabulary, shape[1]!], prefix);
  const all = tensor('float32', shape, new Float32Array(sizeOf(shape)));
  all.data.set(known.data);
  return all;
}
