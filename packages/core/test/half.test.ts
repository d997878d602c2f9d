import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat, floatToBfloat16, floatToHalf, halfToFloat } from '../src/index.ts';

describe('16-bit floats', () => {
  it('round-trips every finite half and bfloat16', () => {
    for (let h = 0; h < 0x10000; h++) {
      const half = halfToFloat(h);
      if (!Number.isNaN(half)) expect(floatToHalf(half)).toBe(h);
      const brain = bfloat16ToFloat(h);
      if (!Number.isNaN(brain)) expect(floatToBfloat16(brain)).toBe(h);
    }
  });

  it('rounds to nearest, ties to even', () => {
    expect(halfToFloat(floatToHalf(1 + 2 ** -11))).toBe(1);
    expect(halfToFloat(floatToHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(halfToFloat(floatToHalf(1.5 * 2 ** -24))).toBe(2 ** -23);
    expect(halfToFloat(floatToHalf(65519))).toBe(65504);
    expect(halfToFloat(floatToHalf(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(bfloat16ToFloat(floatToBfloat16(1 + 2 ** -8))).toBe(1);
    expect(bfloat16ToFloat(floatToBfloat16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
  });

  it('keeps NaN a NaN', () => {
    expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
    expect(bfloat16ToFloat(floatToBfloat16(Number.NaN))).toBeNaN();
  });
});
