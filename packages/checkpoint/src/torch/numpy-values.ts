import { NumpyType, type PickleValue } from './values.ts';

/** numpy.dtype(code, align, copy). */
export function numpyType(code: PickleValue | undefined): NumpyType | undefined {
  return typeof code === 'string' && code in readers ? new NumpyType(code) : undefined;
}

type Reader = (view: DataView, little: boolean) => number | bigint | boolean;

/** The types of numbers that numpy scalars have; `f2` is left out, for no checkpoint keeps a score in it. */
const readers: Readonly<Record<string, Reader>> = {
  f8: (view, little) => view.getFloat64(0, little),
  f4: (view, little) => view.getFloat32(0, little),
  i8: (view, little) => view.getBigInt64(0, little),
  i4: (view, little) => view.getInt32(0, little),
  i2: (view, little) => view.getInt16(0, little),
  i1: (view) => view.getInt8(0),
  u8: (view, little) => view.getBigUint64(0, little),
  u4: (view, little) => view.getUint32(0, little),
  u2: (view, little) => view.getUint16(0, little),
  u1: (view) => view.getUint8(0),
  b1: (view) => view.getUint8(0) !== 0,
};

/** numpy.core.multiarray.scalar(dtype, bytes): a number, as far as JavaScript has it exactly. */
export function numpyScalar(type: PickleValue | undefined, bytes: PickleValue | undefined): number | bigint | boolean | undefined {
  if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array) || bytes.length !== Number(type.code[1])) return undefined;
  const value = readers[type.code]!(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), !type.bigEndian);
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
