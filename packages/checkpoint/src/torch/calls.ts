import { PickleGlobal } from './globals.ts';
import { numpyScalar, numpyType } from './numpy-values.ts';
import type { PickleMachine } from './pickle-machine.ts';
import { rebuildForeign, rebuildTensor } from './rebuild.ts';
import { ForeignTensor, NumpyType, PickledNamespace, PickledStorage, PickledTensor, type PickleDict, type PickleValue } from './values.ts';

/** What a call costs in steps: it makes an object with fields. */
const CALL_STEPS = 4;

/** REDUCE: the few calls that have a meaning here, each to plain data. */
export function callGlobal(m: PickleMachine, global: PickleValue, args: PickleValue): PickleValue {
  m.spend(CALL_STEPS);
  if (!(global instanceof PickleGlobal) || !Array.isArray(args)) throw m.fail('Expected a call of a global but found another value');
  const made = makers[global.kind]?.(m, args, global);
  if (made === undefined) throw m.fail(`Expected a call with the usual arguments but found another one of ${global.name}`);
  return made;
}

type Maker = (m: PickleMachine, args: PickleValue[], global: PickleGlobal) => PickleValue | undefined;

/** What each kind of global makes of its arguments; undefined when they are not those that Python writes. */
const makers: Readonly<Partial<Record<PickleGlobal['kind'], Maker>>> = {
  dict: (m, [first = []]) => dictOf(m, first),
  namespace: () => new PickledNamespace(),
  // A list or dict, and the type of what is in it.
  tagged: (_, [value]) => value,
  // A set, list or tuple is the list it is made of.
  collection: (_, [list = []]) => (Array.isArray(list) ? list : undefined),
  size: (_, [list]) => (Array.isArray(list) ? list : undefined),
  text: (m, parts) => textOf(m, parts),
  bytes: (m, [text, encoding]) => bytesOf(m, text, encoding),
  tensor: (m, args) => rebuildTensor(m, args),
  foreign: (m, args, { name }) => rebuildForeign(m, name, args),
  parameter: (_, [tensor]) => (tensor instanceof PickledTensor || tensor instanceof ForeignTensor ? tensor : undefined),
  'numpy type': (_, [code]) => numpyType(code),
  'numpy scalar': (_, [type, bytes]) => numpyScalar(type, bytes),
  // The elements come with BUILD and are passed over: an array beside the weights is named, not read.
  'numpy array': (_, [type]) => (type instanceof PickleGlobal && type.kind === 'label' ? type : undefined),
};

/** OrderedDict takes pairs, Counter a dict, defaultdict the type of what is missing. */
function dictOf(m: PickleMachine, first: PickleValue): PickleDict | undefined {
  if (first instanceof Map) return first;
  const dict: PickleDict = new Map();
  if (first === null || first instanceof PickleGlobal) return dict;
  if (!Array.isArray(first)) return undefined;
  m.spend(first.length);
  for (const pair of first) {
    if (!Array.isArray(pair) || pair.length !== 2) throw m.fail('Expected pairs for an OrderedDict but found another value');
    dict.set(pair[0]!, pair[1]!);
  }
  return dict;
}

/** Paths and devices: `cuda:0`, `runs/best`. */
function textOf(m: PickleMachine, parts: readonly PickleValue[]): string | undefined {
  const texts = parts.map((part) => (typeof part === 'string' || typeof part === 'number' ? String(part) : undefined));
  if (texts.includes(undefined)) return undefined;
  m.spend(texts.reduce((sum, text) => sum + text!.length, 0));
  return texts.join(typeof parts[1] === 'number' ? ':' : '/');
}

/** _codecs.encode(text, "latin1") is how protocol 2 writes bytes. */
function bytesOf(m: PickleMachine, text: PickleValue | undefined, encoding: PickleValue | undefined): Uint8Array | undefined {
  if (typeof text !== 'string' || encoding !== 'latin1') return undefined;
  m.spend(4 + text.length);
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/**
 * BUILD: an OrderedDict may bear attributes, such as the `_metadata` of a state dict, which do not matter to the tensors. A namespace gets its values, a
 * type of numpy its byte order.
 */
export function buildObject(m: PickleMachine, state: PickleValue, target: PickleValue): void {
  if (target instanceof PickledNamespace && state instanceof Map) {
    m.spend(state.size);
    for (const [key, value] of state) target.set(key, value);
    return;
  }
  if (target instanceof NumpyType && Array.isArray(state)) target.bigEndian = state[1] === '>';
  else if (!(target instanceof Map && state instanceof Map) && !(target instanceof PickleGlobal && target.kind === 'label')) {
    throw m.fail('Expected attributes of an OrderedDict but found another state');
  }
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
