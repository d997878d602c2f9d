import type { ImageTower, Recipe } from '@vitamin-vlm/backbone';
import { CLIP_NORMALIZATION_255, type Normalization } from '@vitamin-vlm/image';
import type { Family } from '../load/families.ts';
import type { FVitConfig } from '../models/config.ts';

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

/** What the proposal network of every published configuration keeps. */
const PROPOSALS = { proposalsPerLevel: 2000, proposalNms: 0.7, proposals: 1000 } as const;

/**
 * F-ViT's settings for a tower. ViTamin, and CLIP's own ViT: a canvas of 896 and windows of 336 every 168; for other windows in the same proportions, in whole cells of 32 pixels
 * or of two patches. EVA-02 sees the whole canvas at once: 640 (OV-COCO) or 1024 (OV-LVIS) with patches of 16 pixels, 896 with patches of 14.
 */
export function defaultReadSettings(
  { family, imageSize, stride }: Pick<ImageTower, 'family' | 'imageSize' | 'stride'>,
  trained: Family,
): ReadSettings {
  const common = { resize: 'opencv-bilinear', ...PROPOSALS } as const;
  if (family === 'eva02') {
    const side = stride === 14 ? 896 : trained === 'ov-lvis' ? 1024 : 640;
    const size = Math.round(side / stride) * stride;
    return { size, window: size, stride: size, ...common };
  }
  const size = Math.round((imageSize * 8) / 3 / (2 * stride)) * 2 * stride;
  return { size, window: imageSize, stride: Math.floor(imageSize / 2), ...common };
}

/** The windows that are asked for, or the usual ones. Where the usual window is the whole canvas, it grows and shrinks with it. */
export function windowsFor(
  defaults: ReadSettings,
  {
    size,
    window,
    stride,
  }: { readonly size?: number | undefined; readonly window?: number | undefined; readonly stride?: number | undefined },
): Pick<ReadSettings, 'window' | 'stride'> {
  if (defaults.window !== defaults.size) return { window: window ?? defaults.window, stride: stride ?? defaults.stride };
  const whole = size ?? defaults.size;
  return { window: window ?? whole, stride: stride ?? (window === undefined ? whole : Math.floor(window / 2)) };
}

/** Of the values 0 to 255: CLIP's for a ViTamin, ImageNet's for plain Vision Transformers, as CLIPSelf trains them. */
export function detectorNormalization({ patch }: Pick<FVitConfig, 'patch'>): Normalization {
  return patch === undefined ? CLIP_NORMALIZATION_255 : IMAGENET_NORMALIZATION_255;
}

const IMAGENET_NORMALIZATION_255: Normalization = { divisor: 1, mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
