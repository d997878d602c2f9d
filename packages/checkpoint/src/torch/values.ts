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
  | PickledTensor;

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
