import { VitaminError, type DType } from '@vitamin-vlm/core';

import { quote } from '../corrupt.ts';

/** What a call of a global makes; `label` and `dtype` are never called. */
export type GlobalKind =
  | 'dict'
  | 'namespace'
  | 'tagged'
  | 'collection'
  | 'size'
  | 'text'
  | 'bytes'
  | 'tensor'
  | 'foreign'
  | 'parameter'
  | 'storage'
  | 'dtype'
  | 'label'
  | 'numpy type'
  | 'numpy scalar'
  | 'numpy array';

/** A Python global that a pickle may name. It is only a label here: nothing is imported and nothing runs. */
export class PickleGlobal {
  readonly name: string;
  readonly kind: GlobalKind;
  /** Element type of a storage; undefined for one that is foreign here. */
  readonly dtype: DType | undefined;

  constructor(name: string, kind: GlobalKind, dtype?: DType) {
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
const foreignStorages = /^(?:Complex(?:Float|Double)|Q(?:U?Int8|Int32|UInt4x2|UInt2x4)|Untyped)Storage$/;

/** torch.float32 and its like appear as values, for instance in an optimizer's settings. */
const dtypeNames =
  /^(?:float(?:16|32|64|8_e[0-9a-z]+|4_e[0-9a-z]+)|bfloat16|u?int(?:1|2|3|4|5|6|7|8|16|32|64)|bool|complex(?:32|64|128)|q(?:u?int8|int32|uint4x2|uint2x4)|per_(?:tensor|channel)_\w+|sparse_\w+|strided)$/;

const allowed: ReadonlyMap<string, GlobalKind> = new Map<string, GlobalKind>([
  ['collections.OrderedDict', 'dict'],
  ['torch.Size', 'size'],
  ['torch._utils._rebuild_tensor', 'tensor'],
  ['torch._utils._rebuild_tensor_v2', 'tensor'],
  ['torch._utils._rebuild_parameter', 'parameter'],
  // Listed, never read.
  ['torch._utils._rebuild_tensor_v3', 'foreign'],
  ['torch._utils._rebuild_qtensor', 'foreign'],
  ['torch._utils._rebuild_sparse_tensor', 'foreign'],
  ['torch._utils._rebuild_meta_tensor_no_storage', 'foreign'],
  ['torch.storage.UntypedStorage', 'storage'],
  ['torch.serialization._get_layout', 'text'],
  // What trainings leave beside their weights: settings, counters, a best score.
  ['collections.defaultdict', 'dict'],
  ['collections.Counter', 'dict'],
  ['argparse.Namespace', 'namespace'],
  ['types.SimpleNamespace', 'namespace'],
  // Attributes of a TorchScript module.
  ['torch.jit._pickle.build_intlist', 'collection'],
  ['torch.jit._pickle.build_doublelist', 'collection'],
  ['torch.jit._pickle.build_boollist', 'collection'],
  ['torch.jit._pickle.build_tensorlist', 'collection'],
  ['torch.jit._pickle.restore_type_tag', 'tagged'],
  ['torch.device', 'text'],
  ['pathlib.PosixPath', 'text'],
  ['pathlib.PurePosixPath', 'text'],
  ['pathlib.WindowsPath', 'text'],
  ['_codecs.encode', 'bytes'],
  ['numpy.dtype', 'numpy type'],
  ['numpy.ndarray', 'label'],
]);

/** Modules that were renamed on the way: Python 2's `__builtin__`, numpy 2's `_core`, pathlib since Python 3.13. */
const renamed: readonly (readonly [from: RegExp, to: string])[] = [
  [/^__builtin__$/, 'builtins'],
  [/^numpy\._core\b/, 'numpy.core'],
  [/^pathlib\._local$/, 'pathlib'],
];

/** The allow list. Everything else, however harmless it may be in Python, is `UNSAFE_PICKLE`. */
export function findGlobal(path: string, module: string, name: string): PickleGlobal {
  const full = `${renamed.reduce((now, [from, to]) => now.replace(from, to), module)}.${name}`;
  const kind = allowed.get(full) ?? inModule(full);
  if (kind !== undefined) return new PickleGlobal(full, kind);
  if (module === 'torch') {
    const dtype = storages.get(name);
    if (dtype !== undefined) return new PickleGlobal(full, 'storage', dtype);
    if (dtypeNames.test(name)) return new PickleGlobal(full, 'dtype');
    if (foreignStorages.test(name)) return new PickleGlobal(full, 'storage');
  }
  throw unsafe(path, `${module}.${name}`);
}

function inModule(full: string): GlobalKind | undefined {
  // A class of TorchScript: its code lies elsewhere in the archive, and what is pickled are its attributes, by name.
  if (full.startsWith('__torch__.')) return 'namespace';
  if (/^builtins\.(?:set|frozenset|list|tuple)$/.test(full)) return 'collection';
  if (/^builtins\.(?:int|long|float|bool|str|unicode|bytes|dict)$/.test(full)) return 'label';
  if (full === 'numpy.core.multiarray.scalar') return 'numpy scalar';
  return full === 'numpy.core.multiarray._reconstruct' ? 'numpy array' : undefined;
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
