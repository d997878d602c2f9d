import type { Params, Value, Weights } from '@vitamin-vlm/graph';
import type { Normalization } from '@vitamin-vlm/image';

/** A feature map that a tower can give. */
export interface FeatureLevel {
  readonly name: string;
  /** Input pixels per cell. */
  readonly stride: number;
  readonly channels: number;
}

/** The results of a tower inside a graph. */
export interface TowerValues {
  /** By the name of the level: [N, C, S/stride, S/stride]. */
  readonly maps: Readonly<Record<string, Value>>;
  /** [N, E], not normalized. Absent when the checkpoint has no projection into the joint space. */
  readonly embedding?: Value;
}

/**
 * A frozen image tower of any family, as far as windows, encodings and the frameworks on top need it. Parameters stand in a checkpoint under
 * open_clip's names; a tower knows its own weights and how to build itself for square inputs.
 */
export interface ImageTower {
  /** The model's name, e.g. `vitamin-large-336`. */
  readonly id: string;
  /** `vitamin`, later `vit`, `convnext`, `eva02`. */
  readonly family: string;
  /** Side of the square input it was trained at, in pixels. */
  readonly imageSize: number;
  /** Input sides must be multiples of this: the stride of the coarsest map. */
  readonly stride: number;
  readonly normalization: Normalization;
  readonly levels: readonly FeatureLevel[];
  /** The level that the dense CLIP map is made from. */
  readonly denseLevel: string;
  /** Width E of the joint space; absent when the checkpoint has no projection into it. */
  readonly embedDim?: number;
  /** The weights for square inputs of this side: position embeddings are resized, all others stay where they are. */
  weightsFor(size: number): Weights;
  /** image [N, 3, S, S], normalized. `root` is the scope of the whole checkpoint. */
  build(root: Params, image: Value): TowerValues;
  /** The pooled head at every position: map [N, C, L] of the dense level -> [N, E, L], length one at each position. */
  dense(root: Params, map: Value): Value;
}
