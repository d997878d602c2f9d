import type { Recipe } from '@vitamin-vlm/backbone';

/** How a picture was prepared, read by the tower, and reduced to regions. */
export interface DetectionRecipe extends Recipe {
  /** Best anchors of each level that became candidates. */
  readonly proposalsPerLevel: number;
  /** Overlap above which the worse of two proposals was dropped. */
  readonly proposalNms: number;
  /** Regions at most. */
  readonly proposals: number;
}

/** The part of a recipe that F-ViT's configurations set. Lengths in pixels of the network's input. */
export type ReadSettings = Pick<
  DetectionRecipe,
  'size' | 'resize' | 'window' | 'stride' | 'proposalsPerLevel' | 'proposalNms' | 'proposals'
>;

/**
 * F-ViT's settings for a tower of this window: canvas 896, OpenCV's bilinear filter, windows of 336 every 168, regions 2000 / 0.7 / 1000. For other windows in the same proportions, the
 * canvas in whole cells of 32 pixels.
 */
export function defaultReadSettings(window: number): ReadSettings {
  const size = Math.round((window * 8) / 3 / 32) * 32;
  return {
    size,
    resize: 'opencv-bilinear',
    window,
    stride: Math.floor(window / 2),
    proposalsPerLevel: 2000,
    proposalNms: 0.7,
    proposals: 1000,
  };
}
