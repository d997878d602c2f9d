import { describe, expect, it } from 'vitest';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, type InferTensor, textsOf, textTensor } from '../src/index.ts';

const tensors: Record<string, InferTensor> = {
  bool: { datatype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
  u8: { datatype: 'UINT8', shape: [2], data: Uint8Array.of(0, 255) },
  u16: { datatype: 'UINT16', shape: [1, 2], data: Uint16Array.of(0, 65_535) },
  u32: { datatype: 'UINT32', shape: [1], data: Uint32Array.of(4_294_967_295) },
  u64: { datatype: 'UINT64', shape: [1], data: BigUint64Array.of(2n ** 53n - 1n) },
  i8: { datatype: 'INT8', shape: [2], data: Int8Array.of(-128, 127) },
  i16: { datatype: 'INT16', shape: [1], data: Int16Array.of(-32_768) },
  i32: { datatype: 'INT32', shape: [2, 2], data: Int32Array.of(1, -2, 3, -4) },
  i64: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(-(2n ** 53n) + 1n) },
  f32: { datatype: 'FP32', shape: [2], data: Float32Array.of(0.1, -3.5) },
  f64: { datatype: 'FP64', shape: [1], data: Float64Array.of(Math.PI) },
  bytes: textTensor(['sheep', '', 'Schäfchen']),
  none: { datatype: 'FP32', shape: [0, 4], data: new Float32Array() },
};
const bits: Record<string, InferTensor> = {
  f16: { datatype: 'FP16', shape: [2], data: Uint16Array.of(0x3c00, 0x7e00) },
  bf16: { datatype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
  nan: { datatype: 'FP32', shape: [1], data: Float32Array.of(Number.NaN) },
  large: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n) },
};

describe('messages', () => {
  it('carry every datatype there and back, as JSON and as binary data', () => {
    const plain = encodeRequest({ inputs: tensors, binaryOutputs: false }, { json: true });
    expect(plain.headerLength).toBeUndefined();
    expect(decodeRequest(plain.body, undefined).inputs).toEqual(tensors);
    const all = { ...tensors, ...bits };
    const { body, headerLength } = encodeRequest({ id: '7', inputs: all, binaryOutputs: true });
    expect(decodeRequest(body, headerLength)).toEqual({ id: '7', inputs: all, binaryOutputs: true });
  });

  it('mix both forms in an answer', () => {
    const { body, headerLength } = encodeResponse(
      { model: 'm', version: '1', outputs: tensors },
      (name) => name !== 'bytes' && name !== 'f32',
    );
    expect(decodeResponse(body, headerLength)).toEqual({ model: 'm', version: '1', outputs: tensors });
  });

  it('have the bytes that the binary extension describes', () => {
    const { body, headerLength } = encodeRequest({ inputs: { a: textTensor(['ab']) }, binaryOutputs: false });
    const head = JSON.parse(Buffer.from(body.subarray(0, headerLength)).toString()) as object;
    expect(head).toEqual({ inputs: [{ name: 'a', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 6 } }] });
    expect([...body.subarray(headerLength)]).toEqual([2, 0, 0, 0, 97, 98]);
  });

  it('say which outputs are wanted in which form', () => {
    const json = {
      inputs: [],
      outputs: [{ name: 'a', parameters: { binary_data: false } }, { name: 'b' }],
      parameters: { binary_data_output: true },
    };
    const { outputs } = decodeRequest(Buffer.from(JSON.stringify(json)), undefined);
    expect(outputs).toEqual([
      { name: 'a', binary: false },
      { name: 'b', binary: true },
    ]);
  });

  it.each(Object.entries(bits))('refuse %s, which JSON would change', (name, tensor) => {
    const write = (): unknown => encodeRequest({ inputs: { [name]: tensor }, binaryOutputs: false }, { json: true });
    expect(write).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no inputs', '{}'],
    ['an unknown datatype', '{"inputs":[{"name":"a","datatype":"FP8","shape":[1],"data":[1]}]}'],
    ['a negative extent', '{"inputs":[{"name":"a","datatype":"FP32","shape":[-1],"data":[]}]}'],
    ['an extent beyond counting', '{"inputs":[{"name":"a","datatype":"FP32","shape":[9007199254740991,9],"data":[]}]}'],
    ['too few elements', '{"inputs":[{"name":"a","datatype":"FP32","shape":[2],"data":[1]}]}'],
    ['a number out of range', '{"inputs":[{"name":"a","datatype":"UINT8","shape":[1],"data":[256]}]}'],
    ['a fraction as a whole number', '{"inputs":[{"name":"a","datatype":"INT32","shape":[1],"data":[0.5]}]}'],
    ['a text as a number', '{"inputs":[{"name":"a","datatype":"FP32","shape":[1],"data":["1"]}]}'],
    [
      'the same name twice',
      '{"inputs":[{"name":"a","datatype":"FP32","shape":[0],"data":[]},{"name":"a","datatype":"FP32","shape":[0],"data":[]}]}',
    ],
    ['binary data that are not there', '{"inputs":[{"name":"a","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}'],
  ])('refuse %s', (_, body) => {
    expect(() => decodeRequest(Buffer.from(body), undefined)).toThrow(expect.objectContaining({ code: 'INPUT_UNREADABLE' }));
  });

  it('refuse binary data that do not fit: lengths, ends and headers', () => {
    const { body, headerLength } = encodeRequest({ inputs: { a: textTensor(['abc']) }, binaryOutputs: false });
    const unreadable = expect.objectContaining({ code: 'INPUT_UNREADABLE' });
    expect(() => decodeRequest(body.subarray(0, -1), headerLength)).toThrow(unreadable);
    expect(() => decodeRequest(Buffer.concat([body, Buffer.from('x')]), headerLength)).toThrow(unreadable);
    expect(() => decodeRequest(body, body.length + 1)).toThrow(unreadable);
    const longer = Uint8Array.from(body);
    longer[headerLength!] = 200;
    expect(() => decodeRequest(longer, headerLength)).toThrow(unreadable);
  });

  it('gives texts back', () => expect(textsOf(textTensor(['a', 'b']))).toEqual(['a', 'b']));
});
