/** One value seen as a float and as its bits. Module-private scratch: both functions below are synchronous. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** IEEE 754 binary16 bits to a number: 1 sign, 5 exponent, 10 fraction bits. Exact. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to the nearest binary16, ties to even, overflow to infinity. The number is rounded to float32 first. */
export function floatToHalf(value: number): number {
  float[0] = value;
  const b = bits[0]!;
  const sign = (b >>> 16) & 0x8000;
  const magnitude = b & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or more
  if (magnitude < 0x38800000) {
    // Subnormal half: a multiple of 2^-24. Math.round ties up, so ties are put right by hand.
    const scaled = Math.abs(float[0]) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** bfloat16 bits to a number: the upper half of a float32. Exact. */
export function bfloat16ToFloat(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}

/** A number to the nearest bfloat16, ties to even. */
export function floatToBfloat16(value: number): number {
  float[0] = value;
  const b = bits[0]!;
  if ((b & 0x7fffffff) > 0x7f800000) return (b >>> 16) | 0x40; // NaN stays NaN
  return ((b + 0x7fff + ((b >>> 16) & 1)) >>> 16) & 0xffff;
}
