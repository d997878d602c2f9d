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

const side = 256;
/** Pictures of a step. */
export const pictures = 4;
/** A training from its warm-up to a rate of 0. A later round begins where the one before has ended, on other scenes. */
export interface Round {
  readonly steps: number;
  readonly peakRate: number;
  readonly warmupSteps: number;
  /** Regions of a picture that the losses look at, and the share of them that positives may take. */
  readonly regions: number;
  readonly positiveShare: number;
}

/** Things are classified early; boxes take longer, so the second round looks at more positives. */
export const rounds: readonly Round[] = [
  { steps: 1400, peakRate: 1e-3, warmupSteps: 100, regions: 64, positiveShare: 0.25 },
  { steps: 850, peakRate: 1e-3, warmupSteps: 50, regions: 64, positiveShare: 0.33 },
];

/** Extents of the canvas. */
export const canvas: TrainingShape['canvas'] = { width: side, height: side };

/** Sizes of a step. */
export function shapeOf({ regions: perPicture }: Round): TrainingShape {
  return { pictures, canvas, regions: pictures * perPicture, maskRegions: pictures * perPicture };
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

/** Sides of the drawn scenes: both smaller and larger than the canvas, so that things come in the sizes that pictures of 256 and of 384 pixels have. */
export const sceneSides = { least: 200, most: 448 } as const;

/** Scenes of stream `train` from here on are never trained on: settings are chosen on them. */
export const developmentSeeds = 1_000_000_000;
