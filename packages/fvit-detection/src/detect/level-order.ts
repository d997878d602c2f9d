import { type Tensor, tensor } from '@vitamin-vlm/core';
import { roiLevels } from '../boxes/roi-levels.ts';
import { takeBoxes } from '../boxes/take-boxes.ts';
import { REGION_LEVELS } from '../models/region-features.ts';

/** Regions sorted by the level of the pyramid that they are read from. */
export interface LevelOrder {
  /** Place in the sorted list -> place in the caller's. Regions of one level keep their order. */
  readonly places: Uint32Array;
  /** How many regions each level has. */
  readonly counts: readonly number[];
}

/** Sorts regions [x1, y1, x2, y2] in pixels of the network's input by their level. */
export function orderByLevel(rois: Float32Array): LevelOrder {
  const levels = roiLevels(rois, REGION_LEVELS);
  const lists = Array.from({ length: REGION_LEVELS }, (_, level) => [...levels.keys()].filter((i) => levels[i] === level));
  return { places: Uint32Array.from(lists.flat()), counts: lists.map(({ length }) => length) };
}

/** The inputs `rois0`, `pictures0`, ... of the graphs that read regions: all regions are in the one picture of the batch. */
export function regionFeeds(rois: Float32Array, { places, counts }: LevelOrder): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  let start = 0;
  for (const [level, count] of counts.entries()) {
    feeds[`rois${level}`] = tensor('float32', [count, 4], takeBoxes(rois, places.subarray(start, start + count)));
    feeds[`pictures${level}`] = tensor('int64', [count]);
    start += count;
  }
  return feeds;
}

/** Rows of a sorted result back in the caller's order. */
export function unsort({ shape, data }: Tensor<'float32'>, { places }: LevelOrder): Tensor<'float32'> {
  const out = tensor('float32', shape);
  const width = data.length / Math.max(places.length, 1);
  for (const [sorted, place] of places.entries()) out.data.set(data.subarray(sorted * width, (sorted + 1) * width), place * width);
  return out;
}
