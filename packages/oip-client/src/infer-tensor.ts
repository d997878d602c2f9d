/** Arrays that hold the elements of each datatype. FP16 and BF16 are their bits; BOOL is 0 or 1; elements of BYTES are byte strings of any length. */
export interface DataOf {
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  FP16: Uint16Array;
  BF16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
  BYTES: readonly Uint8Array[];
}

/** A word of the protocol for what a tensor holds. */
export type Datatype = keyof DataOf;

/** A tensor on its way: row-major, last axis fastest. */
export type InferTensor = {
  [D in Datatype]: { readonly datatype: D; readonly shape: readonly number[]; readonly data: DataOf[D] };
}[Datatype];

/** Makes the array of a datatype. */
type ArrayMaker =
  | Uint8ArrayConstructor
  | Uint16ArrayConstructor
  | Uint32ArrayConstructor
  | BigUint64ArrayConstructor
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Int32ArrayConstructor
  | BigInt64ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor;

const makers: Readonly<Record<Exclude<Datatype, 'BYTES'>, ArrayMaker>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** Whether a word names a datatype. */
export function isDatatype(word: unknown): word is Datatype {
  return typeof word === 'string' && (word === 'BYTES' || Object.hasOwn(makers, word));
}

/** The array of a datatype of fixed size. */
export function arrayOf(datatype: Exclude<Datatype, 'BYTES'>): ArrayMaker {
  return makers[datatype];
}

/** Elements of a tensor of this shape; 1 for no axes. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * A BYTES tensor of texts.
 *
 * @param shape - Default: one axis.
 * @example
 * ```ts
 * import { textTensor } from '@vitamin-vlm/oip-client';
 * const labels = textTensor(['sheep', 'truck']); // shape [2]
 * ```
 */
export function textTensor(texts: readonly string[], shape: readonly number[] = [texts.length]): InferTensor {
  const encoder = new TextEncoder();
  return { datatype: 'BYTES', shape, data: texts.map((text) => encoder.encode(text)) };
}

/**
 * The texts of a BYTES tensor.
 *
 * @example
 * ```ts
 * import { textsOf, textTensor } from '@vitamin-vlm/oip-client';
 * console.log(textsOf(textTensor(['sheep']))); // ['sheep']
 * ```
 */
export function textsOf(tensor: InferTensor): string[] {
  const decoder = new TextDecoder();
  return tensor.datatype === 'BYTES' ? tensor.data.map((bytes) => decoder.decode(bytes)) : [];
}
