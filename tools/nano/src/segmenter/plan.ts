import {
  type FcclipConfig,
  type ReadSettings,
  type TrainingRules,
  trainingRules,
  type TrainingShape,
} from '@vitamin-vlm/fcclip-segmentation';
import { baseKinds, kinds, panopticCategories, stuffKinds } from '@vitamin-vlm/picture-world';

/** How the embedded segmenter reads a picture: the windows of the embedded detector, so that one pass of the tower serves both. */
export const read: ReadSettings = { window: 96, stride: 48 };

/** Sizes of both decoders on the embedded tower. */
export const config: FcclipConfig = {
  channels: [16, 32, 192],
  width: 64,
  heads: 4,
  encoderLayers: 1,
  encoderHidden: 128,
  decoderLayers: 3,
  decoderHidden: 256,
  queries: 50,
  embedDim: 128,
  canvas: { width: 256, height: 256 },
};

/** Sizes of a step. A scene has at most seven things and a few regions of stuff. */
export const shape: TrainingShape = { pictures: 4, pairs: 48 };

/** Mask2Former's rules with fewer points: masks are small. */
export const rules: TrainingRules = { ...trainingRules, points: 512 };

/** The classes of the training: base kinds, then stuff. Novel kinds are none of them, and their scenes do not occur. */
export const classNames: readonly string[] = [...baseKinds, ...stuffKinds];

/** Which of them are things. */
export const classThings: readonly boolean[] = classNames.map((_, i) => i < baseKinds.length);

/** What an evaluation asks for: all kinds, then stuff, with the ids of COCO panoptic. */
export const askedNames: readonly string[] = [...kinds.map(({ name }) => name), ...stuffKinds];
export const askedCategories: readonly { readonly id: number; readonly isthing: 0 | 1 }[] = panopticCategories();

/** A training from its warm-up to a rate of 0. A later round begins where the one before has ended, on other scenes. */
export interface Round {
  readonly steps: number;
  readonly peakRate: number;
  readonly warmupSteps: number;
  /** Scenes that the round looks at, each many times, so that the tower need not read them each time. */
  readonly scenes: number;
}

/** Stuff and kinds are learned in the first round; that two of a kind are two things takes longer. */
export const rounds: readonly Round[] = [
  { steps: 5000, peakRate: 7e-4, warmupSteps: 60, scenes: 3200 },
  { steps: 2500, peakRate: 6e-4, warmupSteps: 60, scenes: 1800 },
];

/** AdamW with FC-CLIP's decay: none for norms and embeddings. */
export const optimizer = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: (path: string, extents: readonly number[]): number =>
    extents.length > 1 && !/level_embed|query_|void_embedding/u.test(path) ? 0.05 : 0,
  clipNorm: 1,
};

/** Sides of the drawn scenes, of which the canvas is cut out: some fill it, some leave a part of it black. */
export const sceneSides = { least: 256, most: 352 } as const;

/** Scenes of stream `train` from here on are never trained on: settings are chosen on them. */
export const developmentSeeds = 1_000_000_000;
