import { ForeignTensor, PickledTensor, type PickleDict, type PickleValue } from './values.ts';

/** What training leaves beside a model (`trainer`, `hooks`: Detectron2): tensors under such keys are state of the optimizer, not weights. */
const trainingState = /optim|sched|scaler|ema|rng|loss|^(?:trainer|hooks)$/i;

/** Wrappers inside wrappers, such as `{state_dict: {model: {...}}}`; each level is searched once more. */
const MAX_WRAPPERS = 4;

/** The weights of an archive and the dicts that were wrapped around them, outermost first, without their wrapper key. */
export interface Unwrapped {
  readonly weights: PickleValue;
  readonly around: readonly PickleDict[];
}

/**
 * Takes the wrapper dicts off: the weights of `{state_dict: {...}, epoch: 3}` and of `{model: {...}, optimizer: {...}}` are the inner dict.
 * `model` and `module` are wrappers only when nothing but training state holds tensors beside them; otherwise each is a part of the network
 * and keeps its name.
 */
export function unwrap(value: PickleValue): Unwrapped {
  const around: PickleDict[] = [];
  let weights = value;
  while (weights instanceof Map && around.length < MAX_WRAPPERS) {
    const wrapper = findWrapper(weights);
    if (wrapper === undefined) break;
    around.push(new Map([...weights].filter(([key]) => key !== wrapper)));
    weights = weights.get(wrapper)!;
  }
  return { weights, around };
}

function findWrapper(dict: PickleDict): string | undefined {
  const holdsTensor = tensorSearch();
  const wraps = (name: string): boolean => dict.get(name) instanceof Map && holdsTensor(dict.get(name)!);
  if (wraps('state_dict')) return 'state_dict';
  const alone = (name: string): boolean => ![...dict].some(([key, item]) => key !== name && !isTrainingState(key) && holdsTensor(item));
  return ['model', 'module'].find((name) => wraps(name) && alone(name));
}

function isTrainingState(key: PickleValue): boolean {
  return typeof key === 'string' && trainingState.test(key);
}

/** Tells whether a tensor lies somewhere inside. A container without one is searched once, however often a hostile pickle names it. */
function tensorSearch(): (value: PickleValue) => boolean {
  const barren = new Set<PickleValue>();
  return (value) => {
    const seen = new Set<PickleValue>();
    const queue: PickleValue[] = [value];
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
      if (item instanceof PickledTensor || item instanceof ForeignTensor) return true;
      if (!(item instanceof Map || Array.isArray(item)) || seen.has(item) || barren.has(item)) continue;
      seen.add(item);
      for (const child of item.values()) queue.push(child);
    }
    for (const item of seen) barren.add(item);
    return false;
  };
}
