import { VitaminError } from '@vitamin-vlm/core';
import { arrayOf, type Datatype, elementsOf, type InferTensor } from './infer-tensor.ts';

/** Bytes of a tensor as the binary extension has them: little-endian, row-major; each element of BYTES after its length in 4 bytes. */
export function toBinary(tensor: InferTensor): Uint8Array {
  if (tensor.datatype !== 'BYTES') return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  const total = tensor.data.reduce((sum, { length }) => sum + 4 + length, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const element of tensor.data) {
    view.setUint32(at, element.length, true);
    bytes.set(element, at + 4);
    at += 4 + element.length;
  }
  return bytes;
}

/**
 * A tensor from bytes of the binary extension.
 *
 * @throws VitaminError `INPUT_UNREADABLE` when the bytes are not those of datatype and shape.
 */
export function fromBinary(name: string, datatype: Datatype, shape: readonly number[], bytes: Uint8Array): InferTensor {
  const elements = elementsOf(shape);
  if (datatype === 'BYTES') return { datatype, shape, data: splitBytes(name, elements, bytes) };
  const array = arrayOf(datatype);
  if (bytes.length !== elements * array.BYTES_PER_ELEMENT) {
    throw wrong(name, `${elements * array.BYTES_PER_ELEMENT} bytes for ${elements} elements of ${datatype}`, `${bytes.length}`);
  }
  // A copy, since the elements need not be aligned in the message.
  const data = new array(bytes.slice().buffer);
  return { datatype, shape, data } as InferTensor;
}

function splitBytes(name: string, elements: number, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw wrong(name, 'a length of 4 bytes before each element', `${bytes.length - at} bytes at the end`);
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) {
      throw wrong(name, `an element of ${length} bytes`, `${bytes.length - at - 4} bytes at the end`);
    }
    if (found.length === elements) throw wrong(name, `${elements} elements`, 'more');
    found.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (found.length !== elements) throw wrong(name, `${elements} elements`, `${found.length}`);
  return found;
}

function wrong(name: string, expected: string, found: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected ${expected} in the binary data of "${name}" but found ${found}`);
}
