import type { FVitConfig, ReadSettings, TrainingRules, TrainingShape } from '@vitamin-vlm/fvit-detection';
import { trainingRules } from '@vitamin-vlm/fvit-detection';
import { kinds } from '@vitamin-vlm/picture-world';

/** How the embedded detector reads a picture: windows of the tower's size, moved by whole cells of its coarsest map. */
export const read: ReadSettings = {
  size: 256,
  resize: 'bilinear',
  window: 96,
  stride: 48,
  proposalsPerLevel: 1000,
  proposalNms: 0.7,
  proposals: 300,
};

/** Sizes of adapters, pyramid and heads on the embedded tower. */
export const config: FVitConfig = {
  channels: [16, 32, 192, 192],
  width: 64,
  hidden: 256,
  embedDim: 128,
  classes: kinds.length,
  rpnNorm: false,
  masks: false,
};

/** A training from its warm-up to a rate of 0. A later round begins where the one before has ended, on other scenes. */
export interface Round {
  readonly steps: number;
  /** Pictures of a step. */
  readonly pictures: number;
  /** Side of the canvas in pixels. */
  readonly side: number;
  /** Sides of the drawn scenes: both smaller and larger than the canvas, so that things come in many sizes. */
  readonly scenes: { readonly least: number; readonly most: number };
  readonly peakRate: number;
  readonly warmupSteps: number;
  /** Regions of a picture that the losses look at, and the share of them that positives may take. */
  readonly regions: number;
  readonly positiveShare: number;
}

const small = { pictures: 4, side: 256, scenes: { least: 200, most: 448 }, regions: 64 };
const large = { pictures: 2, side: 384, scenes: { least: 240, most: 512 }, regions: 96 };
/** Things are classified early; boxes take longer, so later rounds look at more positives. A small canvas cuts large things: the last shows them whole. */
export const rounds: readonly Round[] = [
  { ...small, steps: 1400, peakRate: 1e-3, warmupSteps: 100, positiveShare: 0.25 },
  { ...small, steps: 850, peakRate: 1e-3, warmupSteps: 50, positiveShare: 0.33 },
  { ...large, steps: 900, peakRate: 7e-4, warmupSteps: 30, positiveShare: 0.33 },
];

/** Sizes of a step. */
export function shapeOf({ pictures, side, regions: perPicture }: Round): TrainingShape {
  return { pictures, canvas: { width: side, height: side }, regions: pictures * perPicture, maskRegions: pictures * perPicture };
}

const { anchors, regions, ...published } = trainingRules['ov-coco'];

/** F-ViT's rules with fewer regions: pictures are small and hold few things. */
export function rulesOf({ regions: count, positiveShare }: Round): TrainingRules {
  return {
    ...published,
    anchors: { ...anchors, count: 128 },
    regions: { ...regions, count, positiveShare },
    proposals: { perLevel: read.proposalsPerLevel, threshold: read.proposalNms, max: read.proposals },
  };
}

/** AdamW with F-ViT's clipping. */
export const optimizer = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: (_: string, extents: readonly number[]): number => (extents.length > 1 ? 0.05 : 0),
  clipNorm: 1,
};

/** Scenes of stream `train` from here on are never trained on: settings are chosen on them. */
export const developmentSeeds = 1_000_000_000;
