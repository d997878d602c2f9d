import type * as tfjs from '@tensorflow/tfjs-core';
import type { Attributes } from '../attributes.ts';

/** TensorFlow.js, whichever package brought it. */
export type Tf = typeof tfjs;

/** A tensor on a backend of TensorFlow.js: float32, int32 or bool. */
export type TfTensor = tfjs.Tensor;

/**
 * What runs a node: values in, values out. Inputs that are left out are undefined. It runs inside `tf.tidy`, so whatever it does not return is given
 * back.
 */
export type Run = (...inputs: readonly (TfTensor | undefined)[]) => TfTensor | readonly TfTensor[];

/** The same for operators whose inputs are all there. Rows of the table are written so, and name what is optional. */
type RunOf<T extends readonly (TfTensor | undefined)[]> = (...inputs: T) => TfTensor | readonly TfTensor[];

/**
 * An operator of ONNX on TensorFlow.js: reads its attributes when the model loads, and returns what runs it.
 */
export type Operator = (tf: Tf, attributes: Attributes) => Run;

/** Lets a row declare its inputs one by one: ONNX's checker has seen to it that those which are not optional are there. */
export function operator<T extends readonly (TfTensor | undefined)[]>(make: (tf: Tf, attributes: Attributes) => RunOf<T>): Operator {
  return make as unknown as Operator;
}

/** The whole numbers of a small tensor: shapes, axes, places. They are read back from the backend. */
export function integersOf(x: TfTensor): number[] {
  return Array.from(x.dataSync());
}

/** A possibly negative axis as an index. */
export function axisOf(axis: number, x: TfTensor): number {
  return axis < 0 ? axis + x.rank : axis;
}

/** [0, 1, ..., count - 1] */
export function indices(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** What TensorFlow.js returns, with a shape of its own length. */
export function reshaped(tf: Tf, x: TfTensor, shape: readonly number[]): TfTensor {
  return tf.reshape(x, [...shape]);
}
