import type { Instance, LabelMap, Panoptic } from '@vitamin-vlm/core';
import type { Rgb } from './encode.ts';

/** What was found in a picture. The layers lie on each other in this order; each may be absent. */
export interface Overlay {
  /** One label per pixel: indices into `labels` of the options. */
  readonly labelMap?: LabelMap | undefined;
  /** Things and stuff. Pixels whose id is not among the segments stay as they are. */
  readonly panoptic?: Panoptic | undefined;
  /** Masks and boxes. Smaller masks lie on larger ones. */
  readonly instances?: readonly Instance[] | undefined;
}

/** Options of `drawOverlay`. */
export interface OverlayOptions {
  /**
   * What the numbers of the label map mean, and which label has which color in all layers: the n-th one `labelColor(n)`. Labels that are not among them get the
   * colors behind those, in the order in which they appear.
   */
  readonly labels?: readonly string[] | undefined;
  /** Color per label, instead of those of `labelColor`. */
  readonly color?: ((label: string) => Rgb) | undefined;
  /** Share of the label's color in a painted area, 0 to 1. Default 0.55. */
  readonly opacity?: number | undefined;
  /** Names in the picture. Default true. */
  readonly names?: boolean | undefined;
  /** Scores behind the names of things. Default true; annotations have none worth showing. */
  readonly scores?: boolean | undefined;
  /** A legend below the picture. Default: when it tells something that the names do not, a share of the area or a label whose name found no room. */
  readonly legend?: boolean | undefined;
}
