import { createHash } from 'node:crypto';
import { Backbone, ClipTokenizer, ensemblePrompts, type Label, promptSets } from '@vitamin-vlm/backbone';
import { tensor, VitaminError } from '@vitamin-vlm/core';
import { declaredHeads, type EdgeLimits, prepareAnySize, type PreparedPicture, type Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { detectron2Size, type Picture, resizeAsync } from '@vitamin-vlm/image';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { compareDiscrete, compareFloat32, compareMasks } from './discrete.ts';
import { compareCenters, type FloatMaps } from './network.ts';
import { compareWeights, goldenConfig, seedSuffixOf } from './sizes.ts';
import { askedWords } from './text.ts';
import { openVariant, segmentVariant, sessionOf, type VariantCase } from './variants.ts';
import { formulaPicture } from './weights.ts';

const CLIP = 'backbone.clip_model.';
/** Side of the patches of the picture, in pixels. */
const PATCH = 10;
/** The check sum of token ids weighs them by their place modulo this. */
const PERIOD = 97;

/** FC-CLIP on ConvNeXt at a tiny size, from a picture of any size and words to segments, in both variants of the weights. */
export const fcclipConvNeXtNano: GoldenChecker = async (golden, context) => {
  const config = golden.at('config');
  const seedSuffix = seedSuffixOf(golden);
  const sizes = goldenConfig(golden);
  // The CLIP model as the file lists it: loading is strict, so that a tensor too many or too few fails there.
  const listed = golden
    .at('weights')
    .keys()
    .filter((name) => name.startsWith(CLIP));
  const clip = listed.map((name) => [name, golden.at('weights', name, 'shape').value as readonly number[]] as const);
  const shapes = new Map([...clip, ...declaredHeads(sizes)]);
  compareWeights(golden, shapes, { seedSuffix });
  compareSizes(golden.at('resizeShortestEdge'));

  const reading = { shortest: config.at('minSizeTest').takeNumber(), longest: config.at('maxSizeTest').takeNumber() };
  const picture = await goldenPicture(golden, seedSuffix, reading);
  const { trained, vocabulary } = askedWords(golden, seedSuffix, 'classifier_used');
  const [alpha, beta, topk] = ['alpha', 'beta', 'topk'].map((name) => config.at(name).takeNumber()) as [number, number, number];
  const variant: VariantCase = { shapes, trained, picture, reading, question: { vocabulary, alpha, beta }, topk };

  await using segmenter = await openVariant('main', variant, { seedSuffix }, context);
  const { settings, tower } = segmenter.model;
  if (tower.config.family !== 'convnext') throw new VitaminError('USAGE', `Expected a ConvNeXt but found a ${tower.config.family}`);
  config.at('depths').equal(tower.config.image.depths);
  config.at('projection').equal(tower.config.image.head === 'linear' ? 'linear' : 'mlp');
  config.at('alpha').equal(settings.alpha);
  config.at('beta').equal(settings.beta);
  await compareText(golden, segmenter, vocabulary.labels, context);
  const maps = await compareTower(golden.at('backbone'), segmenter, picture, context);
  compareCenters(golden, sizes);
  const one = await segmentVariant(golden, segmenter, maps, 'main', variant, context);
  compareMasks(golden, one);
  await compareDiscrete(golden, golden.at('postprocess', 'semantic'), one);
  await compareFloat32(golden, one);

  const discrete = golden.at('sparse_variant_discrete');
  const uncentered = discrete.at('uncentredTensors').take() as string[];
  await using sparse = await openVariant('sparse', variant, { seedSuffix, uncentered }, context);
  const other = await segmentVariant(golden, sparse, maps, 'sparse', variant, context);
  await compareDiscrete(discrete, golden.at('sparse_variant', 'semantic'), other);
};

function compareSizes(golden: Golden): void {
  for (const i of golden.keys()) {
    const [height, width] = golden.at(i, 'fromHW').takeNumbers() as [number, number];
    const [shortest, longest] = [golden.at(i, 'min').takeNumber(), golden.at(i, 'max').takeNumber()];
    const size = detectron2Size({ width, height }, shortest, longest);
    golden.at(i, 'toHW').equal([size.height, size.width]);
  }
}

/** The picture of the file, its bytes and those of its resize, prepared. */
async function goldenPicture(golden: Golden, seedSuffix: string, edges: EdgeLimits): Promise<PreparedPicture> {
  const config = golden.at('config');
  const [height, width] = config.at('rawImage').takeNumbers() as [number, number];
  config.at('original').equal([height, width]);
  const planes = formulaPicture(seedSuffix, height, width, PATCH);
  const raw: Picture = { width, height, data: interleaved(planes) };
  compareBytes(config, 'raw', raw.data);
  const size = detectron2Size(raw, edges.shortest, edges.longest);
  config.at('image').equal([size.height, size.width]);
  const resized = await resizeAsync(raw, size.width, size.height, 'bilinear');
  compareBytes(config, 'resized', resized.data);
  config.at('resizedSum').equal(resized.data.reduce((sum, byte) => sum + byte, 0));
  const plane = size.width * size.height;
  const shown = Float32Array.from({ length: 3 * plane }, (_, i) => resized.data[(i % plane) * 3 + Math.floor(i / plane)]!);
  golden.at('backbone', 'image').tensor({ shape: [1, 3, size.height, size.width], data: shown });
  const prepared = await prepareAnySize(raw, edges);
  golden.at('backbone', 'network_input').tensor(prepared.pixels);
  return prepared;
}

function interleaved(planes: Float32Array): Uint8Array {
  const plane = planes.length / 3;
  return Uint8Array.from({ length: planes.length }, (_, i) => planes[(i % 3) * plane + Math.floor(i / 3)]!);
}

function compareBytes(config: Golden, name: 'raw' | 'resized', bytes: Uint8Array): void {
  config.at(`${name}First12`).equal([...bytes.subarray(0, 12)]);
  config.at(`${name}Sha256`).equal(createHash('sha256').update(bytes).digest('hex'));
}

/** FC-CLIP's sentences, their ids, and what the text tower makes of them. */
async function compareText(golden: Golden, segmenter: Segmenter, labels: readonly Label[], context: GoldenContext): Promise<void> {
  const { templates } = promptSets.fcclip;
  const prompts = labels.flatMap(({ synonyms }) => synonyms.flatMap((name) => templates.map((template) => template.replace('{}', name))));
  const { ids } = (await ClipTokenizer.load()).tokenize(prompts);
  const own = golden.at('config', 'classifierText');
  own.at('numPrompts').equal(prompts.length);
  own.at('firstPrompts').equal(prompts.slice(0, 2));
  own.at('lastPrompt').equal(prompts.at(-1));
  const [rows = 0, length = 0] = ids.shape;
  const words = (row: number): number[] => [...ids.data.subarray(row * length, (row + 1) * length)].filter((id) => id !== 0);
  own.at('idsRow0').equal(words(0));
  own.at('idsLastRow').equal(words(rows - 1));
  own.at('idsSum').equal(ids.data.reduce((sum, id) => sum + id, 0));
  own.at('idsWeighted').equal(ids.data.reduce((sum, id, i) => sum + id * ((i % PERIOD) + 1), 0));
  await using backbone = Backbone.from(segmenter.model.tower, sessionOf(context));
  const features = await backbone.embedTexts(prompts, { signal: context.signal });
  golden.at('text', 'features_of_all_prompts').tensor(features);
  golden.at('text', 'classifier').tensor(ensemblePrompts(features, templates.length));
}

/** The tower's maps of the whole picture. */
async function compareTower(
  golden: Golden,
  { model, levels }: Segmenter,
  { pixels }: PreparedPicture,
  context: GoldenContext,
): Promise<FloatMaps> {
  await using backbone = Backbone.from(model.tower, sessionOf(context));
  const maps = await backbone.wholeMaps(pixels, { levels: ['stem', ...levels], signal: context.signal });
  for (const [level, map] of Object.entries(maps)) golden.at(level).tensor(map);
  golden.at('clip_vis_dense').tensor(maps['res5']!);
  return Object.fromEntries(levels.map((level) => [level, tensor('float32', maps[level]!.shape, maps[level]!.data)]));
}
