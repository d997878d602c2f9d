import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { roiWeights } from '@vitamin-vlm/graph';
import { BOX_DEVIATIONS, encodeBoxes } from '../boxes/delta-coder.ts';
import { roiLevels } from '../boxes/roi-levels.ts';
import { takeBoxes } from '../boxes/take-boxes.ts';
import { BOX_GRID } from '../models/box-head.ts';
import { REGION_LEVELS } from '../models/region-features.ts';
import { cellOf, regionStrides } from '../models/tower-levels.ts';
import { type Assignment, assignBoxes } from './assign.ts';
import { type Choose, type Sample, sampleBoxes } from './sample.ts';
import type { TrainingRules } from './settings.ts';
import type { TrainingShape } from './training-graphs.ts';

/** What the regions of a picture are to learn. Regions are the true boxes, then the proposals. */
export interface RegionTargets {
  /** Of the proposals alone. */
  readonly assignment: Assignment;
  readonly sample: Sample;
  /** The sampled regions, positives first: [x1, y1, x2, y2] on the canvas. */
  readonly boxes: Float32Array;
  /** Class of each sampled positive. */
  readonly classes: Int32Array;
  /** Which true box each sampled positive stands for. */
  readonly truths: Int32Array;
  /** dx, dy, dw, dh for each sampled positive. */
  readonly deltas: Float32Array;
}

/** Assigns and samples the regions of a picture. The true boxes stand for themselves: a network that proposes nothing yet has something to learn from. */
export function regionTargets(
  proposals: Float32Array,
  truth: { readonly boxes: Float32Array; readonly classes: Int32Array },
  rules: TrainingRules['regions'],
  choose: Choose,
): RegionTargets {
  const assignment = assignBoxes(proposals, truth.boxes, rules);
  const places = Int32Array.from([...truth.classes.keys(), ...assignment.places]);
  const regions = Float32Array.from([...truth.boxes, ...proposals]);
  const sample = sampleBoxes(places, rules, choose);
  const truths = sample.positives.map((region) => places[region]!);
  return {
    assignment,
    sample,
    boxes: takeBoxes(regions, [...sample.positives, ...sample.negatives]),
    classes: truths.map((place) => truth.classes[place]!),
    truths,
    deltas: encodeBoxes(takeBoxes(regions, sample.positives), takeBoxes(truth.boxes, truths), BOX_DEVIATIONS),
  };
}

/**
 * The feeds of `regionLosses` for a batch. The graph takes a fixed number of regions: where a batch has fewer, its regions are repeated without a part in the
 * losses, so that the statistics of batch norms stay what they are.
 *
 * @param background - Index of the class of negatives.
 * @throws VitaminError `USAGE` for more regions than the graph takes, or none.
 */
export function regionTargetFeeds(pictures: readonly RegionTargets[], background: number, shape: TrainingShape): Record<string, Tensor> {
  const counts = pictures.map(({ boxes }) => boxes.length / 4);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0 || total > shape.regions) {
    throw new VitaminError('USAGE', `Expected 1 to ${shape.regions} regions of a batch but found ${total}`);
  }
  const boxes = Float32Array.from(pictures.flatMap((picture) => [...picture.boxes]));
  const owners = counts.flatMap((count, n) => Array<number>(count).fill(n));
  const classes = tensor('int64', [shape.regions], new BigInt64Array(shape.regions).fill(-1n)); // -1 has no part in the loss
  const moves = tensor('float32', [shape.regions, 4]);
  const moved = tensor('float32', [shape.regions, 1]);
  let row = 0;
  for (const picture of pictures) {
    for (let i = 0; i < picture.boxes.length / 4; i++, row++) {
      const positive = i < picture.classes.length;
      classes.data[row] = BigInt(positive ? picture.classes[i]! : background);
      if (!positive) continue;
      moves.data.set(picture.deltas.subarray(4 * i, 4 * i + 4), 4 * row);
      moved.data[row] = 1 / total;
    }
  }
  const fill = Array.from({ length: shape.regions }, (_, i) => i % total);
  return {
    ...levelFeeds(
      'regions',
      takeBoxes(boxes, fill),
      Int32Array.from(fill, (i) => owners[i]!),
      BOX_GRID,
      shape,
    ),
    classes,
    share: tensor('float32', [], new Float32Array([1 / total])),
    regionMoves: moves,
    regionMoved: moved,
  };
}

/**
 * The inputs of `trainingFeatures`: for each level of the pyramid all boxes, those of other levels without extent, with their pictures and RoIAlign weights.
 *
 * @param name - Start of the names.
 */
export function levelFeeds(
  name: string,
  boxes: Float32Array,
  pictures: Int32Array,
  grid: number,
  { pictures: batch, canvas, patch }: TrainingShape,
): Record<string, Tensor> {
  const levels = roiLevels(boxes, REGION_LEVELS);
  const feeds: Record<string, Tensor> = {
    [`${name}Pictures`]: tensor('int64', [pictures.length], BigInt64Array.from(pictures, BigInt)),
  };
  for (const [level, stride] of regionStrides(cellOf({ patch })).entries()) {
    const own = boxes.map((side, i) => (levels[i >> 2] === level ? side : 0));
    const images = pictures.map((picture, i) => (levels[i] === level ? picture : -1));
    const { rows, columns } = roiWeights({
      boxes: own,
      images,
      maps: [batch, Math.floor(canvas.height / stride), Math.floor(canvas.width / stride)],
      size: [grid, grid],
      scale: 1 / stride,
    });
    feeds[`${name}Boxes${level}`] = tensor('float32', [pictures.length, 4], own);
    feeds[`${name}Rows${level}`] = rows;
    feeds[`${name}Columns${level}`] = columns;
  }
  return feeds;
}
