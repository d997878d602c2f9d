import type { TextTowerConfig } from '@vitamin-vlm/backbone';
import type { ParityModel } from './models.ts';

/** What is known of one tensor. At least one field is there. */
export interface Expected {
  readonly shape?: readonly number[];
  readonly mean?: number;
  /** Mean of the absolute values: the scale of all comparisons. Without it, that of the computed tensor is the scale. */
  readonly meanAbs?: number;
  /** Row-major flat index and value. */
  readonly samples?: readonly (readonly [index: number, value: number])[];
  /** Σ x[i] · sin(i), i in radians: changes with every element and with their order. */
  readonly sinSum?: number;
}

/** Expected tensors by the name of the field. */
export type ExpectedTensors = ReadonlyMap<string, Expected>;

/** The image tower on the input of the model's own size. */
export interface ImageExpectation {
  readonly kind: 'image';
  readonly model: ParityModel;
  readonly tensors: ExpectedTensors;
}

/** A text tower by its sizes. */
export interface TextExpectation {
  readonly kind: 'text';
  readonly config: TextTowerConfig;
  /** [N, L] token ids, L at most 77. */
  readonly ids: readonly (readonly number[])[];
  readonly tensors: ExpectedTensors;
}

/** Stitched feature maps of an input larger than the window. */
export interface SlidingExpectation {
  readonly kind: 'sliding';
  readonly model: ParityModel;
  readonly height: number;
  readonly width: number;
  readonly window: number;
  readonly stride: number;
  readonly tensors: ExpectedTensors;
}

/** Both towers of a model from one file: cosines times the learned scale. */
export interface ClipExpectation {
  readonly kind: 'clip';
  readonly model: ParityModel;
  readonly ids: readonly (readonly number[])[];
  readonly tensors: ExpectedTensors;
}

/** A grid of position embeddings made larger or smaller. */
export interface PositionsExpectation {
  readonly kind: 'positions';
  readonly from: readonly [height: number, width: number];
  readonly to: readonly [height: number, width: number];
  readonly dim: number;
  readonly antialias: boolean;
  readonly tensors: ExpectedTensors;
}

export type Expectation = ImageExpectation | TextExpectation | SlidingExpectation | ClipExpectation | PositionsExpectation;
