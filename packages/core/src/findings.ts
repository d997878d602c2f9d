import type { LabelMap } from './label-map.ts';
import type { Mask } from './mask.ts';

/** Left, top, width, height in pixels of the original picture, as COCO has them; fractions are allowed. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** One thing that was found in a picture, by its box, its mask, or both. */
export interface Instance {
  /** As the caller wrote it. */
  readonly label: string;
  /** 0..1, higher is surer; comparable within one picture and one vocabulary. */
  readonly score: number;
  readonly box?: Box | undefined;
  readonly mask?: Mask | undefined;
}

/** One part of a picture of which every pixel belongs to at most one: a countable thing, or all of one kind of stuff. */
export interface Segment {
  /** The value of its pixels in the map beside it; above 0. */
  readonly id: number;
  /** As the caller wrote it. */
  readonly label: string;
  /** True for things that can be counted (cat), false for stuff (sky). */
  readonly isThing: boolean;
  /** 0..1, higher is surer. */
  readonly score: number;
  /** Number of pixels. */
  readonly area: number;
  /** The smallest box around its pixels. */
  readonly box: Box;
}

/** A picture cut into segments. */
export interface Panoptic {
  /** The id of a segment per pixel; 0 where there is none. */
  readonly map: LabelMap;
  readonly segments: readonly Segment[];
}
