import { expect, it } from 'vitest';
import { tensor, toFloat32, VitaminError } from '../src/index.ts';

it('refuses data that does not fill its shape', () => {
  expect(() => tensor('float32', [2, 3], new Float32Array(5))).toThrow(VitaminError);
  expect(tensor('int64', []).data).toHaveLength(1);
});

it('widens 16-bit and integer tensors to float32', () => {
  expect([...toFloat32(tensor('float16', [2], new Uint16Array([0x3c00, 0xc000]))).data]).toEqual([1, -2]);
  expect([...toFloat32(tensor('bfloat16', [1], new Uint16Array([0x3f80]))).data]).toEqual([1]);
  expect([...toFloat32(tensor('int64', [1], new BigInt64Array([-7n]))).data]).toEqual([-7]);
});
