import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { decodeMask, tensor } from '@vitamin-vlm/core';
import {
  type AnswerOptions,
  bestPairs,
  EncodedMasks,
  panopticCandidates,
  panopticMap,
  type Segmented,
} from '@vitamin-vlm/fcclip-segmentation';
import type { GoldenTensor } from '../golden/compare-values.ts';
import type { Golden } from '../golden/golden.ts';
import { type FullMasks, fullMasks, pixelHash, semanticSums, smallestGap } from './full-pictures.ts';
import { maskWithHash, plausibleArea } from './near-zero.ts';
import type { FloatMaps, FloatTensor, GoldenQuestion, Variant } from './network.ts';

/** A picture that was segmented. */
export interface DiscreteCase {
  /** `coarse0`, `coarse1`, ..., `maskLogits`, `clipLogits`, `probabilities`. */
  readonly taps: FloatMaps;
  readonly geometry: ImageGeometry;
  readonly question: GoldenQuestion;
  /** Instances at most. */
  readonly topk: number;
  /** Asks the library, as a user would. */
  readonly ask: (options: AnswerOptions) => Promise<Segmented>;
  /** What float32 can move a mask logit. */
  readonly loss: number;
}

/** Twice what the original program's own float32 run moves a mask logit at most. */
export function lossOf(golden: Golden, variant: Variant): number {
  const masks = variant === 'main' ? golden.at('postprocess', 'masks_at_original_size') : golden.at('sparse_variant', 'pred_masks');
  return 2 * ((masks.value as GoldenTensor).f32MaxAbsDiff ?? 0);
}

const noTurn = (): undefined => undefined;

/** Everything that is counted: attention masks, labels, segments, instances. `sums`: where the sums of the classes stand. */
export async function compareDiscrete(golden: Golden, sums: Golden, one: DiscreteCase): Promise<void> {
  const { taps, geometry } = one;
  compareAttention(golden.at('attention_masks'), taps, one.loss);
  const masks = fullMasks(withoutBatch(taps['maskLogits']!), geometry);
  await compareSemantic(golden.at('semantic'), sums, masks, one);
  for (const i of golden.at('panoptic').keys()) await comparePanoptic(golden.at('panoptic', i), masks, one);
  await compareInstances(golden.at('instance'), masks, one);
}

/** What only the main variant holds: pooling and signs of the masks. */
export function compareMasks(golden: Golden, { taps, geometry, loss }: DiscreteCase): void {
  const logits = withoutBatch(taps['maskLogits']!);
  const original = fullMasks(logits, geometry);
  golden.at('postprocess', 'masks_at_original_size').tensor(original);
  const { inputWidth: width, inputHeight: height } = geometry;
  const canvas = fullMasks(logits, { ...geometry, width, height, region: { left: 0, top: 0, width, height } });
  golden.at('postprocess', 'masks_at_canvas').tensor({ shape: [1, ...canvas.shape], data: canvas.data });

  const clip = withoutBatch(taps['clipLogits']!);
  golden.at('mask_pooling_counts', 'clip_grid').equal(positives(clip));
  golden.at('mask_pooling_counts', 'mask_grid').equal(positives(logits));
  const sign = golden.at('maskSign');
  compareNearest(sign.at('originalSizeMinAbsLogit'), original.data);
  sign
    .at('originalSizeCountBelow1e5')
    .equal(plausibleCount(sign.at('originalSizeCountBelow1e5').value as number, original.data, 1e-5, loss));
  compareNearest(sign.at('clipGridMinAbsLogit'), clip.data);
  compareNearest(sign.at('maskGridMinAbsLogit'), logits.data);
}

function withoutBatch({ shape, data }: FloatTensor): FloatTensor {
  return tensor('float32', shape.slice(1), data);
}

function positives({ shape, data }: FloatTensor): number[] {
  const cells = data.length / shape[0]!;
  return Array.from(
    { length: shape[0]! },
    (_, query) => data.subarray(query * cells, (query + 1) * cells).filter((logit) => logit > 0).length,
  );
}

/** Logits agree to what float32 loses; so does the smallest of them. */
function compareNearest(golden: Golden, logits: ArrayLike<number>): void {
  golden.numbers([nearest(logits)], meanAbs(logits));
}

function nearest(logits: ArrayLike<number>): number {
  let least = Infinity;
  for (let i = 0; i < logits.length; i++) least = Math.min(least, Math.abs(logits[i]!));
  return least;
}

function meanAbs(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum / values.length;
}

/** How many logits lie below a limit: the count expected, where moving each as far as float32 can makes it possible; else the count found. */
function plausibleCount(expected: number, logits: ArrayLike<number>, limit: number, loss: number): number {
  const below = (bound: number): number => {
    let count = 0;
    for (let i = 0; i < logits.length; i++) if (Math.abs(logits[i]!) < bound) count++;
    return count;
  };
  return below(limit - loss) <= expected && expected <= below(limit + loss) ? expected : below(limit);
}

function compareAttention(golden: Golden, taps: FloatMaps, loss: number): void {
  const queries = taps['coarse0']!.shape[1]!;
  for (const i of golden.keys()) {
    const one = golden.at(i);
    one.at('prediction').equal(Number(i));
    if (one.has('usedByLayer')) one.at('usedByLayer').take();
    const { data } = taps[`coarse${i}`]!;
    const cells = data.length / queries;
    const [height, width] = one.at('grid').takeNumbers() as [number, number];
    one.at('total').equal(queries * height * width);
    const blocked = Array.from(
      { length: queries },
      (_, query) => data.subarray(query * cells, (query + 1) * cells).filter((logit) => logit < 0).length,
    );
    one.at('perQuery').equal(blocked);
    one.at('trueCount').equal(blocked.reduce((a, b) => a + b, 0));
    one.at('rowsAllBlocked').equal(blocked.filter((count) => count === cells).length);
    compareNearest(one.at('minAbsLogit'), data);
    for (const [name, limit] of [
      ['countAbsBelow1e5', 1e-5],
      ['countAbsBelow1e4', 1e-4],
    ] as const) {
      if (one.has(name)) one.at(name).equal(plausibleCount(one.at(name).value as number, data, limit, loss));
    }
  }
}

async function compareSemantic(golden: Golden, expectedSums: Golden, masks: FullMasks, { taps, ask }: DiscreteCase): Promise<void> {
  const sums = semanticSums(masks, taps['probabilities']!.data);
  expectedSums.tensor(sums);
  const { semantic, labels } = await ask({ task: 'semantic' });
  golden.at('argmaxHistogram').equal(histogramOf(semantic!.data, labels.length));
  golden.at('fnv1a').equal(pixelHash(semantic!.data));
  golden.at('minTop2Gap').numbers([smallestGap(sums.data, semantic!.data.length)], meanAbs(sums.data));
}

async function comparePanoptic(golden: Golden, masks: FullMasks, { taps, geometry, question, ask, loss }: DiscreteCase): Promise<void> {
  const score = golden.at('object_mask_threshold').takeNumber();
  const overlap = golden.at('overlap_threshold').takeNumber();
  const probabilities = taps['probabilities']!;
  const encoded = new EncodedMasks({ maskLogits: withoutBatch(taps['maskLogits']!), geometry });
  const kept = panopticCandidates(probabilities.data, probabilities.shape[1]!, score);
  const isThing = (index: number): boolean => question.vocabulary.things[index]!;
  const { candidates } = await panopticMap(encoded.reader, kept, await encoded.areas(noTurn), { isThing, overlap, turn: noTurn });
  golden.at('keptQueries').equal(kept.map(({ query }) => query));
  golden.at('keptLabels').equal(kept.map((candidate) => candidate.class));
  golden.at('keptScores').numbers(kept.map((candidate) => candidate.score));
  golden.at('maskArea').equal(candidates.map(({ won }) => won));
  const pixels = masks.data.length / masks.shape[0];
  const ofKept = kept.map(({ query }) => ofQuery(masks, query));
  const areas = golden.at('originalArea').value as number[];
  golden.at('originalArea').equal(candidates.map(({ whole }, i) => plausibleArea(ofKept[i]!, loss, whole, areas[i]!)));
  golden.at('keptMaskMinAbsLogit').numbers([Math.min(...ofKept.map(nearest))], meanAbs(masks.data));
  const strengths = new Float64Array(kept.length * pixels);
  for (const [place, logits] of ofKept.entries()) {
    for (let i = 0; i < pixels; i++) strengths[place * pixels + i] = kept[place]!.score / (1 + Math.exp(-logits[i]!));
  }
  golden.at('minTop2Gap').numbers([smallestGap(strengths, pixels)], meanAbs(strengths));

  const { map, segments } = (await ask({ task: 'panoptic', score, overlap })).panoptic!;
  golden.at('segments_info').equal(segments.map(({ id, isThing: isthing, class: category_id }) => ({ id, isthing, category_id })));
  golden.at('areas').equal(Object.fromEntries(segments.map(({ id, area }) => [id, area])));
  const { voidArea, checksum } = sumsOf(map.data);
  golden.at('voidArea').equal(voidArea);
  golden.at('checksum').equal(checksum);
  golden.at('fnv1a').equal(pixelHash(map.data));
}

async function compareInstances(golden: Golden, masks: FullMasks, { taps, ask, topk, question, loss }: DiscreteCase): Promise<void> {
  golden.at('topk').equal(topk);
  const { data, shape } = taps['probabilities']!;
  const ranked = bestPairs(data, shape[1]!, topk + 1);
  golden.at('topkGap').numbers([ranked[topk - 1]!.score - ranked[topk]!.score], ranked[topk]!.score);
  // By the definition, on whole masks; what the library gives must be the same to the pixel.
  const byDefinition = ranked
    .slice(0, topk)
    .filter((pair) => question.vocabulary.things[pair.class])
    .map((pair) => ({ ...pair, logits: ofQuery(masks, pair.query) }))
    .map((pair) => ({ ...pair, pixels: Uint8Array.from(pair.logits, (logit) => Number(logit > 0)) }))
    .map((pair) => ({ ...pair, final: pair.score * sureness(pair.logits, pair.pixels) }))
    .toSorted((a, b) => b.final - a.final);
  const { instances = [] } = await ask({ task: 'instance', max: topk });
  const same = instances.every(({ mask }, i) => pixelHash(decodeMask(mask)) === pixelHash(byDefinition[i]!.pixels));
  golden.at('count').equal(same ? instances.length : 'other masks than by the definition');
  golden.at('labels').equal(instances.map((instance) => instance.class));

  const hashes = golden.at('maskFnv1a').value as number[];
  const matched = byDefinition.map(({ logits }, i) => maskWithHash(logits, loss, hashes[i]!));
  golden.at('maskFnv1a').equal(byDefinition.map(({ pixels }, i) => pixelHash(matched[i] ?? pixels)));
  golden.at('maskAreas').equal(byDefinition.map(({ pixels }, i) => countOnes(matched[i] ?? pixels)));
  golden
    .at('scores')
    .numbers(byDefinition.map(({ score, logits, final }, i) => (matched[i] ? score * sureness(logits, matched[i]) : final)));
}

function ofQuery({ data, shape }: FullMasks, query: number): Float64Array {
  const pixels = data.length / shape[0];
  return data.subarray(query * pixels, (query + 1) * pixels);
}

function countOnes(pixels: Uint8Array): number {
  return pixels.reduce((sum, inside) => sum + inside, 0);
}

/** Mean of a mask over its pixels. */
function sureness(logits: Float64Array, pixels: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) if (pixels[i] === 1) sum += 1 / (1 + Math.exp(-logits[i]!));
  return sum / (countOnes(pixels) + 1e-6);
}

/** What the original program itself gives in float32. Where it differs from float64, either will do. */
export async function compareFloat32(golden: Golden, { taps, ask }: DiscreteCase): Promise<void> {
  const run = golden.at('float32_run');
  const counts = run.at('attentionMaskTrueCounts');
  counts.equal(
    either(
      counts.keys().map((i) => taps[`coarse${i}`]!.data.filter((logit) => logit < 0).length),
      counts,
      golden
        .at('attention_masks')
        .keys()
        .map((i) => golden.at('attention_masks', i, 'trueCount').value),
    ),
  );
  const { semantic, labels } = await ask({ task: 'semantic' });
  const histogram = run.at('semanticArgmaxHistogram');
  histogram.equal(either(histogramOf(semantic!.data, labels.length), histogram, golden.at('semantic', 'argmaxHistogram').value));
  for (const i of run.at('panoptic').keys()) {
    const expected = golden.at('panoptic', i);
    const [score, overlap] = ['object_mask_threshold', 'overlap_threshold'].map((name) => expected.at(name).takeNumber()) as [
      number,
      number,
    ];
    const { map, segments } = (await ask({ task: 'panoptic', score, overlap })).panoptic!;
    const one = run.at('panoptic', i);
    one.at('segments').equal(either(segments.length, one.at('segments'), expected.at('segments_info').keys().length));
    for (const name of ['voidArea', 'checksum'] as const)
      one.at(name).equal(either(sumsOf(map.data)[name], one.at(name), expected.at(name).value));
  }
  for (const name of ['instanceLabels_equal', 'instanceAreas_equal']) run.at(name).take();
}

/** What was found; or what the file has, where what was found is the other acceptable value. */
function either(found: unknown, golden: Golden, other: unknown): unknown {
  return JSON.stringify(found) === JSON.stringify(other) ? golden.value : found;
}

function histogramOf(labels: Uint16Array, count: number): number[] {
  const histogram = Array.from({ length: count }, () => 0);
  for (const label of labels) histogram[label]!++;
  return histogram;
}

function sumsOf(map: ArrayLike<number>): { voidArea: number; checksum: number } {
  let [voidArea, checksum] = [0, 0];
  for (let i = 0; i < map.length; i++) {
    if (map[i] === 0) voidArea++;
    checksum += map[i]! * ((i % 9973) + 1);
  }
  return { voidArea, checksum };
}
