import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { FcclipConfig } from '../models/config.ts';
import { assign, masksAtPoints, matchingCosts, type PredictedMasks, type Truth } from './matching.ts';
import { pointCounts, type TrainingRules } from './settings.ts';
import type { TrainingShape } from './training-graphs.ts';

/** Which query stands for which segment, of one prediction and one picture. */
export interface Match {
  /** [Q][T] */
  readonly costs: readonly (readonly number[])[];
  /** For each segment its query, or -1. */
  readonly queries: Int32Array;
}

/**
 * Feeds of a batch that are drawn by chance: points that all masks of a picture are matched at (`points0` ... [N, P, 2]), candidates of every pair (`candidates0` ...), and
 * points anywhere (`anywhere0` ...), for each prediction.
 *
 * @param random - Uniform numbers from 0 to 1, 1 excluded.
 */
export function drawnPoints(
  { decoderLayers }: Pick<FcclipConfig, 'decoderLayers'>,
  { pictures, pairs }: TrainingShape,
  rules: TrainingRules,
  random: () => number,
): Record<string, Tensor<'float32'>> {
  const counts = pointCounts(rules);
  const draw = (rows: number, count: number): Tensor<'float32'> => {
    const points = tensor('float32', [rows, count, 2]);
    for (let i = 0; i < points.data.length; i++) points.data[i] = random();
    return points;
  };
  const feeds: Record<string, Tensor<'float32'>> = {};
  for (let i = 0; i <= decoderLayers; i++) {
    feeds[`points${i}`] = draw(pictures, rules.points);
    feeds[`candidates${i}`] = draw(pairs, counts.candidates);
    feeds[`anywhere${i}`] = draw(pairs, counts.anywhere);
  }
  return feeds;
}

/**
 * Matches the segments of a batch with queries, for each prediction anew.
 *
 * @param results - Of `trainingForward`.
 * @param points - The points that it was given.
 * @returns [prediction][picture]
 */
export function matchBatch(
  results: Readonly<Record<string, Tensor>>,
  points: Readonly<Record<string, Tensor>>,
  truths: readonly Truth[],
  { queries, decoderLayers, canvas }: FcclipConfig,
  rules: TrainingRules,
): Match[][] {
  return Array.from({ length: decoderLayers + 1 }, (_, i) =>
    truths.map(({ masks, classes }, picture) => {
      const part = (values: Tensor): Float32Array => {
        const length = values.data.length / truths.length;
        return (values.data as Float32Array).subarray(picture * length, (picture + 1) * length);
      };
      const predicted: PredictedMasks = { classes: part(results[`classes${i}`]!), masks: part(results[`masks${i}`]!), queries };
      const wanted = masksAtPoints(masks, canvas.width, canvas.height, part(points[`points${i}`]!));
      const costs = matchingCosts(predicted, { masks: wanted, classes }, rules);
      return { costs, queries: assign(costs) };
    }),
  );
}

/**
 * The feeds of the losses that follow from matches: `targets`, and for each prediction `matched0` ..., `shares0` ... and `labels0` ....
 *
 * @param classes - K: the label of queries that stand for nothing.
 * @throws VitaminError `USAGE` for a batch with more segments than the graph takes.
 */
export function matchedFeeds(
  matches: readonly (readonly Match[])[],
  truths: readonly Truth[],
  { canvas, queries }: FcclipConfig,
  { pictures, pairs }: TrainingShape,
  classes: number,
): Record<string, Tensor> {
  const all = truths.flatMap(({ masks }, picture) => masks.map((mask, segment) => ({ mask, picture, segment })));
  if (all.length > pairs) {
    throw new VitaminError('USAGE', `Expected at most ${pairs} segments in a batch but found ${all.length}`, {
      hint: 'Raise the number of pairs, or put fewer pictures into a batch.',
    });
  }
  const pixels = canvas.width * canvas.height;
  const targets = tensor('float32', [pairs, 1, canvas.height, canvas.width]);
  for (const [i, { mask }] of all.entries()) targets.data.set(mask, i * pixels);
  const feeds: Record<string, Tensor> = { targets };
  for (const [i, perPicture] of matches.entries()) {
    const matched = tensor('int64', [pairs]);
    const shares = tensor('float32', [pairs]);
    const labels = tensor('int64', [pictures * queries]);
    labels.data.fill(BigInt(classes));
    for (const [pair, { picture, segment }] of all.entries()) {
      const query = perPicture[picture]!.queries[segment]!;
      if (query < 0) continue; // more segments than queries
      shares.data[pair] = 1 / all.length;
      matched.data[pair] = BigInt(picture * queries + query);
      labels.data[picture * queries + query] = BigInt(truths[picture]!.classes[segment]!);
    }
    feeds[`matched${i}`] = matched;
    feeds[`shares${i}`] = shares;
    feeds[`labels${i}`] = labels;
  }
  return feeds;
}
