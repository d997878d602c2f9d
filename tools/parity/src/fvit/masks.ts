import { decodeMask } from '@vitamin-vlm/core';
import {
  type Detections,
  type FVitConfig,
  frozenNorm,
  maskNetwork,
  orderByLevel,
  regionFeeds,
  regionInputs,
  unsort,
} from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, sigmoid, type Weights } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { Golden } from '../golden/golden.ts';
import type { FloatTensor } from './pyramid.ts';
import { runGraph } from './run-graph.ts';

/** Compares the mask head on the detections and on the extra regions, and the pasted masks. `found`: with masks. */
export async function compareMasks(
  golden: Golden,
  found: Detections,
  { pyramid, scale }: { readonly pyramid: readonly FloatTensor[]; readonly scale: { readonly x: number; readonly y: number } },
  model: { readonly weights: Weights; readonly config: FVitConfig },
  session: SessionOptions,
): Promise<void> {
  const count = golden.at('maskAreas').keys().length;
  const first = found.detections.slice(0, count);
  const boxes = first.flatMap(({ box: [x, y, width, height] }) => [
    x * scale.x,
    y * scale.y,
    (x + width) * scale.x,
    (y + height) * scale.y,
  ]);
  const { features, logits, probabilities } = await runMaskHead(Float32Array.from(boxes), pyramid, model, session);
  golden.at('maskRoiFeatures').tensor(features);
  golden.at('maskLogits').tensor(logits);
  golden.at('maskProb').tensor(probabilities);
  const extra = Float32Array.from(golden.at('roiStage', 'extraRois').takeNumbers());
  golden.at('maskLogitsExtraRois').tensor((await runMaskHead(extra, pyramid, model, session)).logits);

  const bitmaps = first.map(({ mask }) => decodeMask(mask!));
  golden.at('maskAreas').equal(bitmaps.map((bitmap) => bitmap.reduce((sum, inside) => sum + inside, 0)));
  const sums = bitmaps.map((bitmap) => [
    bitmap.reduce((sum, inside, pixel) => sum + inside * (pixel % found.width), 0),
    bitmap.reduce((sum, inside, pixel) => sum + inside * Math.floor(pixel / found.width), 0),
  ]);
  golden.at('maskCoordSums').equal(sums);
  golden.at('mask0RleColumnMajor').equal(first[0]!.mask!.counts);
}

async function runMaskHead(
  rois: Float32Array,
  pyramid: readonly FloatTensor[],
  { weights, config }: { readonly weights: Weights; readonly config: FVitConfig },
  session: SessionOptions,
): Promise<{ features: FloatTensor; logits: FloatTensor; probabilities: FloatTensor }> {
  const order = orderByLevel(rois);
  const [, , height = 0, width = 0] = pyramid[2]!.shape;
  const graph = new Graph('masks');
  const inputs = regionInputs(graph, config, { height, width });
  const { features, logits } = maskNetwork(new Parameters(graph, { weights }).root, inputs.pyramid, inputs.regions, frozenNorm);
  const feeds = { ...Object.fromEntries(pyramid.map((level, i) => [`p${i + 2}`, level])), ...regionFeeds(rois, order) };
  const found = await runGraph(graph, { features, logits, probabilities: sigmoid(logits) }, feeds, session);
  return {
    features: unsort(found['features']!, order),
    logits: unsort(found['logits']!, order),
    probabilities: unsort(found['probabilities']!, order),
  };
}
