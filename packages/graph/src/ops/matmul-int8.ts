import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { expectTypes } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, sameShape } from '../shape.ts';
import { mul } from './arithmetic.ts';
import { cast } from './cast.ts';

/** A weight [out, in] in 8 bits: each row's numbers times 1/127 of the largest magnitude in it. */
export interface Int8Weight<T> {
  /** int8 [in, out], the way the engine multiplies it: transposed. */
  readonly rounded: T;
  /** float32 [out]: what one step of a row is worth. */
  readonly steps: T;
}

/** What int8 counts to on both sides of 0. */
const LEVELS = 127;

/**
 * Rounds a weight [out, in] to 8 bits, row by row: number / step to the nearest integer, halves up, with a step of 1/127 of the row's largest
 * magnitude.
 *
 * @throws VitaminError `USAGE` for a weight that is no matrix of float32.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { packInt8 } from '@vitamin-vlm/graph';
 * const { rounded, steps } = packInt8(tensor('float32', [1, 2], new Float32Array([1.27, -0.5])));
 * console.log(rounded.data, steps.data); // Int8Array [ 127, -50 ], Float32Array [ 0.01 ]
 * ```
 */
export function packInt8(weight: Tensor): Int8Weight<Tensor> {
  const [out, width] = weight.shape as [number, number];
  if (weight.dtype !== 'float32' || weight.shape.length !== 2) {
    throw new VitaminError('USAGE', `Expected a float32 weight [out, in] but received ${weight.dtype} ${formatShape(weight.shape)}`);
  }
  const numbers = weight.data as Float32Array;
  const rounded = tensor('int8', [width, out]);
  const steps = tensor('float32', [out]);
  for (let row = 0; row < out; row++) {
    const start = row * width;
    let most = 0;
    for (let i = start; i < start + width; i++) most = Math.max(most, Math.abs(numbers[i]!));
    steps.data[row] = most / LEVELS;
    if (most === 0) continue;
    for (let i = 0; i < width; i++) rounded.data[i * out + row] = Math.round((numbers[start + i]! * LEVELS) / most);
  }
  return { rounded, steps };
}

/**
 * x · weightᵀ for a weight in 8 bits, computed in integers: x [..., in] float32 -> [..., out]. The numbers of x are rounded to 255 steps between
 * the smallest and the largest of the whole of x, zero among them, which is found anew in every run. Forward only: the steps have no slope.
 *
 * Written in ONNX's own operators, which ONNX Runtime 1.30 merges into one kernel (com.microsoft MatMulIntegerToFloat). An x that several
 * weights multiply is rounded once.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit.
 * @example
 * ```ts
 * import { Graph, matmulInt8 } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 441, 1024]);
 * const weight = { rounded: graph.input('rounded', 'int8', [1024, 4096]), steps: graph.input('steps', 'float32', [4096]) };
 * graph.output('y', matmulInt8(x, weight)); // [N, 441, 4096]
 * ```
 */
export function matmulInt8(x: Value, { rounded, steps }: Int8Weight<Value>): Value {
  expectTypes('matmulInt8', ['float32'], x, steps);
  expectTypes('a rounded weight', ['int8'], rounded);
  const [width, out] = rounded.shape;
  if (x.shape.length < 2 || rounded.shape.length !== 2 || x.shape.at(-1) !== width || !sameShape(steps.shape, [out!])) {
    throw new VitaminError(
      'USAGE',
      `Expected x [..., in], a rounded weight [in, out] and steps [out] but received ${[x, rounded, steps].map((value) => formatShape(value.shape)).join(', ')}`,
    );
  }
  const [levels, step, zero] = x.graph.apply({
    op: 'DynamicQuantizeLinear',
    inputs: [x],
    outputs: [
      { dtype: 'uint8', shape: x.shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ],
  }) as [Value, Value, Value];
  const sums = x.graph.node({ op: 'MatMulInteger', inputs: [levels, rounded, zero], dtype: 'int32', shape: x.shape.with(-1, out!) });
  return mul(cast(sums, 'float32'), mul(step, steps));
}
