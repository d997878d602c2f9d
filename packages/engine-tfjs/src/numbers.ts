import { arrayTypes, type DType, type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { Tf, TfTensor } from './operators/operator.ts';

const LARGEST = 2n ** 31n;

/**
 * A tensor on the current backend. Floats become float32, whole numbers int32, as TensorFlow.js has no others.
 *
 * @throws VitaminError `UNSUPPORTED` for an int64 beyond 32 bits.
 */
export function toTf(tf: Tf, name: string, source: Tensor): TfTensor {
  const shape = [...source.shape];
  const { dtype, data } = source;
  if (dtype === 'bool') return tf.tensor(data as Uint8Array, shape, 'bool');
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16') return tf.tensor(toFloat32(source).data, shape, 'float32');
  if (dtype !== 'int64') return tf.tensor(Int32Array.from(data as Int32Array), shape, 'int32');
  const whole = Int32Array.from(data as BigInt64Array, (value) => {
    if (value < LARGEST && value >= -LARGEST) return Number(value);
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected whole numbers of 32 bits in "${name}", as TensorFlow.js has no others, but found ${value}`,
    );
  });
  return tf.tensor(whole, shape, 'int32');
}

/** A result in the element type that the model declares, in memory of its own. */
export function fromTf(value: TfTensor, dtype: DType): Tensor {
  const found = value.dataSync();
  if (dtype === 'int64') return { dtype, shape: [...value.shape], data: BigInt64Array.from(found, BigInt) };
  const data = new arrayTypes[dtype](found.length);
  (data as Float32Array).set(found);
  return { dtype, shape: [...value.shape], data };
}
