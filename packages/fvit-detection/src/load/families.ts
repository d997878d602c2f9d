/** How a detector is asked when nobody says otherwise. */
export interface DetectionSettings {
  /** Only scores greater than this count. */
  readonly score: number;
  /** Overlap above which the worse of two boxes of one class is dropped. */
  readonly nms: number;
  readonly max: number;
  /** Weight of CLIP's opinion for base and for novel classes, 0 to 1. */
  readonly alpha: number;
  readonly beta: number;
  /** Factor on CLIP's cosines. */
  readonly vlmTemperature: number;
}

/** A way F-ViT was trained: on OV-COCO (boxes of 48 classes), or on OV-LVIS (866 classes, with masks). */
export type Family = 'ov-coco' | 'ov-lvis';

/** The settings of F-ViT's configurations for ViTamin-L, which are those of CLIPSelf for patches of 14 pixels. */
export const familySettings: Readonly<Record<Family, DetectionSettings>> = {
  'ov-coco': { score: 0.01, nms: 0.4, max: 100, alpha: 0.1, beta: 0.8, vlmTemperature: 75 },
  'ov-lvis': { score: 0.0001, nms: 0.5, max: 300, alpha: 0.1, beta: 0.4, vlmTemperature: 50 },
};

/** The settings of a detector's configuration. CLIPSelf's on OV-LVIS with patches of 16 pixels trusts CLIP more in novel classes. */
export function publishedSettings(family: Family, patch: number | undefined): DetectionSettings {
  const settings = familySettings[family];
  return family === 'ov-lvis' && patch === 16 ? { ...settings, beta: 0.6 } : settings;
}
