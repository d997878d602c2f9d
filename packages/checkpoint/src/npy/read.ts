import { basename } from 'node:path';

import { bytesPerElement, sizeOf, type DType, type Tensor } from '@vitamin-vlm/core';

import { openFile, readRange, type ByteSource } from '../byte-source.ts';
import { corrupt, quote, unsupported } from '../corrupt.ts';
import { readTensor, rowMajorStrides, toRecord } from '../layout.ts';
import { MAX_NPY_HEADER_BYTES } from '../limits.ts';
import { assertTiled, type OpenedFile } from '../opened-file.ts';
import { assertWeights } from '../sniff.ts';

/** numpy's type codes of our element types. numpy has no bfloat16. */
export const npyDescriptions: ReadonlyMap<DType, string> = new Map<DType, string>([
  ['float64', '<f8'],
  ['float32', '<f4'],
  ['float16', '<f2'],
  ['int64', '<i8'],
  ['int32', '<i4'],
  ['int16', '<i2'],
  ['int8', '|i1'],
  ['uint8', '|u1'],
  ['bool', '|b1'],
]);
const dtypes: ReadonlyMap<string, DType> = new Map([...npyDescriptions].map(([dtype, code]) => [code, dtype]));

/**
 * Reads one array from a `.npy` file.
 *
 * @throws VitaminError as `openCheckpoint` does; `UNSUPPORTED` also when the file holds another format.
 * @example
 * ```ts
 * import { readNpy } from '@vitamin-vlm/checkpoint';
 * const { dtype, shape, data } = await readNpy('features.npy');
 * console.log(dtype, shape, data.length);
 * ```
 */
export async function readNpy(path: string): Promise<Tensor> {
  const source = await openFile(path);
  try {
    return await readArray(source);
  } finally {
    await source.close();
  }
}

/**
 * Reads one array from the bytes of a `.npy` file.
 *
 * @param name - What messages call it.
 * @throws VitaminError as `readNpy`.
 * @example
 * ```ts
 * import { decodeNpy, encodeNpy } from '@vitamin-vlm/checkpoint';
 * import { tensor } from '@vitamin-vlm/core';
 * const bytes = encodeNpy(tensor('int64', [2], BigInt64Array.of(3n, 5n)));
 * console.log((await decodeNpy(bytes, 'pair.npy')).data); // BigInt64Array(2) [ 3n, 5n ]
 * ```
 */
export async function decodeNpy(bytes: Uint8Array, name: string): Promise<Tensor> {
  return await readArray({
    path: name,
    file: name,
    size: bytes.length,
    readInto: async (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
    close: async () => undefined,
  });
}

async function readArray(source: ByteSource): Promise<Tensor> {
  const format = await assertWeights(source);
  if (format !== 'npy') throw unsupported(source.path, `Expected a .npy file but found ${format}`, 'Open it with openCheckpoint.');
  const [record] = (await readNpyHeader(source)).tensors.values();
  return await readTensor(source, record!);
}

/**
 * Reads the header of a `.npy` file, versions 1 to 3 (numpy's format specification, NEP 1). The one tensor bears the file's name without
 * its ending. Fortran order becomes strides.
 */
export async function readNpyHeader(source: ByteSource): Promise<OpenedFile> {
  const { path } = source;
  const prefix = await readRange(source, 0, 10, 'an npy prefix');
  const major = prefix[6]!;
  if (major < 1 || major > 3)
    throw unsupported(path, `Expected npy version 1, 2 or 3 but found ${major}`, 'Save the array again with numpy.save.');
  const wide = major === 1 ? prefix : await readRange(source, 0, 12, 'an npy prefix');
  const view = new DataView(wide.buffer);
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAX_NPY_HEADER_BYTES) {
    throw corrupt(path, `Expected an npy header of at most ${MAX_NPY_HEADER_BYTES} bytes but found one of ${headerBytes}`);
  }
  const text = new TextDecoder().decode(await readRange(source, wide.length, headerBytes, 'the npy header'));
  const { dtype, fortran, shape } = parseHeader(path, text);
  const name = basename(source.path).replace(/\.npy$/i, '') || 'array';
  const start = wide.length + headerBytes;
  const strides = fortran ? rowMajorStrides(shape.toReversed()).toReversed() : rowMajorStrides(shape);
  const needed = shape.includes(0) ? 0 : sizeOf(shape) * bytesPerElement(dtype);
  if (start + needed > source.size) {
    throw corrupt(path, `Expected ${needed} bytes of ${dtype} [${shape.join(', ')}] but found ${source.size - start} (a truncated file?)`);
  }
  const record = toRecord(source, { name, dtype, shape, strides, start, end: source.size });
  assertTiled(path, [record], start, source.size);
  return { format: 'npy', tensors: new Map([[name, record]]), metadata: new Map(), foreign: new Map() };
}

/** One key and its value, with the comma behind them: text, a truth value, a tuple of numbers, or the list of a structured type. */
const NPY_ITEM = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d\s,]*)\)|(\[[^\]]*\]))\s*(?:,|$)/y;

/** The items by key; undefined where the text is anything but such items, each once: of two equal keys numpy takes the last. */
function itemsOf(text: string): ReadonlyMap<string, RegExpExecArray> | undefined {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1]?.trimEnd() ?? '';
  const items = new Map<string, RegExpExecArray>();
  for (let at = 0; at < body.length; at = NPY_ITEM.lastIndex) {
    NPY_ITEM.lastIndex = at;
    const item = NPY_ITEM.exec(body);
    if (item === null || items.has(item[1]!)) return undefined;
    items.set(item[1]!, item);
  }
  return items;
}

/** The header is a Python dict literal with exactly three keys. */
function parseHeader(path: string, text: string): { dtype: DType; fortran: boolean; shape: number[] } {
  const items = itemsOf(text);
  const [descr, fortran, shape] = [items?.get('descr'), items?.get('fortran_order')?.[3], items?.get('shape')?.[4]];
  const code = descr?.[2] ?? (descr?.[5] === undefined ? undefined : 'a structured type');
  if (code === undefined || fortran === undefined || shape === undefined) {
    throw corrupt(path, `Expected descr, fortran_order and shape, each once, in the npy header but found ${quote(text.trim())}`);
  }
  const dtype = dtypes.get(code);
  if (dtype === undefined) {
    throw unsupported(
      path,
      `Expected one of ${[...dtypes.keys()].join(', ')} but found npy type ${quote(code)}`,
      "Save the array again, for example with array.astype('<f4').",
    );
  }
  const dims = shape.split(',').map((part) => part.trim());
  return { dtype, fortran: fortran === 'True', shape: dims.filter((part) => part !== '').map(Number) };
}
