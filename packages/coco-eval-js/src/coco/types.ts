import type { Segmentation } from '../mask/types.ts';
import type { Id, IdKeys } from './id-keys.ts';

/** `[x, y, width, height]` in pixels, origin top left. */
export type Bbox = readonly [x: number, y: number, width: number, height: number] | readonly number[];

/** One entry of `images`. LVIS adds the two lists of the federated rules. Further fields are kept and can be used for slices. */
export interface ImageInfo {
  readonly id: Id;
  readonly width?: number;
  readonly height?: number;
  readonly file_name?: string;
  /** LVIS: categories verified to be absent. */
  readonly neg_category_ids?: readonly Id[];
  /** LVIS: categories whose instances are not all annotated. */
  readonly not_exhaustive_category_ids?: readonly Id[];
  readonly [field: string]: unknown;
}

/** One entry of `categories`. */
export interface Category {
  readonly id: Id;
  readonly name?: string;
  readonly supercategory?: string;
  /** LVIS: rare, common or frequent by the number of training images. */
  readonly frequency?: string;
  readonly [field: string]: unknown;
}

/** One entry of `annotations`. */
export interface Annotation {
  readonly id: Id;
  readonly image_id: Id;
  readonly category_id: Id;
  readonly bbox?: Bbox;
  readonly area?: number;
  readonly iscrowd?: number | boolean;
  readonly ignore?: number | boolean;
  readonly segmentation?: Segmentation;
  /** `[x1, y1, v1, ...]`; v is 0 (absent), 1 (labeled, hidden) or 2 (visible). */
  readonly keypoints?: readonly number[];
  readonly num_keypoints?: number;
  readonly [field: string]: unknown;
}

/** Images and categories by numbers: their own ids, or those that stand for them in `keys`. */
export interface EvaluationContext {
  readonly images: readonly (ImageInfo & { readonly id: number })[];
  readonly categories: readonly (Category & { readonly id: number })[];
  readonly keys: IdKeys;
}

/** A COCO or LVIS annotation file. */
export interface Dataset {
  readonly images: readonly ImageInfo[];
  readonly annotations: readonly Annotation[];
  readonly categories: readonly Category[];
  readonly [field: string]: unknown;
}

/** One entry of a results file. */
export interface Result {
  readonly image_id: Id;
  readonly category_id: Id;
  readonly score: number;
  readonly bbox?: Bbox;
  readonly segmentation?: Segmentation;
  readonly keypoints?: readonly number[];
  readonly [field: string]: unknown;
}

/** What is compared: boxes, masks, masks by the smaller of their IoU and that of their boundaries, or keypoints by object keypoint similarity. */
export type IouType = 'bbox' | 'segm' | 'boundary' | 'keypoints';

/** Whether masks are compared. */
export function comparesMasks(iouType: IouType): boolean {
  return iouType === 'segm' || iouType === 'boundary';
}

/**
 * `reference` gives the numbers of the reference program, bugs included. `fixed` differs where the reference has a bug
 * (annotation id 0 can match, the `ignore` field is honored, the summary uses the largest `maxDets`, duplicate ids stay apart).
 */
export type Mode = 'reference' | 'fixed';

/** Something the reference accepts in silence, or a number that may not be what it seems; counted, with the first place it was seen. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** Zero-based position of the first such entry in its list; -1: it concerns no single entry. */
  readonly firstIndex: number;
}
