import type { Label } from '@vitamin-vlm/backbone';
import type { Box, Instance, LabelMap, Mask, Panoptic, Segment } from '@vitamin-vlm/core';

/** A part of a picture. Its score is relative to the vocabulary: other words beside it change it. */
export interface NamedSegment extends Segment {
  /** Place of the label in the vocabulary, from 0. */
  readonly class: number;
}

/** A picture cut into segments. */
export interface NamedPanoptic extends Panoptic {
  /** In the order of their ids. */
  readonly segments: readonly NamedSegment[];
}

/** A single thing. */
export interface NamedInstance extends Instance {
  /** Place of the label in the vocabulary, from 0. */
  readonly class: number;
  readonly box: Box;
  readonly mask: Mask;
  /** Pixels of the mask. */
  readonly area: number;
}

/** The answer for one picture: what the task asked for. */
export interface Segmented {
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  readonly labels: readonly Label[];
  readonly panoptic?: NamedPanoptic;
  /** Indices into the labels; 65535 where none is likely enough. */
  readonly semantic?: LabelMap<Uint16Array>;
  /** Best first. One mask may stand with several labels. */
  readonly instances?: readonly NamedInstance[];
}
