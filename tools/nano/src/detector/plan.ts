import type { FVitConfig, ReadSettings, TrainingRules, TrainingShape } from '@vitamin-vlm/fvit-detection';
import { trainingRules } from '@vitamin-vlm/fvit-detection';
import { kinds } from '@vitamin-vlm/picture-world';

/** How the embedded detector reads a picture: windows of the tower's size, moved by whole cells of its coarsest map. */
export const read: ReadSettings = { size: 256, window: 96, stride: 48, proposalsPerLevel: 1000, proposalNms: 0.7, proposals: 300 };

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
const pictures = 4;
const perPicture = 64;

/** Sizes of a step. */
export const shape: TrainingShape = {
  pictures,
  canvas: { width: side, height: side },
  regions: pictures * perPicture,
  maskRegions: pictures * perPicture,
};

const { anchors, regions, ...published } = trainingRules['ov-coco'];

/** F-ViT's rules with fewer regions: pictures are small and hold few things. */
export const rules: TrainingRules = {
  ...published,
  anchors: { ...anchors, count: 128 },
  regions: { ...regions, count: perPicture },
  proposals: { perLevel: read.proposalsPerLevel, threshold: read.proposalNms, max: read.proposals },
};

/** Steps and rates. */
export const schedule = { steps: 1400, peakRate: 1e-3, warmupSteps: 100 } as const;

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
