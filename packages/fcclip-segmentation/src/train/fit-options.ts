import type { BackboneOptions } from '@vitamin-vlm/backbone';
import type { TrainOptions } from '@vitamin-vlm/training';
import type { VocabularyName } from '../vocabulary/vocabularies.ts';
import type { SegmentEvaluationSet } from './evaluate-on-set.ts';

/** A training on a set of pictures in COCO's panoptic layout. Defaults are those of FC-CLIP's configuration for ViTamin-L. */
export interface FitSegmenterOptions extends Pick<TrainOptions, 'folder' | 'signal' | 'onLog' | 'onProgress'> {
  /** Panoptic annotation file, the folder of its pictures, and that of its PNG files (default: the annotation file without `.json`). */
  readonly annotations: string;
  readonly images: string;
  readonly maps?: string | undefined;
  /** List that names the classes, in the order of the ids. Default: the names in the file. */
  readonly vocabulary?: VocabularyName | undefined;
  /** Address of the CLIP model whose tower is used, frozen. */
  readonly tower: string;
  /** Address of a segmenter on that tower to go on from, with other classes if they differ: its sizes are taken over. */
  readonly from?: string | undefined;
  /** Side of the canvas, in pixels, a multiple of 32. Default: four windows. */
  readonly size?: number | undefined;
  /** Channels of both decoders, a multiple of 32, their heads, layers of each, and masks of a picture. Default 256, 8, 6, 9, 250. */
  readonly width?: number | undefined;
  readonly heads?: number | undefined;
  readonly encoderLayers?: number | undefined;
  readonly decoderLayers?: number | undefined;
  readonly queries?: number | undefined;
  /** Points at which a mask is compared. Default 12,544. */
  readonly points?: number | undefined;
  /** Pixels from one window of the tower to the next. Default: a third of a window. */
  readonly stride?: number | undefined;
  /** Pictures of a step, and how many of them are in memory at once. Default 16 and 1. */
  readonly batch?: number | undefined;
  readonly atOnce?: number | undefined;
  /** Times that every picture is seen. Default 50. */
  readonly epochs?: number | undefined;
  /** Learning rate. Default 1e-4. */
  readonly rate?: number | undefined;
  readonly seed?: number | undefined;
  /** Steps between two saved states. Default 100. */
  readonly saveEvery?: number | undefined;
  /** Pictures to evaluate on, and steps between two evaluations. Default: none. */
  readonly evaluation?: (SegmentEvaluationSet & { readonly every: number }) | undefined;
  readonly session?: Pick<BackboneOptions, 'threads' | 'provider' | 'cacheDir'> | undefined;
}
