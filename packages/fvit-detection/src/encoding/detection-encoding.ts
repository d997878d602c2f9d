import type { ImageGeometry } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import type { DetectorIdentity } from '../load/open-detector.ts';
import type { DetectionRecipe } from '../recipe/recipe.ts';

/**
 * What the detector found in a picture before any word was asked: plain data that can be kept, saved (`saveDetectionEncoding`) and asked again and again.
 * R regions, best first; R is 0 when nothing was proposed. With `pooled` and `dense` it serves as an `ImageEncoding` of the backbone too.
 */
export interface DetectionEncoding {
  readonly identity: DetectorIdentity;
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
  /** [E], unit vector: CLIP's head on the mean over the picture's cells, from the same pass as the regions. */
  readonly pooled?: Tensor<'float32'>;
  /** [E, h, w], unit vectors: the dense CLIP map of the canvas. */
  readonly dense?: Tensor<'float32'>;
}
