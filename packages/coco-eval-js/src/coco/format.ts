/**
 * Fixed decimals as Python prints them: exact ties go to the even digit, where `toFixed` rounds them up.
 * A double lies exactly between two decimals only when it is an odd multiple of 2^-(digits + 1), like 0.0625.
 */
export function formatFixed(value: number, digits: number): string {
  const halves = Math.abs(value) * 2 ** (digits + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(digits);
  const scale = 10 ** digits;
  const down = Math.floor(Math.abs(value) * scale);
  const even = down % 2 === 0 ? down : down + 1;
  return `${value < 0 ? '-' : ''}${(even / scale).toFixed(digits)}`;
}
