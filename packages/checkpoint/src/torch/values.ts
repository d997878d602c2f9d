import type { PickleGlobal } from './globals.ts';

/** A Python dict or OrderedDict. Keys keep their Python type, so that 1 and "1" stay two keys until they become names. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** What a pickle may hold. Lists, tuples and sets are arrays; torch.Size is an array. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | PickleGlobal
  | PickledStorage
  | PickledTensor
  | ForeignTensor
  | NumpyType;

/** A Python object that is nothing but named values: argparse.Namespace, a module of TorchScript. */
export class PickledNamespace extends Map<PickleValue, PickleValue> {}

/** A tensor of a kind that no network here reads: 8-bit floats, quantized, sparse, complex. It can be listed. */
export class ForeignTensor {
  /** `float8_e4m3fn`, `qint8`, `sparse_coo`, `complex64`. */
  readonly type: string;
  readonly shape: readonly PickleValue[];

  constructor(type: string, shape: readonly PickleValue[]) {
    this.type = type;
    this.shape = shape;
  }
}

/** numpy.dtype: `f8` with a byte order, which comes with BUILD. */
export class NumpyType {
  readonly code: string;
  bigEndian = false;

  constructor(code: string) {
    this.code = code;
  }
}

/** A reference to the archive entry `data/<key>` with its length in elements. */
export class PickledStorage {
  readonly type: PickleGlobal;
  readonly key: string;
  readonly elements: number;

  constructor(type: PickleGlobal, key: string, elements: number) {
    this.type = type;
    this.key = key;
    this.elements = elements;
  }
}

/** A view into a storage, as pickled: offset, shape and strides are not checked yet. */
export class PickledTensor {
  readonly storage: PickledStorage;
  readonly first: PickleValue;
  readonly shape: readonly PickleValue[];
  readonly strides: readonly PickleValue[];

  constructor(storage: PickledStorage, first: PickleValue, shape: readonly PickleValue[], strides: readonly PickleValue[]) {
    this.storage = storage;
    this.first = first;
    this.shape = shape;
    this.strides = strides;
  }
}
