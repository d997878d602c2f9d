import type { Params, Value, Weights } from '@vitamin-vlm/graph';
import type { Preprocessing } from '../load/preprocessing.ts';

/** Kinds of image tower that can be read. */
export type FamilyName = 'vitamin' | 'vit' | 'eva02' | 'convnext' | 'siglip2' | 'pe-core' | 'coatnet';

/** A feature map that a tower can give. */
export interface FeatureLevel {
  readonly name: string;
  /** Input pixels per cell. */
  readonly stride: number;
  readonly channels: number;
}

/** The results of a tower inside a graph. */
export interface TowerValues {
  /** By the name of the level: [N, C, H/stride, W/stride]. */
  readonly maps: Readonly<Record<string, Value>>;
  /** [N, E], not normalized. Absent when the checkpoint has no projection into the joint space. */
  readonly embedding?: Value;
}

/**
 * A frozen image tower of any family, as far as windows, encodings and the frameworks on top need it. Parameters stand in a checkpoint under
 * open_clip's names; a tower knows its own weights and how to build itself for an input.
 */
export interface ImageTower extends Preprocessing {
  /** The model's name, e.g. `vitamin-large-336`, `vit-large-14-336`. */
  readonly id: string;
  readonly family: FamilyName;
  /** Side of the square input it was trained at, in pixels. */
  readonly imageSize: number;
  /** Input sides must be multiples of this: the stride of the coarsest map. */
  readonly stride: number;
  /** What the sides of a picture that is seen whole must be multiples of: coarser maps round down. */
  readonly grain: number;
  readonly levels: readonly FeatureLevel[];
  /** The level that the dense CLIP map is made from. */
  readonly denseLevel: string;
  /** Width E of the joint space; absent when the checkpoint has no projection into it. */
  readonly embedDim?: number;
  /**
   * The weights for inputs of these sides, square unless a width is given: position embeddings are resized, all others stay where they are.
   *
   * @throws VitaminError `UNSUPPORTED` when the tower runs at one size alone and this is another.
   */
  weightsFor(height: number, width?: number): Weights;
  /** image [N, 3, H, W], normalized. `root` is the scope of the whole checkpoint. */
  build(root: Params, image: Value): TowerValues;
  /** The pooled head at every position: map [N, C, L] of the dense level -> [N, E, L], length one at each position. */
  dense(root: Params, map: Value): Value;
}
