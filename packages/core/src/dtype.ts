/** Element types of tensors, by their ONNX and safetensors meaning. bool is one byte, 0 or 1. */
export type DType = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

/** The array that holds a dtype. The 16-bit floats travel as their bit patterns: Node 20 has no Float16Array. */
export interface ArrayOf {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** The constructor for each dtype's array, e.g. `new arrayTypes.float32(12)`. `BYTES_PER_ELEMENT` is the dtype's size. */
export const arrayTypes: { readonly [T in DType]: { new (length: number): ArrayOf[T]; readonly BYTES_PER_ELEMENT: number } } = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}
