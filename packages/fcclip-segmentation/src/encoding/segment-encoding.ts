import type { ImageGeometry, Recipe } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import type { SegmenterIdentity } from '../load/open-segmenter.ts';

/**
 * What the segmenter found in a picture before any word was asked: plain data that can be kept, saved (`saveSegmentEncoding`) and asked again and again. Q masks, each
 * with what the segmenter and what CLIP make of it.
 */
export interface SegmentEncoding {
  readonly identity: SegmenterIdentity;
  readonly recipe: Recipe;
  /** Sizes of picture and canvas. The picture lies in the top left corner. */
  readonly geometry: ImageGeometry;
  /** [Q, h, w], before the sigmoid, over the canvas: four of its pixels per cell along each side. */
  readonly maskLogits: Tensor<'float32'>;
  /** [Q, E], the segmenter's vectors, to be compared with words by their direction. */
  readonly classVectors: Tensor<'float32'>;
  /** [Q, E], the frozen CLIP tower's. */
  readonly clipVectors: Tensor<'float32'>;
}
