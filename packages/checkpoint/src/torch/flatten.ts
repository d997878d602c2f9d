import { corrupt, quote, unsupported } from '../corrupt.ts';
import { MAX_LEAVES, MAX_NAME_LENGTH, MAX_NESTING } from '../limits.ts';
import type { MetadataValue } from '../opened-file.ts';
import { PickleGlobal } from './globals.ts';
import { ForeignTensor, NumpyType, PickledStorage, PickledTensor, type PickleValue } from './values.ts';

/** Where the leaves of a nested archive go. */
export interface Leaves {
  tensor(name: string, tensor: PickledTensor): void;
  foreign(name: string, tensor: ForeignTensor): void;
  leaf(name: string, value: MetadataValue): void;
}

/** Visits a nested value in order; dict keys and list positions are joined by dots. */
export function flatten(path: string, root: PickleValue, leaves: Leaves): void {
  let visited = 0;
  const visit = (value: PickleValue, name: string, depth: number): void => {
    if (++visited > MAX_LEAVES) throw corrupt(path, `Expected at most ${MAX_LEAVES} values but found more`);
    if (depth > MAX_NESTING) throw corrupt(path, `Expected at most ${MAX_NESTING} nested levels but found more at ${quote(name)}`);
    if (name.length > MAX_NAME_LENGTH)
      throw corrupt(path, `Expected names of at most ${MAX_NAME_LENGTH} characters but found ${quote(name)}`);
    if (value instanceof PickledTensor) leaves.tensor(name, value);
    else if (value instanceof ForeignTensor) leaves.foreign(name, value);
    else if (value instanceof Map) for (const [key, item] of value) visit(item, join(name, keyName(path, key)), depth + 1);
    else if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, join(name, String(i)), depth + 1);
    else leaves.leaf(name, leafOf(path, name, value));
  };
  visit(root, '', 0);
}

function join(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

function keyName(path: string, key: PickleValue): string {
  if (typeof key === 'string') return key;
  if (key === null || typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  throw corrupt(path, 'Expected text or numbers as dict keys but found another value');
}

function leafOf(
  path: string,
  name: string,
  value: Exclude<PickleValue, PickledTensor | ForeignTensor | PickleValue[] | Map<PickleValue, PickleValue>>,
): MetadataValue {
  if (value instanceof PickledStorage) {
    throw unsupported(path, `Expected tensors but found a bare storage at ${quote(name)}`, 'Save the tensor instead of its storage.');
  }
  if (value instanceof NumpyType) return value.code;
  // A view would keep all of data.pkl in memory.
  if (value instanceof Uint8Array) return value.slice();
  return value instanceof PickleGlobal ? value.name : value;
}
