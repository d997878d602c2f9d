import { denseHead, type ImageGeometry } from '@vitamin-vlm/backbone';
import { toFloat32 } from '@vitamin-vlm/core';
import {
  answer,
  encodeRegions,
  familySettings,
  type FVitConfig,
  Heads,
  scaleFactors,
  trainedVocabulary,
} from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, reshape, transpose, type Weights } from '@vitamin-vlm/graph';
import { SessionPool, type SessionOptions } from '@vitamin-vlm/runtime';
import { formulaValues } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';
import type { GoldenChecker } from '../golden/checker.ts';
import { compareDetections, scoreSettings } from './detections.ts';
import { comparePyramid, type FloatTensor } from './pyramid.ts';
import { compareRegions } from './regions.ts';
import { runGraph } from './run-graph.ts';
import { type FVitFormula, fvitTensor, headShapes } from './weights.ts';

/** The heads of ViTamin-L on OV-COCO. */
const LARGE = { channels: [160, 320, 1024, 1024], width: 256, hidden: 768, embedDim: 768, rpnNorm: false, masks: false } as const;

/** Heads of full width on maps that are made from names, without the tower. */
export const fvitFullWidth: GoldenChecker = async (golden, { folder, threads, signal }) => {
  const session = { threads, signal, cacheDir: folder };
  const config = golden.at('config');
  config.at('family').takeText();
  const [classes, detectTemperature, vlmTemperature] = ['classes', 'detectTemperature', 'vlmTemperature'].map((name) =>
    config.at(name).takeNumber(),
  ) as [number, number, number];
  const sizes: FVitConfig = { ...LARGE, classes };
  const formula = { seedSuffix: config.at('seedSuffix').takeText(), detectTemperature, overrides: {} };
  const weights = formulaWeights(golden, sizes, formula);
  const geometry = geometryOf(golden);
  const names = ['os4', 'os8', 'mid', 'final'] as const;
  const [height, width] = [geometry.inputHeight, geometry.inputWidth];
  const maps = Object.fromEntries(
    names.map((name, i) => {
      const stride = [4, 8, 16, 16][i]!;
      const map = formulaValues(`map${i}${formula.seedSuffix}`, [1, LARGE.channels[i]!, height / stride, width / stride], 3);
      golden.at(`map${i}`).tensor(map);
      return [name, map];
    }),
  );
  const dense = await denseMap(maps['final']!, sizes.embedDim, weights, session);
  golden.at('vlmMap').tensor(dense);

  const [perLevel, threshold, max] = ['nmsPre', 'nms', 'max'].map((name) => config.at('rpn', name).takeNumber()) as [
    number,
    number,
    number,
  ];
  const scale = scaleFactors(geometry);
  golden.at('scaleFactor').numbers([scale.x, scale.y, scale.x, scale.y]);
  const clip = geometry.region;
  const embeddings = toFloat32(weights.get('roi_head.bbox_head.all_embeddings') as FloatTensor);
  const model = { weights, config: sizes, embeddings };
  const { pyramid, proposals } = await comparePyramid(golden, maps, model, { perLevel, threshold, max, clip }, session);
  const novel = golden.at('novel').takeNumbers();
  const settings = { ...scoreSettings(config.at('coco')), detectTemperature, vlmTemperature };
  config.at('roiFromProposals').equal(golden.at('roiStage', 'fromProposals').value);
  await compareRegions(golden.at('roiStage'), proposals.boxes, { pyramid, dense, clip, scale }, model, { ...settings, novel }, session);

  await using pool = new SessionPool({ threads, cacheDir: folder });
  const heads = new Heads(model, pool);
  const reading = { proposalsPerLevel: perLevel, proposalNms: threshold, proposals: max };
  const regions = await encodeRegions({ maps, dense, geometry }, reading, heads, false, { signal });
  const vocabulary = trainedVocabulary({
    ...model,
    classes: Array.from({ length: classes }, (_, i) => `class${i}`),
    base: Array.from({ length: classes }, (_, i) => !novel.includes(i)),
    identity: { tower: '', heads: '' },
  });
  const asked = { ...model, address: 'formula', settings: familySettings['ov-coco'], detectTemperature };
  const found = await answer({ ...regions, geometry }, vocabulary, { model: asked, heads }, { ...settings, signal });
  compareDetections(golden.at('detections'), found, classes);
};

/** Heads, and of the tower the part that makes the dense map. */
function formulaWeights(golden: Golden, config: FVitConfig, formula: FVitFormula): Weights {
  const [, , , width] = config.channels;
  const shapes = new Map<string, readonly number[]>([
    ['backbone.visual.trunk.fc_norm.weight', [width]],
    ['backbone.visual.trunk.fc_norm.bias', [width]],
    ['backbone.visual.head.proj.weight', [config.embedDim, width]],
    ...headShapes(config),
  ]);
  golden.at('keys').equal(shapes.size);
  return new Map([...shapes].map(([name, shape]) => [name, fvitTensor(name, shape, formula)]));
}

function geometryOf(golden: Golden): ImageGeometry {
  const [inputHeight, inputWidth] = golden.at('config', 'canvas').takeNumbers() as [number, number];
  const [height, width] = golden.at('originalHW').takeNumbers() as [number, number];
  const [regionHeight, regionWidth] = golden.at('imgShape').takeNumbers() as [number, number];
  return { width, height, inputWidth, inputHeight, region: { left: 0, top: 0, width: regionWidth, height: regionHeight } };
}

/** [1, C, h, w] -> [1, E, h, w]: CLIP's head at every position. */
async function denseMap(map: FloatTensor, embedDim: number, weights: Weights, session: SessionOptions): Promise<FloatTensor> {
  const [, channels = 0, height = 0, width = 0] = map.shape;
  const graph = new Graph('dense');
  const { root } = new Parameters(graph, { weights });
  const tokens = transpose(reshape(graph.input('map', 'float32', map.shape), [1, channels, height * width]), [0, 2, 1]);
  const head = denseHead(root.at('backbone').at('visual'), tokens, embedDim); // [1, h·w, E]
  const dense = reshape(transpose(head, [0, 2, 1]), [1, embedDim, height, width]);
  return (await runGraph(graph, { dense }, { map }, session))['dense']!;
}
