import { join } from 'node:path';
import { Backbone, type Eva02Config, eva02Head, eva02Trunk, type OpenedModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import {
  Detector,
  detectorLevels,
  detectorNormalization,
  type FVitConfig,
  pyramidStrides,
  readTower,
  saveDetector,
  scaleFactors,
} from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, slice } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { compareDetections, inFileOrder } from './detections.ts';
import { compareMasks } from './masks.ts';
import { goldenPicture } from './picture.ts';
import { comparePyramid } from './pyramid.ts';
import { compareRegions } from './regions.ts';
import { runGraph } from './run-graph.ts';
import { compareTraining } from './training.ts';
import { type FVitFormula, fvitTensor, headShapes } from './weights.ts';

/** Widths that the format lays down: the smallest EVA-02, and heads to match. */
const TOWER = { width: 64, layers: 6, heads: 2, hidden: 170, embedDim: 32 } as const;
const HEADS = { channels: [64, 64, 64, 64], width: 32, hidden: 32, embedDim: 32, classes: 10 } as const;
const FLAVORS = { coco: { rpnNorm: false, masks: false }, lvis: { rpnNorm: true, masks: true } } as const;
/** Of every published configuration. */
const PROPOSALS = { perLevel: 2000, threshold: 0.7, max: 1000 } as const;

type Flavor = keyof typeof FLAVORS;

/** What a flavor of a file consists of. */
interface EvaCase {
  readonly golden: Golden;
  readonly key: string;
  readonly flavor: Flavor;
  readonly formula: FVitFormula;
  readonly tower: Eva02Config;
  readonly config: FVitConfig;
  /** Side of the square that the tower was trained at. */
  readonly size: number;
}

/** F-ViT with EVA-CLIP at a tiny size, from picture to detections: two patch sizes, both data sets. */
export const fvitEvaNano: GoldenChecker = async (golden, context) => {
  for (const own of casesOf(golden)) await checkDetector(own, context);
};

/** One step of training of the same detector. */
export const fvitEvaTrain: GoldenChecker = async (golden, context) => {
  for (const own of casesOf(golden)) await checkTraining(own, context);
};

function casesOf(golden: Golden): EvaCase[] {
  const seedSuffix = golden.at('seedSuffix').takeText();
  const overrides = golden.at('overrides').take() as FVitFormula['overrides'];
  const keys = golden.keys().filter((key) => /^(?:coco|lvis)_/u.test(key));
  return keys.map((key) => {
    const own = golden.at(key);
    const flavor = key.slice(0, 4) as Flavor;
    const patch = own.at('patch').takeNumber();
    return {
      golden: own,
      key,
      flavor,
      formula: { seedSuffix, overrides, detectTemperature: own.at('config', 'detect_temperature').takeNumber() },
      tower: { ...TOWER, patch },
      config: { ...HEADS, ...FLAVORS[flavor], patch },
      size: own.at('pretrainImage').takeNumber(),
    };
  });
}

/** Names and shapes of the whole checkpoint, with the tables of angles that nobody reads. */
function shapesOf({ tower, config, size }: EvaCase): { shapes: Map<string, readonly number[]>; rope: Map<string, readonly number[]> } {
  const graph = new Graph('declared');
  const { root, declared } = new Parameters(graph);
  const { blocks } = eva02Trunk(root.at('visual'), graph.input('image', 'float32', [1, 3, size, size]), tower);
  eva02Head(root.at('visual'), blocks.at(-1)!.out, tower.embedDim);
  const shapes = new Map([...[...declared].map(([name, shape]) => [`backbone.${name}`, shape] as const), ...headShapes(config)]);
  const scopes = ['visual.rope.', ...Array.from({ length: tower.layers }, (_, i) => `visual.blocks.${i}.attn.rope.`)];
  const table = [(size / tower.patch) ** 2, tower.width / tower.heads];
  const rope = scopes.flatMap((scope) => ['freqs_cos', 'freqs_sin'].map((name) => [`backbone.${scope}${name}`, table] as const));
  return { shapes, rope: new Map(rope) };
}

async function openCase(
  own: EvaCase,
  { folder, threads, signal }: GoldenContext,
): Promise<{ detector: Detector; session: SessionOptions & { cacheDir: string } }> {
  const { golden, key, config, formula } = own;
  const { shapes, rope } = shapesOf(own);
  if (golden.has('keys')) {
    golden.at('keys').equal(shapes.size);
    golden.at('ropeKeys').equal(rope.size);
  }
  if (golden.has('weights')) compareWeights(golden.at('weights'), shapes, formula);
  const path = join(folder, `${key}.pth`);
  const novel = golden.at('config', 'novel').takeNumbers();
  const names = Array.from({ length: config.classes }, (_, i) => `class${i}`);
  const tensors = [...shapes].map(([name, shape]) => [name, fvitTensor(name, shape, formula)] as const);
  const tables = [...rope].map(([name, shape]) => [name, tensor('float32', shape)] as const);
  await saveDetector(path, [...tensors, ...tables], { classes: names, base: names.filter((_, i) => !novel.includes(i)) });
  const session = { threads, signal, cacheDir: join(folder, 'cache') };
  return { detector: await Detector.load(path, session), session };
}

/** Each tensor's shape, its first three numbers, and its last one. */
function compareWeights(golden: Golden, shapes: ReadonlyMap<string, readonly number[]>, formula: FVitFormula): void {
  for (const name of golden.keys()) {
    const shape = shapes.get(name);
    if (!shape) golden.at(name).fail('no such tensor');
    else {
      const { data } = fvitTensor(name, shape, formula);
      const first = [0, 1, 2].map((i) => Number(data[Math.min(i, data.length - 1)]));
      golden.at(name).numbers([...shape, ...first.slice(0, Math.min(3, data.length)), Number(data.at(-1))]);
    }
  }
}

async function checkDetector(own: EvaCase, context: GoldenContext): Promise<void> {
  const { golden, flavor, formula, config } = own;
  const picture = await goldenPicture(golden, formula.seedSuffix, {
    canvas: canvasOf(golden),
    normalization: detectorNormalization(config),
  });
  const { detector, session } = await openCase(own, context);
  await using _ = detector;
  await using backbone = Backbone.from(detector.model.tower, session);
  const canvas = picture.geometry.inputWidth;
  await compareTower(golden, detector.model.tower, picture.pixels, session);
  const { maps, dense } = await readTower(backbone, picture.pixels, { window: canvas, stride: canvas, placement: 'floor' });
  golden.at('vlmMap').tensor(dense!);
  compareConfig(golden.at('config'), own, detector.model.tower);

  const { region } = picture.geometry;
  const scale = scaleFactors(picture.geometry);
  const { model } = detector;
  const { pyramid, proposals } = await comparePyramid(golden, maps, model, { ...PROPOSALS, clip: region }, session);
  const settings = scoresOf(golden.at('config'));
  const regionSettings = { ...settings, detectTemperature: formula.detectTemperature, novel: golden.at('config', 'novel').takeNumbers() };
  await compareRegions(
    golden.at('roiStage'),
    proposals.boxes,
    { pyramid, dense: dense!, clip: region, scale },
    model,
    regionSettings,
    session,
  );

  const reading = { window: canvas, stride: canvas, masks: config.masks, signal: context.signal };
  const encoding = await detector.encodePixels(picture, {
    ...reading,
    proposalsPerLevel: PROPOSALS.perLevel,
    proposalNms: PROPOSALS.threshold,
    proposals: PROPOSALS.max,
  });
  const detected = await detector.detect(encoding, undefined, {
    ...settings,
    detectTemperature: formula.detectTemperature,
    masks: FLAVORS[flavor].masks,
    signal: context.signal,
  });
  const found = inFileOrder(golden.at('detections'), detected);
  compareDetections(golden.at('detections'), found, config.classes);
  if (config.masks) await compareMasks(golden, found, { pyramid, scale }, model, session);
}

/** The square that the picture is scaled to and padded to. */
function canvasOf(golden: Golden): readonly [number, number] {
  return golden.at('image', 'padShape').value as [number, number];
}

function compareConfig(golden: Golden, { tower: { patch } }: EvaCase, { tower }: OpenedModel): void {
  golden.at('strides').numbers([...pyramidStrides(patch)]);
  golden.at('vlmStride').equal(patch);
  const depth = TOWER.layers;
  golden
    .at('outIndices')
    .equal(detectorLevels(tower).map((name) => (name === 'valueOnly' ? depth - 1 : Number(name.replace('blocks.', '')))));
}

function scoresOf(golden: Golden): Record<'alpha' | 'beta' | 'score' | 'nms' | 'max' | 'vlmTemperature', number> {
  const number = (name: string): number => golden.at(name).takeNumber();
  return {
    alpha: number('alpha'),
    beta: number('beta'),
    score: number('score_thr'),
    nms: number('nms'),
    max: number('max_per_img'),
    vlmTemperature: number('vlm_temperature'),
  };
}

/** Everything inside the tower: tokens, blocks, and the last block without attention, without the class token. */
async function compareTower(golden: Golden, model: OpenedModel, pixels: Tensor<'float32'>, session: SessionOptions): Promise<void> {
  const [, , height = 0, width = 0] = pixels.shape;
  if (model.config.family !== 'eva02') throw new VitaminError('USAGE', `Expected an EVA-02 but found ${model.tower.id}`);
  const graph = new Graph('tower');
  const { root } = new Parameters(graph, { weights: model.tower.weightsFor(height, width) });
  const { embedded, blocks, valueOnly } = eva02Trunk(root.at('visual'), graph.input('image', 'float32', pixels.shape), model.config.image);
  const last = blocks.length - 1;
  const values = {
    tokens: embedded,
    ...Object.fromEntries(blocks.slice(0, last).map(({ out }, i) => [`block${i}`, out])),
    [`block${last}WithoutAttentionPatchTokens`]: slice(valueOnly, { axis: 1, start: 1, end: valueOnly.shape[1]! }),
  };
  const found = await runGraph(graph, values, { image: pixels }, session);
  for (const name of Object.keys(values)) golden.at(name).tensor(found[name]!);
}

async function checkTraining(own: EvaCase, context: GoldenContext): Promise<void> {
  const { golden, flavor, formula, config } = own;
  const picture = await goldenPicture(golden, formula.seedSuffix, {
    canvas: canvasOf(golden),
    normalization: detectorNormalization(config),
  });
  const { detector, session } = await openCase(own, context);
  await using _ = detector;
  await using backbone = Backbone.from(detector.model.tower, session);
  compareConfig(golden.at('config'), own, detector.model.tower);
  scoresOf(golden.at('config'));
  const { inputWidth: width, inputHeight: height, region } = picture.geometry;
  const { maps } = await readTower(backbone, picture.pixels, { window: width, stride: width, placement: 'floor', only: 'maps' });
  const weights = new Map([...headShapes(config)].map(([name, shape]) => [name, fvitTensor(name, shape, formula)]));
  const novel = golden.at('config', 'novel').takeNumbers();
  await compareTraining(golden, { config, flavor, novel, maps, weights, canvas: { width, height }, extents: region }, session);
}
