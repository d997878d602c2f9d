import { PickleGlobal } from './globals.ts';
import type { PickleMachine } from './pickle-machine.ts';
import { PickledStorage, PickledTensor, type PickleDict, type PickleValue } from './values.ts';

/** What a call costs in steps: it makes an object with fields. */
const CALL_STEPS = 4;

/** REDUCE: the few calls that have a meaning here, each to plain data. */
export function callGlobal(m: PickleMachine, global: PickleValue, args: PickleValue): PickleValue {
  m.spend(CALL_STEPS);
  if (!(global instanceof PickleGlobal) || !Array.isArray(args)) throw m.fail('Expected a call of a global but found another value');
  switch (global.kind) {
    case 'dict':
      return orderedDict(m, args);
    case 'size':
      if (Array.isArray(args[0])) return args[0];
      break;
    case 'tensor':
      return rebuildTensor(m, args);
    case 'parameter':
      if (args[0] instanceof PickledTensor) return args[0];
      break;
    default:
      break;
  }
  throw m.fail(`Expected a call with the usual arguments but found another one of ${global.name}`);
}

/** torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None). */
function rebuildTensor(m: PickleMachine, args: PickleValue[]): PickledTensor {
  const [storage, first, shape, strides] = args;
  if (!(storage instanceof PickledStorage) || !Array.isArray(shape) || !Array.isArray(strides) || first === undefined) {
    throw m.fail('Expected a storage, an offset, a shape and strides for a tensor but found other values');
  }
  return new PickledTensor(storage, first, shape, strides);
}

function orderedDict(m: PickleMachine, args: PickleValue[]): PickleDict {
  const dict: PickleDict = new Map();
  const pairs = args[0] ?? [];
  if (!Array.isArray(pairs)) throw m.fail('Expected pairs for an OrderedDict but found another value');
  m.spend(pairs.length);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw m.fail('Expected pairs for an OrderedDict but found another value');
    dict.set(pair[0]!, pair[1]!);
  }
  return dict;
}

/** BUILD: an OrderedDict may bear attributes, such as the `_metadata` of a state dict. They do not matter to the tensors. */
export function buildObject(m: PickleMachine, state: PickleValue, target: PickleValue): void {
  if (!(target instanceof Map) || !(state instanceof Map)) throw m.fail('Expected attributes of an OrderedDict but found another state');
}

/** BINPERSID: ("storage", storage type, key, location, number of elements). */
export function loadPersistent(m: PickleMachine, id: PickleValue): PickledStorage {
  m.spend(CALL_STEPS);
  if (Array.isArray(id)) {
    const [tag, type, key, , elements] = id;
    if (
      tag === 'storage' &&
      type instanceof PickleGlobal &&
      type.kind === 'storage' &&
      typeof key === 'string' &&
      typeof elements === 'number'
    ) {
      return new PickledStorage(type, key, elements);
    }
  }
  throw m.fail('Expected a storage reference but found another persistent id');
}
