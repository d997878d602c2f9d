import { Backbone, vitaminSizes } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import {
  declaredHeads,
  fittedGeometry,
  openSegmenter,
  preparePicture,
  type PreparedPicture,
  type Segmenter,
} from '@vitamin-vlm/fcclip-segmentation';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { imageShapes } from '../shapes.ts';
import { compareDiscrete, compareFloat32, compareMasks } from './discrete.ts';
import { compareCenters, type FloatMaps } from './network.ts';
import { compareWeights, everySecond, goldenConfig, seedSuffixOf } from './sizes.ts';
import { goldenWords } from './text.ts';
import { compareTraining } from './training.ts';
import { openVariant, segmentVariant, sessionOf, type VariantCase } from './variants.ts';
import { formulaPicture } from './weights.ts';

const CLIP = 'backbone.clip_model.';
/** Side of the patches of the picture, in pixels. */
const PATCH = 16;
/** The tower's levels under the names of the file. */
const MAPS = { stem: 'stem', res2: 'os4', res3: 'os8', res4: 'final' } as const;

/** The whole pipeline at a tiny size, from picture to segments, in both variants of the weights. */
export const fcclipNano: GoldenChecker = async (golden, context) => {
  const config = golden.at('config');
  const seedSuffix = seedSuffixOf(golden);
  const sizes = goldenConfig(golden);
  const [window, stride, topk] = ['window', 'stride', 'topk'].map((name) => config.at(name).takeNumber()) as [number, number, number];
  const tower = imageShapes({ ...vitaminSizes.nano, embedDim: sizes.embedDim }, window);
  const shapes = new Map([...[...tower].map(([name, shape]) => [CLIP + name, shape] as const), ...declaredHeads(sizes)]);
  compareWeights(golden, shapes, { seedSuffix });

  const words = goldenWords(golden, seedSuffix);
  const picture = await goldenPicture(golden, seedSuffix);
  const reading = { window, stride, signal: context.signal };
  const question = { vocabulary: words.vocabulary, alpha: config.at('alpha').takeNumber(), beta: config.at('beta').takeNumber() };
  const variant: VariantCase = { shapes, trained: words.trained, picture, reading, question, topk };

  await using segmenter = await openVariant('main', variant, { seedSuffix }, context);
  const maps = await compareTower(golden, segmenter, picture, reading, context);
  compareCenters(golden, sizes);
  const one = await segmentVariant(golden, segmenter, maps, 'main', variant, context);
  compareMasks(golden, one);
  await compareDiscrete(golden, golden.at('postprocess', 'semantic'), one);
  await compareFloat32(golden, one);
  await compareTraining(golden, { config: sizes, seedSuffix, words, maps }, sessionOf(context));

  const discrete = golden.at('sparse_variant_discrete');
  const uncentered = discrete.at('uncentredTensors').take() as string[];
  await using sparse = await openVariant('sparse', variant, { seedSuffix, uncentered }, context);
  const other = await segmentVariant(golden, sparse, maps, 'sparse', variant, context);
  await compareDiscrete(discrete, golden.at('sparse_variant', 'semantic'), other);
};

/** The picture of a golden file, its size already that of the network, prepared; compares both. */
async function goldenPicture(golden: Golden, seedSuffix: string): Promise<PreparedPicture> {
  const config = golden.at('config');
  const [height, width] = config.at('image').takeNumbers() as [number, number];
  const planes = formulaPicture(seedSuffix, height, width, PATCH);
  golden.at('backbone', 'image').tensor({ shape: [1, 3, height, width], data: planes });
  const plane = height * width;
  const data = Uint8Array.from({ length: 3 * plane }, (_, i) => planes[(i % 3) * plane + Math.floor(i / 3)]!);
  const [canvasHeight, canvasWidth] = config.at('canvas').takeNumbers() as [number, number];
  const canvas = { width: canvasWidth, height: canvasHeight };
  const { pixels } = await preparePicture({ width, height, data }, canvas);
  golden.at('backbone', 'network_input').tensor(pixels);
  const [originalHeight, originalWidth] = config.at('original').takeNumbers() as [number, number];
  return { pixels, geometry: fittedGeometry({ width: originalWidth, height: originalHeight }, canvas) };
}

/** Compares the tower's maps: of one window, of all together, and without its position embedding. */
async function compareTower(
  golden: Golden,
  segmenter: Segmenter,
  { pixels }: PreparedPicture,
  reading: { readonly window: number; readonly stride: number },
  context: GoldenContext,
): Promise<FloatMaps> {
  const { window } = reading;
  await using backbone = Backbone.from(segmenter.model.tower, sessionOf(context));
  const first = tensor('float32', [1, 3, window, window]);
  const [, , , width = 0] = pixels.shape;
  for (let i = 0; i < first.data.length; i++) {
    const [c, y, x] = [Math.floor(i / window ** 2), Math.floor(i / window) % window, i % window];
    first.data[i] = pixels.data[(c * pixels.shape[2]! + y) * width + x]!;
  }
  const levels = Object.values(MAPS);
  const [alone, stitched] = [
    await backbone.windowMaps(first, { ...reading, levels }),
    await backbone.windowMaps(pixels, { ...reading, levels }),
  ];
  const own = golden.at('backbone');
  for (const [name, level] of Object.entries(MAPS)) {
    own.at(`window0.${name}`).tensor(alone[level]!);
    own.at(`stitched.${name}`).tensor(stitched[level]!);
  }
  own.at('stitched.res5').tensor(everySecond(stitched['final']!));
  own.at('stitched.clip_vis_dense').tensor(stitched['final']!);
  const skipping = await openSegmenter(segmenter.model.address, { posEmbed: 'skip' });
  await using without = Backbone.from(skipping.tower, sessionOf(context));
  own.at('stitched_without_window_pos_embed.res4').tensor((await without.windowMaps(pixels, { ...reading, levels: ['final'] }))['final']!);
  return Object.fromEntries(segmenter.levels.map((level) => [level, stitched[level]!]));
}
