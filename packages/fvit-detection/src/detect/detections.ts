import type { Box, Instance } from '@vitamin-vlm/core';

/** One thing that was found. Its score is relative to the vocabulary: other words beside it change it. */
export interface Detection extends Instance {
  /** Place of the label in the vocabulary, from 0. */
  readonly class: number;
  /** In pixels of the picture (after its EXIF orientation), not rounded. */
  readonly box: Box;
}

/** The answer for one picture. */
export interface Detections {
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Best first. */
  readonly detections: readonly Detection[];
}
