import type { SegmentationColumns } from '../mask/columns.ts';

/** Ground truth annotations as columns, in file order. */
export interface GroundTruth {
  readonly count: number;
  readonly id: Float64Array;
  /** Whether some annotations share an id. */
  readonly repeatedIds: boolean;
  readonly imageId: Float64Array;
  readonly categoryId: Float64Array;
  /** The annotation's own area, which decides its size class. NaN: to be taken from its mask. */
  readonly area: Float64Array;
  /** 1 for crowd regions: may match many detections, and IoU is divided by the detection's area. */
  readonly crowd: Uint8Array;
  /** 1 when a match neither counts nor costs. */
  readonly ignore: Uint8Array;
  /** 4 numbers an entry; absent when the evaluation needs none. */
  readonly bbox?: Float64Array | undefined;
  readonly segmentation?: SegmentationColumns | undefined;
  /** `keypointCount * 3` numbers an entry. */
  readonly keypoints?: Float64Array | undefined;
  readonly keypointCount: number;
}

/** Detections as columns, in file order. The id of a detection is its position + 1. */
export interface Detections {
  readonly count: number;
  readonly imageId: Float64Array;
  readonly categoryId: Float64Array;
  readonly score: Float64Array;
  /** NaN: to be taken from the mask. */
  readonly area: Float64Array;
  readonly bbox?: Float64Array | undefined;
  readonly segmentation?: SegmentationColumns | undefined;
  readonly keypoints?: Float64Array | undefined;
  readonly keypointCount: number;
}
