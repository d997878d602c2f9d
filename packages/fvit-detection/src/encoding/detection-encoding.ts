import type { ImageGeometry } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import type { DetectionRecipe } from '../recipe/recipe.ts';

/**
 * What the detector found in a picture before any word was asked: plain data that can be kept, saved (`saveDetectionEncoding`) and asked again and again.
 * R regions, best first; R is 0 when nothing was proposed.
 */
export interface DetectionEncoding {
  /** Identity of the detector that made it: tower and heads. */
  readonly model: string;
  /** Identity of the image tower alone, for words that were made with the same CLIP model. */
  readonly tower: string;
  readonly recipe: DetectionRecipe;
  /** Sizes of picture and canvas. The picture lies in the top left corner. */
  readonly geometry: ImageGeometry;
  /** [R, 4], x1, y1, x2, y2 in pixels of the network's input: what the regions were read from. */
  readonly proposals: Tensor<'float32'>;
  /** [R], 0 to 1: that there is anything. */
  readonly objectness: Tensor<'float32'>;
  /** [R, 4], x1, y1, x2, y2 in pixels of the picture: proposals after the box head, clipped to the picture. */
  readonly boxes: Tensor<'float32'>;
  /** [R, E], unit vectors of the box head, to be compared with words. */
  readonly classVectors: Tensor<'float32'>;
  /** [R, E], unit vectors of the frozen CLIP tower. */
  readonly clipVectors: Tensor<'float32'>;
  /** Feature pyramid at strides 4, 8, 16, 32, [1, C, h, w] each, which masks are made from. */
  readonly pyramid?: readonly Tensor<'float32'>[];
  /** [E, h, w], unit vectors: the dense CLIP map of the canvas. */
  readonly dense?: Tensor<'float32'>;
}
