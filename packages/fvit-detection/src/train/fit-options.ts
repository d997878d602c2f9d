import type { BackboneOptions } from '@vitamin-vlm/backbone';
import type { TrainOptions } from '@vitamin-vlm/training';
import type { Family } from '../load/families.ts';
import type { EvaluationSet } from './evaluate-on-set.ts';

/** A training on an annotated set of pictures. Defaults are those of F-ViT's configuration of the family. */
export interface FitOptions extends Pick<TrainOptions, 'folder' | 'signal' | 'onLog' | 'onProgress'> {
  /** Annotation file of COCO or LVIS, and the folder of its pictures. */
  readonly annotations: string;
  readonly images: string;
  /** `ov-coco`, `ov-lvis`, or a JSON file with the groups `base` and `novel`. Default: every class is learned. */
  readonly split?: string | undefined;
  /** Address of the CLIP model whose tower is used, frozen. */
  readonly tower: string;
  /** Address of a detector on that tower to go on from. */
  readonly from?: string | undefined;
  /** With masks and batch norms in the region proposal network (`ov-lvis`) or without. Default: that of the split, else `ov-coco`. */
  readonly family?: Family | undefined;
  /** Channels of pyramid and heads of a new detector. Default 256. */
  readonly width?: number | undefined;
  /** Side of the canvas, in pixels. */
  readonly size?: number | undefined;
  /** Pictures of a step, and how many of them are in memory at once. Default 64 and 2. */
  readonly batch?: number | undefined;
  readonly atOnce?: number | undefined;
  /** Times that every picture is seen. Default 3, for `ov-lvis` 48. */
  readonly epochs?: number | undefined;
  /** Learning rate of a step of 64 pictures; others in proportion. Default 1e-4. */
  readonly rate?: number | undefined;
  readonly seed?: number | undefined;
  /** Steps between two saved states. Default 100. */
  readonly saveEvery?: number | undefined;
  /** Pictures to evaluate on, and steps between two evaluations. Default: none. */
  readonly evaluation?: (EvaluationSet & { readonly every: number }) | undefined;
  readonly session?: Pick<BackboneOptions, 'threads' | 'provider' | 'cacheDir'> | undefined;
}
