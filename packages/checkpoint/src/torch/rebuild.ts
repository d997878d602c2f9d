import { PickleGlobal } from './globals.ts';
import type { PickleMachine } from './pickle-machine.ts';
import { ForeignTensor, PickledStorage, PickledTensor, type PickleValue } from './values.ts';

/** torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None). */
export function rebuildTensor(m: PickleMachine, args: readonly PickleValue[]): PickledTensor | ForeignTensor {
  const [storage, first, shape, strides] = args;
  if (!(storage instanceof PickledStorage) || !Array.isArray(shape) || !Array.isArray(strides) || first === undefined) {
    throw m.fail('Expected a storage, an offset, a shape and strides for a tensor but found other values');
  }
  if (storage.type.dtype === undefined) return new ForeignTensor(storageType(storage), shape);
  return new PickledTensor(storage, first, shape, strides);
}

/** The kinds of tensor that have a function of their own: where each says what it is, and its shape. */
export function rebuildForeign(m: PickleMachine, name: string, args: readonly PickleValue[]): ForeignTensor {
  const [first, second, third] = args;
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case '_rebuild_tensor_v3': // (storage, offset, size, stride, requires_grad, hooks, dtype, metadata)
      if (Array.isArray(third)) return new ForeignTensor(dtypeName(args[6]), third);
      break;
    case '_rebuild_qtensor': // (storage, offset, size, stride, quantizer parameters, requires_grad, hooks)
      if (Array.isArray(third)) return new ForeignTensor(first instanceof PickledStorage ? storageType(first) : 'quantized', third);
      break;
    case '_rebuild_sparse_tensor': {
      // (layout, (indices, values, size, is_coalesced)), or for compressed layouts (layout, (compressed, plain, values, size))
      const parts = Array.isArray(second) ? second : [];
      const size = parts.find((part) => Array.isArray(part));
      if (Array.isArray(size)) return new ForeignTensor(layoutName(first), size);
      break;
    }
    case '_rebuild_meta_tensor_no_storage': // (dtype, size, stride, requires_grad)
      if (Array.isArray(second)) return new ForeignTensor('meta', second);
      break;
    default:
      break;
  }
  throw m.fail(`Expected a call with the usual arguments but found another one of ${name}`);
}

/** `torch.QInt8Storage` -> `qint8`, `torch.ComplexFloatStorage` -> `complex64`. */
function storageType({ type }: PickledStorage): string {
  const name = type.name.slice(type.name.lastIndexOf('.') + 1, -'Storage'.length);
  return { ComplexFloat: 'complex64', ComplexDouble: 'complex128' }[name] ?? name.toLowerCase();
}

function dtypeName(value: PickleValue | undefined): string {
  return value instanceof PickleGlobal ? value.name.slice('torch.'.length) : 'unknown';
}

function layoutName(value: PickleValue | undefined): string {
  const name = typeof value === 'string' ? value : value instanceof PickleGlobal ? value.name : 'sparse';
  return name.replace(/^torch\./, '').slice(0, 40);
}
