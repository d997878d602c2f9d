import { VitaminError, type DType } from '@vitamin-vlm/core';

import { quote, unsupported } from '../corrupt.ts';

/** A Python global that a pickle may name. It is only a label here: nothing is imported and nothing runs. */
export class PickleGlobal {
  readonly name: string;
  readonly kind: 'dict' | 'size' | 'tensor' | 'parameter' | 'storage' | 'dtype';
  /** Element type of a storage. */
  readonly dtype: DType | undefined;

  constructor(name: string, kind: PickleGlobal['kind'], dtype?: DType) {
    this.name = name;
    this.kind = kind;
    this.dtype = dtype;
  }
}

const storages: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
]);

/** PyTorch's storage name of each of our element types. */
export const storageNames: ReadonlyMap<DType, string> = new Map([...storages].map(([name, dtype]) => [dtype, name]));

/** Storages that PyTorch has and ONNX or this project has no use for. */
const foreignStorages = /^(?:Complex(?:Float|Double)|Q(?:U?Int8|Int32|UInt4x2|UInt2x4))Storage$/;

/** torch.float32 and its like appear as values, for instance in an optimizer's settings. */
const dtypeNames = /^(?:float(?:16|32|64|8_e4m3fn|8_e5m2)|bfloat16|u?int(?:8|16|32|64)|bool|complex(?:32|64|128))$/;

const allowed: ReadonlyMap<string, PickleGlobal['kind']> = new Map<string, PickleGlobal['kind']>([
  ['collections.OrderedDict', 'dict'],
  ['torch.Size', 'size'],
  ['torch._utils._rebuild_tensor', 'tensor'],
  ['torch._utils._rebuild_tensor_v2', 'tensor'],
  ['torch._utils._rebuild_parameter', 'parameter'],
]);

/** The allow list. Everything else, however harmless it may be in Python, is `UNSAFE_PICKLE`. */
export function findGlobal(path: string, module: string, name: string): PickleGlobal {
  const full = `${module}.${name}`;
  if (full === 'torch._utils._rebuild_tensor_v3') {
    throw unsupported(
      path,
      'Expected float, integer or bool tensors but found one of a type without a storage of its own, such as float8_e4m3fn or uint16',
      'Convert the tensor before saving, for example with .float().',
    );
  }
  const kind = allowed.get(full);
  if (kind !== undefined) return new PickleGlobal(full, kind);
  if (module === 'torch') {
    const dtype = storages.get(name);
    if (dtype !== undefined) return new PickleGlobal(full, 'storage', dtype);
    if (dtypeNames.test(name)) return new PickleGlobal(full, 'dtype');
    if (foreignStorages.test(name)) {
      throw unsupported(
        path,
        `Expected float, integer or bool tensors but found ${full}`,
        'Convert the tensor before saving, for example with .float().',
      );
    }
  }
  throw unsafe(path, full);
}

/** `UNSAFE_PICKLE` that names what the file asked for. */
export function unsafe(path: string, what: string): VitaminError {
  return new VitaminError(
    'UNSAFE_PICKLE',
    `Expected a file with tensors only but found the Python global ${quote(what)} in ${path}; nothing was run`,
    {
      hint: 'If you trust the file, load it in Python with weights_only=False and save the dict of its tensors alone: torch.save(loaded["state_dict"], new), or safetensors.',
    },
  );
}
