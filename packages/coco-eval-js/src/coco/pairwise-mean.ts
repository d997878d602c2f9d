const BLOCK = 128;

/** Sum in the order of numpy's pairwise summation (loops_utils.h.src), so that the last bit agrees. */
export function pairwiseSum(a: Float64Array, from: number, n: number): number {
  if (n < 8) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += a[from + i]!;
    return sum;
  }
  if (n <= BLOCK) {
    let r0 = 0;
    let r1 = 0;
    let r2 = 0;
    let r3 = 0;
    let r4 = 0;
    let r5 = 0;
    let r6 = 0;
    let r7 = 0;
    const whole = n - (n % 8);
    for (let i = from; i < from + whole; i += 8) {
      r0 += a[i]!;
      r1 += a[i + 1]!;
      r2 += a[i + 2]!;
      r3 += a[i + 3]!;
      r4 += a[i + 4]!;
      r5 += a[i + 5]!;
      r6 += a[i + 6]!;
      r7 += a[i + 7]!;
    }
    let sum = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
    for (let i = from + whole; i < from + n; i++) sum += a[i]!;
    return sum;
  }
  const half = n >> 1;
  const left = half - (half % 8);
  return pairwiseSum(a, from, left) + pairwiseSum(a, from + left, n - left);
}

/** numpy's ufunc buffer: longer lists are summed chunk by chunk. */
const CHUNK = 8192;

/** `numpy.mean` of the first `n` numbers. */
export function pairwiseMean(a: Float64Array, n: number = a.length): number {
  let sum = 0;
  for (let from = 0; from < n; from += CHUNK) sum += pairwiseSum(a, from, Math.min(CHUNK, n - from));
  return sum / n;
}
