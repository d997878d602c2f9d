import { type ImageGeometry, vitaminSizes } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import {
  answer,
  clipHeadOf,
  declaredHeads,
  EncodedMasks,
  type FcclipConfig,
  Heads,
  publishedSettings,
  towerLevels,
} from '@vitamin-vlm/fcclip-segmentation';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import type { Shapes } from '../shapes.ts';
import { compareDiscrete, compareFloat32, compareMasks, type DiscreteCase, lossOf } from './discrete.ts';
import { compareCenters, compareNetwork, type FloatMaps, type GoldenModel, type GoldenQuestion, type Variant } from './network.ts';
import { compareWeights, everySecond, goldenConfig, seedSuffixOf } from './sizes.ts';
import { goldenWords } from './text.ts';
import { type FcclipFormula, fcclipTensor, formulaPatches } from './weights.ts';

const CLIP = 'backbone.clip_model.';
/** Pixels of the canvas along the side of a patch of the maps. */
const PATCH = 32;
const LOGIT_SCALE = 100;

/** Decoders of full width on maps that are made from names, without the tower. */
export const fcclipFullWidth: GoldenChecker = async (golden, context) => {
  const config = golden.at('config');
  const seedSuffix = seedSuffixOf(golden);
  const sizes = goldenConfig(golden);
  const shapes = new Map([...clipShapes(sizes), ...declaredHeads(sizes)]);
  compareWeights(golden, shapes, { seedSuffix });
  for (const name of ['window', 'stride']) config.at(name).take();
  const { vocabulary } = goldenWords(golden, seedSuffix);
  const [alpha, beta, topk] = ['alpha', 'beta', 'topk'].map((name) => config.at(name).takeNumber()) as [number, number, number];
  const question = { vocabulary, alpha, beta };
  const maps = goldenMaps(golden, sizes, seedSuffix);
  compareCenters(golden, sizes);
  const geometry = geometryOf(golden, sizes);
  const variant = { config: sizes, shapes, maps, geometry, question, topk };

  const one = await segment(golden, 'main', variant, { seedSuffix }, context);
  compareMasks(golden, one);
  await compareDiscrete(golden, golden.at('postprocess', 'semantic'), one);
  await compareFloat32(golden, one);

  const discrete = golden.at('sparse_variant_discrete');
  const uncentered = discrete.at('uncentredTensors').take() as string[];
  const other = await segment(golden, 'sparse', variant, { seedSuffix, uncentered }, context);
  await compareDiscrete(discrete, golden.at('sparse_variant', 'semantic'), other);
};

/** What there is of the CLIP model. */
function clipShapes({ channels: [, , width], embedDim }: FcclipConfig): Shapes {
  return new Map<string, readonly number[]>([
    [`${CLIP}logit_scale`, []],
    [`${CLIP}visual.trunk.fc_norm.weight`, [width]],
    [`${CLIP}visual.trunk.fc_norm.bias`, [width]],
    [`${CLIP}visual.head.proj.weight`, [embedDim, width]],
  ]);
}

function goldenMaps(golden: Golden, config: FcclipConfig, seedSuffix: string): FloatMaps {
  const { channels, canvas } = config;
  const maps = channels.map((width, i) => {
    const stride = 4 << i;
    const shape = [width!, canvas.height / stride, canvas.width / stride] as const;
    return tensor(
      'float32',
      [1, ...shape],
      formulaPatches(`res${i + 2}`, seedSuffix, shape, PATCH / stride, (a, b) => 3 * a + b),
    );
  });
  const stitched = (name: string): Golden => golden.at('backbone', `stitched.${name}`);
  for (const [i, map] of maps.entries()) stitched(`res${i + 2}`).tensor(map);
  stitched('res5').tensor(everySecond(maps[2]!));
  stitched('clip_vis_dense').tensor(maps[2]!);
  return Object.fromEntries(towerLevels(config).map((level, i) => [level, maps[i]!]));
}

function geometryOf(golden: Golden, { canvas }: FcclipConfig): ImageGeometry {
  const [height, width] = golden.at('config', 'original').takeNumbers() as [number, number];
  const [regionHeight, regionWidth] = golden.at('config', 'image').takeNumbers() as [number, number];
  return {
    width,
    height,
    inputWidth: canvas.width,
    inputHeight: canvas.height,
    region: { left: 0, top: 0, width: regionWidth, height: regionHeight },
  };
}

/** What both variants have in common. */
interface FullCase {
  readonly config: FcclipConfig;
  readonly shapes: Shapes;
  readonly maps: FloatMaps;
  readonly geometry: ImageGeometry;
  readonly question: GoldenQuestion;
  readonly topk: number;
}

/** Compares the networks, and gives what is counted afterwards: from the library's own sessions. */
async function segment(
  golden: Golden,
  variant: Variant,
  { config, shapes, maps, geometry, question, topk }: FullCase,
  formula: FcclipFormula,
  { folder, threads, signal }: GoldenContext,
): Promise<DiscreteCase> {
  const weights = new Map([...shapes].map(([name, shape]) => [name.replace(CLIP, ''), fcclipTensor(name, shape, formula)] as const));
  const clipHead = clipHeadOf({ family: 'vitamin', image: { ...vitaminSizes.large, embedDim: config.embedDim } });
  const model: GoldenModel = { config, weights, clipHead };
  const taps = await compareNetwork(golden, model, question, maps, variant, { threads, signal, cacheDir: folder });
  const pool = new SessionPool({ threads, cacheDir: folder });
  const heads = new Heads({ config, weights, clipWeights: weights, clipHead }, pool);
  const copies = Object.fromEntries(Object.entries(maps).map(([level, map]) => [level, tensor('float32', map.shape, map.data.slice())]));
  const found = await heads.masks(copies, { signal });
  const masks = new EncodedMasks({ maskLogits: found.maskLogits, geometry });
  const asked = { model: { settings: publishedSettings.vitamin, tower: { logitScale: LOGIT_SCALE } }, heads };
  const { alpha, beta } = question;
  const ask: DiscreteCase['ask'] = (options) =>
    answer({ ...found, geometry }, masks, question.vocabulary, asked, { alpha, beta, signal, ...options });
  return { taps, geometry, question, topk, ask, loss: lossOf(golden, variant) };
}
