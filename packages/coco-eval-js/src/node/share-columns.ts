type Typed = Float64Array | Int32Array | Uint32Array | Uint8Array;

function isTyped(value: unknown): value is Typed {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function share(array: Typed): Typed {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const buffer = new SharedArrayBuffer(array.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return new (array.constructor as new (buffer: SharedArrayBuffer) => Typed)(buffer);
}

/** The same plain object with its typed arrays, also nested ones, in shared memory, so that workers read them without a copy each. */
export function shareColumns<T extends object>(columns: T): T {
  const entries = Object.entries(columns).map(([name, value]: [string, unknown]): [string, unknown] => {
    if (isTyped(value)) return [name, share(value)];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [name, shareColumns(value)];
    return [name, value];
  });
  return Object.fromEntries(entries) as T;
}
