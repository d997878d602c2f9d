import { join } from 'node:path';
import { Backbone, vitaminSizes } from '@vitamin-vlm/backbone';
import { Detector, type FVitConfig, type PreparedPicture, saveDetector, scaleFactors } from '@vitamin-vlm/fvit-detection';
import type { Golden } from '../golden/golden.ts';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import { compareDetections, scoreSettings } from './detections.ts';
import { compareMasks } from './masks.ts';
import { goldenPicture } from './picture.ts';
import { comparePyramid } from './pyramid.ts';
import { compareRegions } from './regions.ts';
import { compareTraining } from './training.ts';
import { type FVitFormula, fvitShapes, fvitTensor, headShapes } from './weights.ts';

/** Widths that the format lays down: the smallest ViTamin, and heads to match. */
const NANO = { channels: [16, 32, 64, 64], width: 32, hidden: 48, embedDim: 48 } as const;
/** Flavors that a file may hold, and what tells them apart. */
const FLAVORS = { coco: { rpnNorm: false, masks: false }, lvis: { rpnNorm: true, masks: true } } as const;

/** The whole pipeline at a tiny size, from picture to detections, in both flavors. */
export const fvitNano: GoldenChecker = async (golden, context) => {
  const config = golden.at('config');
  config.at('family').takeText();
  const formula: FVitFormula = {
    seedSuffix: config.at('seedSuffix').takeText(),
    detectTemperature: config.at('detectTemperature').takeNumber(),
    overrides: golden.at('overrides').take() as FVitFormula['overrides'],
  };
  const picture = await goldenPicture(golden, formula.seedSuffix);
  for (const flavor of ['coco', 'lvis'] as const) if (golden.has(flavor)) await checkFlavor(golden, flavor, formula, picture, context);
};

async function checkFlavor(
  golden: Golden,
  flavor: keyof typeof FLAVORS,
  formula: FVitFormula,
  picture: PreparedPicture,
  { folder, threads, signal }: GoldenContext,
): Promise<void> {
  const config = golden.at('config');
  const [window, stride, classes] = ['window', 'stride', 'classes'].map((name) => config.at(name).takeNumber()) as [number, number, number];
  const novel = config.at('novel').takeNumbers();
  const sizes: FVitConfig = { ...NANO, ...FLAVORS[flavor], classes };
  const shapes = fvitShapes(vitaminSizes.nano, window, sizes);
  golden.at(flavor, 'keys').equal(shapes.size);
  const path = join(folder, `${flavor}.pth`);
  const names = Array.from({ length: classes }, (_, i) => `class${i}`);
  await saveDetector(
    path,
    [...shapes].map(([name, shape]) => [name, fvitTensor(name, shape, formula)] as const),
    { classes: names, base: names.filter((_, i) => !novel.includes(i)) },
  );
  const session = { threads, signal, cacheDir: join(folder, 'cache') };
  await using detector = await Detector.load(path, session);
  await using backbone = Backbone.from(detector.model.tower, session);
  const { dense, ...maps } = await backbone.windowMaps(picture.pixels, {
    window,
    stride,
    levels: ['os4', 'os8', 'mid', 'final', 'dense'],
    signal,
  });
  golden.at(flavor, 'vlmMap').tensor(dense!);

  const { region } = picture.geometry;
  const scale = scaleFactors(picture.geometry);
  const [perLevel, threshold, max] = ['nmsPre', 'nms', 'max'].map((name) => config.at('rpn', name).takeNumber()) as [
    number,
    number,
    number,
  ];
  const { model } = detector;
  const own = golden.at(flavor);
  const { pyramid, proposals } = await comparePyramid(own, maps, model, { perLevel, threshold, max, clip: region }, session);
  const settings = {
    ...scoreSettings(config.at(flavor)),
    detectTemperature: formula.detectTemperature,
    vlmTemperature: config.at('vlmTemperature').takeNumber(),
  };
  const source = { pyramid, dense: dense!, clip: region, scale };
  await compareRegions(own.at('roiStage'), proposals.boxes, source, model, { ...settings, novel }, session);

  const reading = { window, stride, proposalsPerLevel: perLevel, proposalNms: threshold, proposals: max, masks: sizes.masks, signal };
  const encoding = await detector.encodePixels(picture, reading);
  const found = await detector.detect(encoding, undefined, { ...settings, masks: sizes.masks, signal });
  compareDetections(own.at('detections'), found, classes);
  if (sizes.masks) await compareMasks(own, found, { pyramid, scale }, model, session);

  const { inputWidth: canvasWidth, inputHeight: canvasHeight } = picture.geometry;
  const canvas = { width: canvasWidth, height: canvasHeight };
  const weights = new Map([...headShapes(sizes)].map(([name, shape]) => [name, fvitTensor(name, shape, formula)]));
  await compareTraining(own.at('train'), { config: sizes, flavor, novel, maps, weights, canvas, extents: region }, session);
}
