import { decodeMask } from '@vitamin-vlm/core';
import {
  type Detections,
  type FVitConfig,
  frozenNorm,
  maskNetwork,
  orderByLevel,
  pasteMask,
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

  const slack = 2 * ((golden.at('maskProb').value as { f32MaxAbsDiff?: number }).f32MaxAbsDiff ?? 0);
  const cells = probabilities.data.length / count;
  const pasted = first.map(({ box: [x, y, width, height], mask }, i) => {
    const target = { box: [x, y, x + width, y + height] as const, width: found.width, height: found.height };
    const moved = (by: number): Uint8Array =>
      decodeMask(
        pasteMask(
          probabilities.data.slice(i * cells, (i + 1) * cells).map((p) => p + by),
          target,
        ),
      );
    return { is: decodeMask(mask!), least: moved(-slack), most: moved(slack) };
  });
  const areas = golden.at('maskAreas');
  areas.equal(pasted.map((masks, i) => orExpected(masks, () => 1, (areas.value as number[])[i]!)));
  const sums = golden.at('maskCoordSums');
  const [column, row] = [(pixel: number): number => pixel % found.width, (pixel: number): number => Math.floor(pixel / found.width)];
  sums.equal(pasted.map((masks, i) => [column, row].map((of, axis) => orExpected(masks, of, (sums.value as number[][])[i]![axis]!))));
  golden.at('mask0RleColumnMajor').equal(first[0]!.mask!.counts);
}

/** A mask, and what it would be if all its values were as much smaller or larger as float32 may make them. */
interface Bounded {
  readonly is: Uint8Array;
  readonly least: Uint8Array;
  readonly most: Uint8Array;
}

/** A sum over the pixels of a mask; what the file expects, if pixels on the verge may make it so. */
function orExpected({ is, least, most }: Bounded, of: (pixel: number) => number, expected: number): number {
  const sum = (mask: Uint8Array): number => mask.reduce((total, inside, pixel) => total + inside * of(pixel), 0);
  return expected >= sum(least) && expected <= sum(most) ? expected : sum(is);
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
  const { features, logits } = maskNetwork(new Parameters(graph, { weights }).root, inputs.pyramid, inputs.regions, config, frozenNorm);
  const feeds = { ...Object.fromEntries(pyramid.map((level, i) => [`p${i + 2}`, level])), ...regionFeeds(rois, order) };
  const found = await runGraph(graph, { features, logits, probabilities: sigmoid(logits) }, feeds, session);
  return {
    features: unsort(found['features']!, order),
    logits: unsort(found['logits']!, order),
    probabilities: unsort(found['probabilities']!, order),
  };
}
