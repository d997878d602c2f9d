import type { DType } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/** Where one tensor lies in a file. Nothing is read to make it. */
export interface TensorRecord {
  /** Full name as stored, after wrappers such as `state_dict` and the prefix `module.` were taken off. */
  readonly name: string;
  readonly dtype: DType;
  /** Row-major logical shape; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** In elements; absent when the tensor is contiguous and row-major, which is the case for nearly every file. */
  readonly strides?: readonly number[];
  /** Absolute path of the file that holds the bytes. */
  readonly file: string;
  /** Byte offset of the first element in `file`. */
  readonly offset: number;
  /** Bytes spanned in the file, from the first to the last element. */
  readonly byteLength: number;
}

/** Named tensors that stay on disk until they are read: what a checkpoint is to the rest of the house. */
export interface WeightSource {
  readonly tensors: ReadonlyMap<string, TensorRecord>;
  /** Reads one tensor into memory, made contiguous. */
  read(name: string): Promise<Tensor>;
}
