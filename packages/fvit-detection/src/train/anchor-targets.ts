import { type Tensor, tensor } from '@vitamin-vlm/core';
import { ANCHORS_PER_CELL, type Level, levelAnchors } from '../boxes/anchors.ts';
import { encodeBoxes, RPN_DEVIATIONS } from '../boxes/delta-coder.ts';
import { takeBoxes } from '../boxes/take-boxes.ts';
import { type Assignment, assignBoxes } from './assign.ts';
import { type Choose, type Sample, sampleBoxes } from './sample.ts';
import type { TrainingRules } from './settings.ts';

/** What the anchors of a picture are to learn. Anchors are counted over all levels, the finest first. */
export interface AnchorTargets extends Assignment {
  readonly sample: Sample;
  /** dx, dy, dw, dh for each sampled positive. */
  readonly deltas: Float32Array;
}

/**
 * The anchors of all levels, one after the other.
 *
 * @example
 * ```ts
 * import { allAnchors, pyramidLevels } from '@vitamin-vlm/fvit-detection';
 * console.log(allAnchors(pyramidLevels({ width: 896, height: 896 })).length / 4); // 200508
 * ```
 */
export function allAnchors(levels: readonly Level[]): Float32Array {
  const parts = levels.map(levelAnchors);
  const anchors = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    anchors.set(part, at);
    at += part.length;
  }
  return anchors;
}

/** Assigns and samples the anchors of a picture; what is inside a true box does not matter. `truth`: boxes on the canvas. */
export function anchorTargets(anchors: Float32Array, truth: Float32Array, rules: TrainingRules['anchors'], choose: Choose): AnchorTargets {
  const assignment = assignBoxes(anchors, truth, rules);
  const sample = sampleBoxes(assignment.places, rules, choose);
  const own = takeBoxes(
    truth,
    sample.positives.map((anchor) => assignment.places[anchor]!),
  );
  return { ...assignment, sample, deltas: encodeBoxes(takeBoxes(anchors, sample.positives), own, RPN_DEVIATIONS) };
}

/**
 * The feeds of `anchorLosses` for a batch, in the layout of the network's maps. For level l: `objects` 1 at positives; `counted` 1 / (anchors sampled in the
 * batch) at all that were sampled, so that the sum of weighted losses is their mean; `moves` the deltas of positives.
 */
export function anchorTargetFeeds(levels: readonly Level[], pictures: readonly AnchorTargets[]): Record<string, Tensor<'float32'>> {
  // mmdetection counts at least one of each kind.
  const total = pictures.reduce((sum, { sample }) => sum + Math.max(sample.positives.length, 1) + Math.max(sample.negatives.length, 1), 0);
  const feeds: Record<string, Tensor<'float32'>> = {};
  let first = 0;
  for (const [index, level] of levels.entries()) {
    const cells = level.height * level.width;
    const last = first + cells * ANCHORS_PER_CELL;
    const map = (planes: number): Tensor<'float32'> => tensor('float32', [pictures.length, planes, level.height, level.width]);
    const [objects, counted, moves] = [map(ANCHORS_PER_CELL), map(ANCHORS_PER_CELL), map(4 * ANCHORS_PER_CELL)];
    for (const [n, { sample, deltas }] of pictures.entries()) {
      const put = (anchors: Int32Array, write: (plane: number, cell: number, i: number) => void): void => {
        for (const [i, anchor] of anchors.entries()) {
          if (anchor < first || anchor >= last) continue;
          write(n * ANCHORS_PER_CELL + ((anchor - first) % ANCHORS_PER_CELL), Math.floor((anchor - first) / ANCHORS_PER_CELL), i);
        }
      };
      put(sample.negatives, (plane, cell) => (counted.data[plane * cells + cell] = 1 / total));
      put(sample.positives, (plane, cell, i) => {
        objects.data[plane * cells + cell] = 1;
        counted.data[plane * cells + cell] = 1 / total;
        for (let k = 0; k < 4; k++) moves.data[(4 * plane + k) * cells + cell] = deltas[4 * i + k]!;
      });
    }
    feeds[`objects${index}`] = objects;
    feeds[`counted${index}`] = counted;
    feeds[`moves${index}`] = moves;
    first = last;
  }
  return feeds;
}
