import type { Family } from '../load/families.ts';
import type { AssignOptions } from './assign.ts';
import type { SampleOptions } from './sample.ts';

/** How a detector is trained. Overlaps are intersections over unions. */
export interface TrainingRules {
  /** Which anchors stand for a true box, and how many of a picture count. */
  readonly anchors: AssignOptions & SampleOptions;
  /** The same for the regions that the proposal network gives. */
  readonly regions: AssignOptions & SampleOptions;
  /** Proposals of a training picture. */
  readonly proposals: { readonly perLevel: number; readonly threshold: number; readonly max: number };
  /** Weight of background regions in the loss of classes. */
  readonly background: number;
}

const anchors = { positive: 0.7, negative: 0.3, lowQuality: 0.3, count: 256, positiveShare: 0.5 };
const regions = { positive: 0.5, negative: 0.5, count: 512, positiveShare: 0.25 };
const proposals = { perLevel: 2000, threshold: 0.7, max: 1000 };

/** The rules of F-ViT's configurations. */
export const trainingRules: Readonly<Record<Family, TrainingRules>> = {
  'ov-coco': { anchors, regions, proposals, background: 0.6 },
  'ov-lvis': { anchors, regions: { ...regions, lowQuality: 0.5 }, proposals, background: 0.9 },
};
