/** Run lengths of a mask in column-major order (`index = x * height + y`), starting with background; the first may be 0. */
export interface Rle {
  /** `[height, width]`. */
  readonly size: readonly [height: number, width: number];
  readonly counts: Uint32Array;
}

/** An RLE as it stands in COCO files: `counts` is the compressed string, or a plain list of run lengths. */
export interface RleObject {
  readonly size: readonly [height: number, width: number] | readonly number[];
  readonly counts: string | readonly number[];
}

/** Polygons (each a flat list `[x1, y1, x2, y2, ...]`, filled and united) or an RLE. */
export type Segmentation = readonly (readonly number[])[] | RleObject;
