import { join } from 'node:path';
import { Backbone, convNeXtPixels, type Hints, openModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters, reshape, transpose } from '@vitamin-vlm/graph';
import { formulaValues } from '../formula.ts';
import { runGraph } from '../fvit/run-graph.ts';
import type { Golden } from '../golden/golden.ts';
import { inputOf, type OpenedCase } from './opened.ts';

/** Dense maps and other sizes: what frameworks read. */
export async function compareDense(opened: OpenedCase): Promise<void> {
  const { golden, model } = opened;
  if (golden.has('outIndices')) golden.at('outIndices').takeNumbers();
  if (golden.has('denseOutIndices')) golden.at('denseOutIndices').takeNumbers();
  if (model.config.family === 'vit') await compareViT(opened);
  if (model.config.family === 'eva02') await compareEva(opened);
  if (model.config.family === 'convnext') await compareConvNeXt(opened);
}

/** The tower of a case opened anew, to be read in another way. */
async function reopened({ model, weights, context }: OpenedCase, hints: Hints): Promise<Backbone> {
  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  return Backbone.from(await openModel(model.files[0]!, { hints: { ...weights.hints, ...hints }, ...session }), session);
}

/** A picture of as many patches as a map has cells. */
function patchesOf(golden: Golden, patch: number, name: string): Tensor<'float32'> {
  const [, , h = 0, w = 0] = (golden.value as { shape: number[] }).shape;
  return formulaValues(name, [1, 3, h * patch, w * patch], 4);
}

/** CLIPSelf resizes positions plainly, and reads the last block without attention; F-ViT's CLIPViT reads the last block as it is. */
async function compareViT(opened: OpenedCase): Promise<void> {
  const { golden, weights } = opened;
  const taps = golden.at('taps');
  const input = inputOf(golden.at('imageInput'), weights.seedSuffix);
  await using plain = await reopened(opened, { positionResize: 'plain', denseLevel: 'valueOnly' });
  const { stride } = plain.model.tower;
  if (taps.has('dense_clipself_value_only')) {
    taps.at('dense_clipself_value_only').tensor((await plain.wholeMaps(input, { levels: ['dense'] }))['dense']!);
  }
  if (taps.has('dense_clipself_value_only_resized')) {
    const resized = taps.at('dense_clipself_value_only_resized');
    const pixels = patchesOf(resized, stride, `input.resized${weights.seedSuffix}`);
    resized.tensor((await plain.wholeMaps(pixels, { levels: ['dense'] }))['dense']!);
    const [, , height = 0, width = 0] = pixels.shape;
    const table = plain.model.tower.weightsFor(height, width).get('visual.positional_embedding') as Tensor<'float32'>;
    if (taps.has('resized_position_embedding')) taps.at('resized_position_embedding').tensor(table);
  }
  if (!taps.has('dense_clipvit')) return;
  await using ordinary = await reopened(opened, { denseLevel: 'final' });
  taps.at('dense_clipvit').tensor((await ordinary.wholeMaps(input, { levels: ['dense'] }))['dense']!);
}

async function compareEva({ golden, weights, backbone }: OpenedCase): Promise<void> {
  const taps = golden.at('taps');
  const input = inputOf(golden.at('imageInput'), weights.seedSuffix);
  taps.at('dense_clipself').tensor((await backbone.wholeMaps(input, { levels: ['dense'] }))['dense']!);
  if (!golden.has('resizedInput')) return;
  const resized = inputOf(golden.at('resizedInput'), weights.seedSuffix);
  taps.at('resized.dense_clipself').tensor((await backbone.wholeMaps(resized, { levels: ['dense'] }))['dense']!);
  taps.at('resized.embedding').tensor(await backbone.embedPixels(resized));
  const [, , height = 0, width = 0] = resized.shape;
  taps.at('resized.position_embedding').tensor(backbone.model.tower.weightsFor(height, width).get('visual.pos_embed') as Tensor<'float32'>);
}

async function compareConvNeXt({ golden, weights, model, backbone, context }: OpenedCase): Promise<void> {
  const taps = golden.at('taps');
  const input = inputOf(golden.at('denseInput'), weights.seedSuffix);
  const levels = ['res2', 'res3', 'res4', 'res5', 'dense'];
  const maps = await backbone.wholeMaps(input, { levels });
  for (const level of levels.slice(0, -1)) taps.at(`dense.${level}`).tensor(maps[level]!);
  taps.at('dense.perPixelEmbedding_l2').tensor(maps['dense']!);
  if (model.config.family !== 'convnext') return;
  const last = maps['res5']!;
  const [n, channels, h, w] = last.shape as [number, number, number, number];
  const graph = new Graph('pixels');
  const { root } = new Parameters(graph, { weights: model.weights });
  const pixels = transpose(reshape(graph.input('map', 'float32', last.shape), [n, channels, h * w]), [0, 2, 1]);
  const embeddings = transpose(convNeXtPixels(root.at('visual'), pixels, model.config.image), [0, 2, 1]);
  const session = { threads: context.threads, cacheDir: join(context.folder, 'cache') };
  const { embedded } = await runGraph(graph, { embedded: embeddings }, { map: last }, session);
  taps.at('dense.perPixelEmbedding').tensor(tensor('float32', [n, embedded!.shape[1]!, h, w], embedded!.data));
}
