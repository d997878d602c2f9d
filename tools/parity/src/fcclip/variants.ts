import { join } from 'node:path';
import type { Label } from '@vitamin-vlm/backbone';
import { clipHeadOf, type EncodeOptions, type PreparedPicture, saveSegmenter, Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import type { Shapes } from '../shapes.ts';
import { type DiscreteCase, lossOf } from './discrete.ts';
import { compareNetwork, type FloatMaps, type GoldenQuestion, type Variant } from './network.ts';
import { type FcclipFormula, fcclipTensor } from './weights.ts';

/** What both variants have in common. */
export interface VariantCase {
  readonly shapes: Shapes;
  readonly trained: readonly Label[];
  readonly picture: PreparedPicture;
  readonly reading: EncodeOptions;
  readonly question: GoldenQuestion;
  readonly topk: number;
}

export function sessionOf({ folder, threads, signal }: GoldenContext): SessionOptions {
  return { threads, signal, cacheDir: join(folder, 'cache') };
}

/** Writes a segmenter in the published layout and loads it as a user would. */
export async function openVariant(
  variant: Variant,
  { shapes, trained }: VariantCase,
  formula: FcclipFormula,
  context: GoldenContext,
): Promise<Segmenter> {
  const path = join(context.folder, `${variant}.pth`);
  await saveSegmenter(
    path,
    [...shapes].map(([name, shape]) => [name, fcclipTensor(name, shape, formula)] as const),
    { classes: trained },
  );
  return await Segmenter.load(path, sessionOf(context));
}

/** Compares the networks on the tower's maps, and gives what is counted afterwards: from an encoding of the picture, asked as a user would. */
export async function segmentVariant(
  golden: Golden,
  segmenter: Segmenter,
  maps: FloatMaps,
  variant: Variant,
  { picture, reading, question: { vocabulary, alpha, beta }, topk }: VariantCase,
  context: GoldenContext,
): Promise<DiscreteCase> {
  const { config, weights, tower, identity } = segmenter.model;
  const question = { vocabulary: { ...vocabulary, identity }, alpha, beta };
  const { inputWidth, inputHeight } = picture.geometry;
  const canvas = { width: inputWidth, height: inputHeight };
  const taps = await compareNetwork(
    golden,
    { config: { ...config, canvas }, weights: new Map([...tower.weights, ...weights]), clipHead: clipHeadOf(tower.config) },
    question,
    maps,
    variant,
    sessionOf(context),
  );
  const encoding = await segmenter.encodePixels(picture, reading);
  const ask: DiscreteCase['ask'] = (options) => segmenter.segment(encoding, question.vocabulary, { alpha, beta, ...options });
  return { taps, geometry: picture.geometry, question, topk, ask, loss: lossOf(golden, variant) };
}
