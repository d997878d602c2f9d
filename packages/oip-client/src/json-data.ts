import { VitaminError } from '@vitamin-vlm/core';
import { arrayOf, type Datatype, elementsOf, type InferTensor } from './infer-tensor.ts';

/** Least and most of the whole numbers. */
const ranges: Partial<Record<Datatype, readonly [bigint, bigint]>> = Object.fromEntries(
  [8, 16, 32, 64].flatMap((bits) => {
    const half = 2n ** BigInt(bits - 1);
    return [
      [`INT${bits}`, [-half, half - 1n]],
      [`UINT${bits}`, [0n, 2n * half - 1n]],
    ];
  }),
);

/**
 * The elements of a tensor as a flat list for a JSON message.
 *
 * @throws VitaminError `UNSUPPORTED` for FP16 and BF16, which the protocol sends as binary data alone; for numbers that JSON cannot hold: whole ones above 2^53, infinite ones and
 *   NaN; and for BYTES that are no UTF-8 text.
 */
export function toJsonData({ datatype, data }: InferTensor): (number | boolean | string)[] {
  switch (datatype) {
    case 'FP16':
    case 'BF16':
      throw new VitaminError('UNSUPPORTED', `Expected a datatype that JSON can hold but received ${datatype}`, {
        hint: 'Ask for binary data.',
      });
    case 'BOOL':
      return Array.from(data, (value) => value !== 0);
    case 'BYTES':
      return data.map(textOf);
    case 'INT64':
    case 'UINT64':
      return Array.from(data, (value) => {
        if (Number.isSafeInteger(Number(value))) return Number(value);
        throw new VitaminError('UNSUPPORTED', `Expected whole numbers up to 2^53 in JSON but found ${value}`, {
          hint: 'Ask for binary data.',
        });
      });
    default: {
      const odd = datatype.startsWith('FP') ? data.findIndex((value) => !Number.isFinite(value)) : -1;
      if (odd < 0) return Array.from(data);
      throw new VitaminError('UNSUPPORTED', `Expected finite numbers in JSON but found ${data[odd]}`, { hint: 'Ask for binary data.' });
    }
  }
}

/**
 * A tensor from the `data` of a JSON message, flat or nested.
 *
 * @throws VitaminError `INPUT_UNREADABLE` when it is not a list of as many elements of the datatype as the shape says.
 */
export function fromJsonData(name: string, datatype: Datatype, shape: readonly number[], data: unknown): InferTensor {
  const elements = elementsOf(shape);
  if (!Array.isArray(data)) throw wrong(name, 'a list as "data"', typeof data);
  const flat = (data as unknown[]).flat(Infinity);
  if (flat.length !== elements) throw wrong(name, `${elements} elements for the shape [${shape.join(', ')}]`, `${flat.length}`);
  if (datatype === 'BYTES') {
    const encoder = new TextEncoder();
    return { datatype, shape, data: flat.map((value) => (typeof value === 'string' ? encoder.encode(value) : fail(name, 'texts', value))) };
  }
  if (datatype === 'FP16' || datatype === 'BF16') throw wrong(name, `binary data, which ${datatype} is sent as alone`, 'JSON');
  if (datatype === 'BOOL') {
    return {
      datatype,
      shape,
      data: Uint8Array.from(flat, (value) => (typeof value === 'boolean' ? Number(value) : fail(name, 'true or false', value))),
    };
  }
  const range = ranges[datatype];
  const values = flat.map((value) => {
    if (typeof value !== 'number') return fail(name, 'numbers', value);
    if (range && !(Number.isSafeInteger(value) && BigInt(value) >= range[0] && BigInt(value) <= range[1]))
      return fail(name, datatype, value);
    return value;
  });
  const array = arrayOf(datatype);
  const wide = datatype === 'INT64' || datatype === 'UINT64';
  const made = wide ? (array as BigInt64ArrayConstructor).from(values.map(BigInt)) : (array as Float64ArrayConstructor).from(values);
  return { datatype, shape, data: made } as unknown as InferTensor;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new VitaminError('UNSUPPORTED', 'Expected BYTES that are UTF-8 text in JSON', { hint: 'Ask for binary data.', cause });
  }
}

function fail(name: string, expected: string, found: unknown): never {
  throw wrong(name, expected, JSON.stringify(found) ?? 'nothing');
}

function wrong(name: string, expected: string, found: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected ${expected} in "${name}" but found ${found}`);
}
