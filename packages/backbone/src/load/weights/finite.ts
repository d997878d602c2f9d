import type { DType } from '@vitamin-vlm/core';

/** Whether the elements in a piece of a tensor are all numbers: an exponent of ones marks NaN and the infinities. Other types have none. */
export function allFinite(dtype: DType, bytes: Uint8Array<ArrayBuffer>): boolean {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'float16':
      return every(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7c00);
    case 'bfloat16':
      return every(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7f80);
    case 'float32':
      return every(new Uint32Array(buffer, byteOffset, byteLength / 4), 0x7f800000);
    case 'float64':
      return new Float64Array(buffer, byteOffset, byteLength / 8).every(Number.isFinite);
    default:
      return true;
  }
}

function every(words: Uint16Array | Uint32Array, exponent: number): boolean {
  for (let i = 0; i < words.length; i++) if ((words[i]! & exponent) === exponent) return false;
  return true;
}
