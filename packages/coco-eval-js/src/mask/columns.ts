/**
 * Segmentations of many entries in a few flat arrays: no object per mask, cheap to hand to a worker.
 * Entry i is of `kind[i]`; polygons and plain counts lie in `coords`, compressed strings in `bytes`.
 */
export interface SegmentationColumns {
  /** One of `SEGMENTATION_KIND`. */
  readonly kind: Uint8Array;
  /** `[height, width]` of entry i at 2i: of its image for polygons and boxes, its own for an RLE. */
  readonly size: Int32Array;
  /** Parts of entry i: `partStart[i]` to `partStart[i + 1]`. */
  readonly partStart: Uint32Array;
  /** Numbers of part p: `coordStart[p]` to `coordStart[p + 1]` in `coords`. */
  readonly coordStart: Uint32Array;
  readonly coords: Float64Array;
  /** String of entry i: `byteStart[i]` to `byteStart[i + 1]` in `bytes`. */
  readonly byteStart: Uint32Array;
  readonly bytes: Uint8Array;
}

/** How a segmentation is stored. `box`: the four corners of the entry's bbox as a polygon. */
export const SEGMENTATION_KIND = { none: 0, polygons: 1, counts: 2, string: 3, box: 4 } as const;
