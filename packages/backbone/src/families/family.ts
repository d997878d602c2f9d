import type { Params, Value } from '@vitamin-vlm/graph';
import type { Preprocessing } from '../load/preprocessing.ts';
import type { Hints } from '../load/hints.ts';
import type { Shapes } from '../load/shapes.ts';
import type { CoAtNetConfig } from '../models/coatnet.ts';
import type { ConvNeXtConfig } from '../models/convnext.ts';
import type { Eva02Config } from '../models/eva02.ts';
import type { PooledViTConfig } from '../models/pooled-vit.ts';
import type { TextTowerConfig } from '../models/text-tower.ts';
import type { ViTaminConfig } from '../models/vitamin.ts';
import type { ViTConfig } from '../models/vit.ts';
import type { FamilyName, FeatureLevel, TowerValues } from '../towers/image-tower.ts';
import type { TowerLayout } from './layouts.ts';

/** Sizes of an image tower, by its family. */
export type TowerConfig =
  | { readonly family: 'vitamin'; readonly image: ViTaminConfig }
  | { readonly family: 'vit'; readonly image: ViTConfig }
  | { readonly family: 'eva02'; readonly image: Eva02Config }
  | { readonly family: 'convnext'; readonly image: ConvNeXtConfig }
  | { readonly family: 'siglip2'; readonly image: PooledViTConfig }
  | { readonly family: 'pe-core'; readonly image: PooledViTConfig }
  | { readonly family: 'coatnet'; readonly image: CoAtNetConfig };

/** Everything that is laid down once the sizes of a tower are known. Tensors bear the names of open_clip's custom text form. */
export interface TowerPlan {
  readonly config: TowerConfig;
  /** The model's name at an input size, e.g. `vit-large-14-336`. */
  readonly id: (imageSize: number) => string;
  /** Pixels along a side of the coarsest cell: input sides are multiples of it. */
  readonly stride: number;
  /** Pixels that the sides of a whole picture are multiples of, where coarser maps may be cut short. Default: the stride. */
  readonly grain?: number;
  /** Side of the square input it was trained at, where the tensors show it. */
  readonly imageSize?: number;
  /** Whether it runs at that size alone. */
  readonly fixedSize?: boolean;
  /** The learned position embedding, when there is one and it is added. */
  readonly positions?: PositionTable;
  readonly levels: readonly FeatureLevel[];
  readonly denseLevel: string;
  /** Unless files beside the weights say otherwise. */
  readonly preprocessing: Preprocessing;
  /** What its text towers have in common beside sizes. */
  readonly text?: Partial<TextTowerConfig>;
  /** Width of the joint space; absent when the checkpoint has no projection into it. */
  readonly embedDim?: number;
  /** `root` is the scope of the whole checkpoint. */
  readonly build: (root: Params, image: Value) => TowerValues;
  /** As `ImageTower.dense`. */
  readonly dense: (root: Params, map: Value) => Value;
}

/** Where a position embedding stands, and how it is brought to another grid. */
export interface PositionTable {
  readonly name: string;
  /** Rows in front of the grid's: the class token's. */
  readonly classRows: 0 | 1;
  /** Of the grid it was learned on, in cells. */
  readonly grid: number;
  /** Whether the original program smooths when it resizes. */
  readonly antialias: boolean;
}

/** A kind of image tower: how its checkpoints are known, read, built and fed. */
export interface TowerFamily {
  readonly name: FamilyName;
  /** What an error says was looked for. */
  readonly title: string;
  /** How its files name the tensors. A file has at most one of them. */
  readonly layouts: readonly TowerLayout[];
  /** Tensors that project into the joint space: they belong to the head, not to the tower. */
  readonly head: RegExp;
  /**
   * Sizes from the shapes of tensors under canonical names.
   *
   * @throws VitaminError `WEIGHTS_MISMATCH` when a tensor that tells a size is missing or of another rank; `UNSUPPORTED` for a width without a known
   *   number of heads or a grid that is no square.
   */
  readonly plan: (shapes: Shapes, hints: Hints) => TowerPlan;
}
