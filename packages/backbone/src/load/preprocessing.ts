import { CLIP_NORMALIZATION, type Normalization } from '@vitamin-vlm/image';

/** How a tower's pictures are made square, and what is done to their pixels. */
export interface Preprocessing {
  /** On values 0..1, red, green, blue. */
  readonly normalization: Normalization;
  /** Pillow's filter of the resize. */
  readonly resize: 'bicubic' | 'bilinear';
  /** `shortest`: the shortest edge to the image size, then the middle is cut out. `both`: stretched to the square. */
  readonly edge: 'shortest' | 'both';
}

/** OpenAI's, and that of most others. */
export const CLIP_PREPROCESSING: Preprocessing = { normalization: CLIP_NORMALIZATION, resize: 'bicubic', edge: 'shortest' };

/** Values from -1 to 1. */
export const HALF_NORMALIZATION: Normalization = { divisor: 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** Of ImageNet's pictures. */
export const IMAGENET_NORMALIZATION: Normalization = { divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
